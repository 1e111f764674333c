package main

import (
	"context"
	"syscall"
	"time"

	"picloud/engine"
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
			if err == nil && lost.Full+lost.Refused > 0 {
				return "Calls of the last 24 hours left no row: there was no room for it, or the database did not take it."
			}
			return ""
		}},
		{Name: "shares", Check: func(ctx context.Context) string {
			if over, err := m.Executions.OverShareAcrossApps(ctx); err == nil && over > 0 {
				return "An app is over its share of the history: less is kept of its runs. The share is a quarter of --retention-size a day."
			}
			return ""
		}},
	}
}
