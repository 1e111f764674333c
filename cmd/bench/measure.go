package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

const helloSource = `export default function () {
  return { hello: "world" };
}
`

// first calls 2,000 distinct functions that were never called.
func first(p *product, _ plan) ([]row, error) {
	if err := p.publish("hello", helloSource); err != nil {
		return nil, err
	}
	paths, err := p.multiply("hello", "first-", 2000)
	if err != nil {
		return nil, err
	}
	r, err := load{address: p.address, connections: 1}.each(paths[:1999])
	if err != nil {
		return nil, err
	}
	if r.wrong > 0 {
		return nil, fmt.Errorf("%d of %d answers were wrong", r.wrong, r.answers)
	}
	return []row{{"first call, 2,000 distinct", "p50 ≤ 2 ms, p99 ≤ 10 ms", fmt.Sprintf("p50 %v, p99 %v", r.percentile(0.5).Round(10*time.Microsecond), r.percentile(0.99).Round(10*time.Microsecond))}}, nil
}

// many calls 10,000 functions once each.
func many(p *product, _ plan) ([]row, error) {
	if err := p.publish("hello", helloSource); err != nil {
		return nil, err
	}
	paths, err := p.multiply("hello", "many-", 10000)
	if err != nil {
		return nil, err
	}
	r, err := load{address: p.address, connections: 4}.each(paths)
	if err != nil {
		return nil, err
	}
	if r.wrong > 0 {
		return nil, fmt.Errorf("%d of %d answers were wrong", r.wrong, r.answers)
	}
	return []row{{"10,000 functions, each called once", "worker ≤ 250 MiB", fmt.Sprintf("%.0f MiB", rss(p.processes()[1:]...))}}, nil
}

// idle looks at a minute without a call.
func idle(p *product, _ plan) ([]row, error) {
	time.Sleep(15 * time.Second) // what a start leaves to do is not idling
	const length = 60 * time.Second
	pids := p.processes()
	before, transactions := cpu(pids...), p.transactions()
	time.Sleep(length)
	used := cpu(pids...) - before
	queries := float64(p.transactions()-transactions) / length.Seconds()
	return []row{
		{"idle 60 s, processor", "≤ 0.5 % of a core", fmt.Sprintf("%.2f %%", 100*used.Seconds()/length.Seconds())},
		{"idle 60 s, queries", "≤ 1/s", fmt.Sprintf("%.2f/s", queries)},
		{"idle, manager + worker", "≤ 90 MiB", fmt.Sprintf("%.0f MiB", rss(pids...))},
	}, nil
}

func (p *product) transactions() (n int64) {
	_ = p.pool.QueryRow(context.Background(), `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
	return n
}

// runs reads the runs page of an app with a million runs.
func runs(p *product, _ plan) ([]row, error) {
	if err := p.publish("hello", helloSource); err != nil {
		return nil, err
	}
	if err := p.signIn(); err != nil {
		return nil, err
	}
	for batch := range 10 {
		if err := p.fill(batch * 100_000); err != nil {
			return nil, err
		}
	}
	if _, err := p.pool.Exec(context.Background(), `ANALYZE executions`); err != nil {
		return nil, err
	}
	var rows []row
	for _, filter := range []string{"", "?outcome=error", "?outcome=timeout", "?status=4xx", "?version=1", "?path=/orders/7"} {
		times, err := p.pages("/apps/"+appSlug+"/runs"+filter, 100)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"runs page, 1,000,000 runs " + filter, "p99 ≤ 50 ms", fmt.Sprintf("p50 %v, p99 %v", times[50].Round(100*time.Microsecond), times[98].Round(100*time.Microsecond))})
	}
	return rows, nil
}

// fill adds a hundred thousand runs of the last three hours.
func (p *product) fill(from int) error {
	_, err := p.pool.Exec(context.Background(), `
		INSERT INTO executions (id, app_id, script_id, script_name, version, trigger, method, path, status, outcome, started_at, wall_us, cpu_us, log_lines)
		SELECT (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid,
			s.app_id, s.id, s.name, 1, 'http', 'GET', '/orders/' || n % 1000, CASE WHEN n % 500 = 0 THEN 500 WHEN n % 97 = 0 THEN 404 ELSE 200 END,
			CASE WHEN n % 500 = 0 THEN 'error' ELSE 'ok' END, t, 500 + n % 9000, 300, 0
		FROM generate_series($1::int, $1::int + 99999) n
		CROSS JOIN LATERAL (SELECT now() - interval '3 hours' + n * interval '10 milliseconds' AS t) at
		CROSS JOIN (SELECT * FROM scripts WHERE name = 'hello' AND app_id = (SELECT id FROM apps WHERE slug = 'bench')) s`, from)
	return err
}

func (p *product) pages(path string, n int) ([]time.Duration, error) {
	times := make([]time.Duration, 0, n)
	for range n + 3 {
		began := time.Now()
		answer, err := p.browser.Get("http://" + p.address + path)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s: %w", path, answer.Status, err)
		}
		times = append(times, time.Since(began))
	}
	times = times[3:]
	slices.Sort(times)
	return times, nil
}
