-- What lists of apps and scripts show beside each name, in one query for all of them.

-- name: ListLastExecutions :many
-- Runs of the draft do not count. A script that never ran costs one look into each
-- partition's index.
SELECT r.* FROM unnest(@script_ids::uuid[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT e.script_id, e.id, e.status, e.outcome, e.started_at FROM executions e
    WHERE e.app_id = @app_id AND e.script_id = s.id AND e.version > 0
    ORDER BY e.id DESC LIMIT 1
) r;

-- name: ListLastExecutionsOfApps :many
SELECT r.* FROM unnest(@app_ids::uuid[]) AS a (id)
CROSS JOIN LATERAL (
    SELECT e.app_id, e.started_at FROM executions e
    WHERE e.app_id = a.id
    ORDER BY e.id DESC LIMIT 1
) r;

-- name: SumRunCountsOfApps :many
SELECT app_id, hour, sum(runs)::bigint AS runs, sum(failures)::bigint AS failures FROM run_counts
WHERE app_id = ANY (@app_ids::uuid[]) AND hour >= @since
GROUP BY app_id, hour;

-- name: ListChangedSources :many
-- Of scripts whose draft differs from what is live.
SELECT d.script_id, d.source AS draft, x.source AS live FROM drafts d
JOIN scripts s ON s.app_id = d.app_id AND s.id = d.script_id
JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
JOIN sources x ON x.app_id = v.app_id AND x.hash = v.source_hash
WHERE d.app_id = @app_id AND d.script_id = ANY (@script_ids::uuid[]) AND d.source_hash <> v.source_hash;

-- name: ListFirstLogLines :many
-- Low and high bound the ids, so that only their partitions are looked at.
SELECT l.execution_id, left(l.message, @most::int)::text AS message FROM log_lines l
WHERE l.app_id = @app_id AND l.execution_id = ANY (@execution_ids::uuid[]) AND l.seq = 1
  AND l.execution_id BETWEEN @low AND @high;

-- name: SearchScriptsAcrossApps :many
SELECT a.slug, a.name AS app_name, s.name, s.kind, s.description FROM scripts s JOIN apps a ON a.id = s.app_id
WHERE s.app_id = ANY (@seen::uuid[])
  AND (position(lower(@text::text) IN s.name) > 0 OR position(lower(@text::text) IN lower(s.description)) > 0)
ORDER BY starts_with(s.name, lower(@text::text)) DESC, position(lower(@text::text) IN s.name) = 0, s.name, a.slug
LIMIT @most;
