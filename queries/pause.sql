-- name: AddWorkerDeath :exec
INSERT INTO worker_deaths (execution_id, app_id, hash, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: ListWorkerDeaths :many
-- The newest first.
SELECT execution_id FROM worker_deaths WHERE app_id = $1 AND hash = $2 AND at >= sqlc.arg(since)
ORDER BY at DESC, execution_id DESC LIMIT sqlc.arg(most);

-- name: DropOldWorkerDeathsAcrossApps :exec
DELETE FROM worker_deaths WHERE at < sqlc.arg(before);

-- name: ForgetWorkerDeaths :exec
DELETE FROM worker_deaths WHERE app_id = $1 AND hash = $2;

-- name: AddPause :execrows
INSERT INTO pauses (app_id, hash, script_id, version, why, executions) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: CountPausedPrograms :one
SELECT count(*) FROM pauses WHERE app_id = $1 AND hash <> '' AND at >= sqlc.arg(since);

-- name: ReadAppPause :one
SELECT * FROM pauses WHERE app_id = $1 AND hash = '';

-- name: ListPausedScripts :many
-- By name: what is live, or a draft.
SELECT s.id, s.name, p.hash, p.version, p.why, p.executions, p.at, coalesce(v.hash = p.hash, false)::bool AS live
FROM pauses p
JOIN scripts s ON s.app_id = p.app_id
LEFT JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
WHERE p.app_id = $1 AND p.hash <> '' AND (v.hash = p.hash OR s.id = p.script_id AND p.version = 0)
ORDER BY s.name, live DESC;

-- name: DropPause :execrows
DELETE FROM pauses WHERE app_id = $1 AND hash = $2;

-- name: DropOldDraftPausesAcrossApps :exec
-- Those of programs that are live stay.
DELETE FROM pauses p WHERE p.version = 0 AND p.hash <> '' AND p.at < sqlc.arg(before)
  AND NOT EXISTS (SELECT FROM script_versions v WHERE v.app_id = p.app_id AND v.hash = p.hash);

-- name: ListPausesAcrossApps :many
SELECT app_id, hash FROM pauses;

-- name: ListPausesOfApps :many
SELECT app_id, hash FROM pauses WHERE app_id = ANY(sqlc.arg(app_ids)::uuid[]);
