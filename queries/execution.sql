-- Runs. Lists are bounded twice: the newest @scan rows of the range are looked at, and
-- at most @page of those that match are given. The inner LIMIT is what keeps a filter
-- that matches nothing from reading everything. Rows come in by COPY, see engine/execution.

-- name: ListExecutionsOfApp :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.id < @before AND e.id >= @since
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
ORDER BY r.id DESC LIMIT @page;

-- name: ListExecutionsOfScript :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id < @before AND e.id >= @since
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
ORDER BY r.id DESC LIMIT @page;

-- Notable runs have partial indexes of their own: one that failed is found among
-- millions that did not.

-- name: ListNotableExecutionsOfApp :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.id < @before AND e.id >= @since
      AND (e.outcome <> 'ok' OR e.status >= 400)
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
ORDER BY r.id DESC LIMIT @page;

-- name: ListNotableExecutionsOfScript :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id < @before AND e.id >= @since
      AND (e.outcome <> 'ok' OR e.status >= 400)
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
ORDER BY r.id DESC LIMIT @page;

-- Of an HTTP request path and query are searched, which the subject has behind the method.
-- The scalar sub-query is deliberate: an EXISTS may be turned into a hash over every log line
-- there is.

-- name: SearchExecutionsOfApp :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.id < @before AND e.id >= @since
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
  AND (position(lower(@text::text) IN lower(concat_ws(' ', r.path, substr(r.subject, coalesce(length(r.method), -1) + 2)))) > 0
       OR r.error IS NOT NULL AND position(lower(@text::text) IN lower(concat(r.error ->> 'name', ': ', r.error ->> 'message'))) > 0
       OR r.log_lines > 0 AND (SELECT true FROM log_lines l
           WHERE l.execution_id = r.id AND l.app_id = @app_id
             AND (position(lower(@text::text) IN lower(l.message)) > 0 OR position(lower(@text::text) IN lower(l.fields)) > 0)
           LIMIT 1))
ORDER BY r.id DESC LIMIT @page;

-- name: SearchExecutionsOfScript :many
SELECT r.* FROM (
    SELECT * FROM executions e
    WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id < @before AND e.id >= @since
    ORDER BY e.id DESC LIMIT @scan
) r
WHERE (sqlc.narg(outcomes)::text[] IS NULL OR r.outcome = ANY (sqlc.narg(outcomes)::text[]))
  AND (NOT @failed::bool OR CASE r.outcome WHEN 'ok' THEN r.status >= 500 ELSE r.outcome <> 'cancelled' END) -- as call.Outcome.Failed
  AND (@status_class::int = 0 OR r.status / 100 = @status_class::int)
  AND (sqlc.narg(version)::int IS NULL OR r.version = sqlc.narg(version)::int)
  AND (@path_prefix::text = '' OR starts_with(r.path, @path_prefix::text))
  AND (@path_part::text = '' OR position(@path_part::text IN r.path) > 0)
  AND (position(lower(@text::text) IN lower(concat_ws(' ', r.path, substr(r.subject, coalesce(length(r.method), -1) + 2)))) > 0
       OR r.error IS NOT NULL AND position(lower(@text::text) IN lower(concat(r.error ->> 'name', ': ', r.error ->> 'message'))) > 0
       OR r.log_lines > 0 AND (SELECT true FROM log_lines l
           WHERE l.execution_id = r.id AND l.app_id = @app_id
             AND (position(lower(@text::text) IN lower(l.message)) > 0 OR position(lower(@text::text) IN lower(l.fields)) > 0)
           LIMIT 1))
ORDER BY r.id DESC LIMIT @page;

-- Where the @scan newest rows of a range end; no row when the range has fewer.

-- name: FindScanEndOfApp :one
SELECT e.id FROM executions e
WHERE e.app_id = @app_id AND e.id < @before AND e.id >= @since
ORDER BY e.id DESC LIMIT 1 OFFSET @skip;

-- name: FindScanEndOfScript :one
SELECT e.id FROM executions e
WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id < @before AND e.id >= @since
ORDER BY e.id DESC LIMIT 1 OFFSET @skip;

-- name: FindNotableScanEndOfApp :one
SELECT e.id FROM executions e
WHERE e.app_id = @app_id AND e.id < @before AND e.id >= @since AND (e.outcome <> 'ok' OR e.status >= 400)
ORDER BY e.id DESC LIMIT 1 OFFSET @skip;

-- name: FindNotableScanEndOfScript :one
SELECT e.id FROM executions e
WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id < @before AND e.id >= @since AND (e.outcome <> 'ok' OR e.status >= 400)
ORDER BY e.id DESC LIMIT 1 OFFSET @skip;

-- name: FindExecution :one
SELECT * FROM executions WHERE app_id = @app_id AND id = @id;

-- One probe per app: the id alone has no index, since each index is paid for on every run.

-- name: FindAppOfExecutionAcrossApps :one
SELECT a.id FROM apps a
WHERE (SELECT true FROM executions e WHERE e.app_id = a.id AND e.id = @id LIMIT 1);

-- name: ListLogLines :many
SELECT * FROM log_lines
WHERE app_id = @app_id AND execution_id = @execution_id AND seq > @after
ORDER BY seq LIMIT @page;

