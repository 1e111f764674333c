package main

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"time"

	"picloud/engine"
	"picloud/engine/execution/history"
	"picloud/engine/worker"
	"picloud/handlers"
)

const (
	lossesFor = 24 * time.Hour
	lowDisk   = 512 << 20 // bytes left where the data is: less than journals and database need to go on
)

// warnings are what GET /readyz says beside whether all works.
func warnings(m *engine.Manager, supervisor *worker.Supervisor, dataDir string) []handlers.Warning {
	return []handlers.Warning{
		{Name: "disk", Check: func(context.Context) string {
			var disk syscall.Statfs_t
			if syscall.Statfs(dataDir, &disk) == nil && disk.Bavail*uint64(disk.Bsize) < lowDisk {
				return "The disk with the data folder is almost full."
			}
			return ""
		}},
		{Name: "records", Check: func(context.Context) string {
			if waiting, room := supervisor.Backlog(); waiting > room/2 {
				return "More than half of the room for runs that wait for PostgreSQL is used."
			}
			return ""
		}},
		{Name: "routes", Check: func(context.Context) string {
			if supervisor.Restored() {
				return "The worker started while PostgreSQL did not answer. It serves what was published before."
			}
			return ""
		}},
		{Name: "losses", Check: func(ctx context.Context) string {
			lost, err := m.Executions.LossesAcrossApps(ctx, time.Now().Add(-lossesFor))
			if err != nil {
				return ""
			}
			return lossesText(lost)
		}},
		{Name: "secrets", Check: func(ctx context.Context) string {
			missing, err := m.Secrets.Missing(ctx)
			if err != nil {
				return ""
			}
			return missing
		}},
		{Name: handlers.Shares, Check: func(ctx context.Context) string {
			if over, err := m.Executions.OverShareAcrossApps(ctx); err == nil && over > 0 {
				return "An app is over its share of the history: less is kept of its runs. The share is a quarter of --retention-size a day."
			}
			return ""
		}},
	}
}

// lossesText says how many calls left no row, and why.
func lossesText(lost history.Losses) string {
	var parts []string
	if lost.Full > 0 {
		parts = append(parts, strconv.FormatInt(lost.Full, 10)+" because the database was away or too slow for longer than there was room to wait")
	}
	if lost.Refused > 0 {
		parts = append(parts, strconv.FormatInt(lost.Refused, 10)+" because the database did not take the record")
	}
	if len(parts) == 0 {
		return ""
	}
	return "Calls of the last 24 hours left no row: " + strings.Join(parts, ", ") + "."
}