-- name: FindCapture :one
SELECT data FROM captures WHERE app_id = @app_id AND execution_id = @execution_id LIMIT 1;

-- A sample of runs spread evenly over time: some of each stretch, and its failures.

-- name: SampleExecutionsOfApp :many
SELECT r.id, r.started_at, r.wall_us, r.status, r.outcome
FROM (SELECT unnest(@lows::uuid[]) AS low, unnest(@highs::uuid[]) AS high) s
CROSS JOIN LATERAL (
    (SELECT e.* FROM executions e
     WHERE e.app_id = @app_id AND e.id >= s.low AND e.id < s.high
     ORDER BY e.id DESC LIMIT @each)
    UNION ALL
    (SELECT e.* FROM executions e
     WHERE e.app_id = @app_id AND e.id >= s.low AND e.id < s.high AND (e.outcome <> 'ok' OR e.status >= 400)
     ORDER BY e.id DESC LIMIT @each)
) r;

-- name: SampleExecutionsOfScript :many
SELECT r.id, r.started_at, r.wall_us, r.status, r.outcome
FROM (SELECT unnest(@lows::uuid[]) AS low, unnest(@highs::uuid[]) AS high) s
CROSS JOIN LATERAL (
    (SELECT e.* FROM executions e
     WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id >= s.low AND e.id < s.high
     ORDER BY e.id DESC LIMIT @each)
    UNION ALL
    (SELECT e.* FROM executions e
     WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id >= s.low AND e.id < s.high AND (e.outcome <> 'ok' OR e.status >= 400)
     ORDER BY e.id DESC LIMIT @each)
) r;

-- name: FindOldestExecutionOfApp :one
SELECT e.id FROM executions e WHERE e.app_id = @app_id AND e.id >= @since ORDER BY e.id LIMIT 1;

-- name: FindOldestExecutionOfScript :one
SELECT e.id FROM executions e WHERE e.app_id = @app_id AND e.script_id = @script_id AND e.id >= @since ORDER BY e.id LIMIT 1;

-- name: ListRunCounts :many
SELECT * FROM run_counts WHERE app_id = @app_id AND hour >= @since ORDER BY script_id, hour;

-- name: AddRunCountsAcrossApps :exec
INSERT INTO run_counts (app_id, script_id, hour, runs, failures, wall_us, cpu_us, wall_us_max, bytes)
SELECT unnest(@app_ids::uuid[]), unnest(@script_ids::uuid[]), unnest(@hours::timestamptz[]), unnest(@runs::bigint[]),
       unnest(@failures::bigint[]), unnest(@wall_us::bigint[]), unnest(@cpu_us::bigint[]), unnest(@wall_us_max::bigint[]), unnest(@bytes::bigint[])
ON CONFLICT (app_id, script_id, hour) DO UPDATE SET
    runs = run_counts.runs + EXCLUDED.runs,
    failures = run_counts.failures + EXCLUDED.failures,
    wall_us = run_counts.wall_us + EXCLUDED.wall_us,
    cpu_us = run_counts.cpu_us + EXCLUDED.cpu_us,
    wall_us_max = greatest(run_counts.wall_us_max, EXCLUDED.wall_us_max),
    bytes = run_counts.bytes + EXCLUDED.bytes;

-- name: SumBytesAcrossApps :many
SELECT app_id, sum(bytes)::bigint AS bytes FROM run_counts WHERE hour >= @since GROUP BY app_id;

-- name: SumBytesOfApp :one
SELECT coalesce(sum(bytes), 0)::bigint FROM run_counts WHERE app_id = @app_id AND hour >= @since;

-- name: DeleteRunCountsAcrossApps :exec
DELETE FROM run_counts WHERE hour < @before;

-- Which of some runs have their row already. Low and high bound the ids, so that only
-- their partitions are looked at.

-- name: ListRecordedAcrossApps :many
SELECT e.id FROM executions e
JOIN (SELECT unnest(@app_ids::uuid[]) AS app_id, unnest(@ids::uuid[]) AS id) k ON e.app_id = k.app_id AND e.id = k.id
WHERE e.id BETWEEN @low AND @high;

-- name: AddRunLoss :exec
INSERT INTO run_losses (at, reason, count) VALUES (@at, @reason, @count);

-- name: SumRunLosses :many
SELECT reason, sum(count)::bigint AS count, max(at)::timestamptz AS last_at FROM run_losses WHERE at >= @since GROUP BY reason;

-- name: DeleteRunLosses :exec
DELETE FROM run_losses WHERE at < @before;

-- name: ListDaysInDefaultAcrossApps :many
SELECT DISTINCT date_trunc('day', started_at, 'UTC')::timestamptz AS day FROM executions_default LIMIT 100;

-- name: DeleteOldDefaultExecutionsAcrossApps :execrows
DELETE FROM executions_default d WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM executions_default o WHERE o.id < @before LIMIT @batch));

-- name: DeleteOldDefaultLogLinesAcrossApps :execrows
DELETE FROM log_lines_default d WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM log_lines_default o WHERE o.execution_id < @before LIMIT @batch));

-- name: DeleteOldDefaultCapturesAcrossApps :execrows
DELETE FROM captures_default d WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM captures_default o WHERE o.execution_id < @before LIMIT @batch));
