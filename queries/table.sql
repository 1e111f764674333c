-- What the worker keeps in memory of every app. Its role may read only these tables.

-- name: ListRoutesAcrossApps :many
SELECT s.app_id, s.id, s.name, s.capture, v.number, v.id AS version_id, v.hash
FROM scripts s JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
WHERE s.kind = 'endpoint';

-- name: ListRoutesOfApps :many
SELECT s.app_id, s.id, s.name, s.capture, v.number, v.id AS version_id, v.hash
FROM scripts s JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
WHERE s.app_id = ANY(sqlc.arg(app_ids)::uuid[]) AND s.kind = 'endpoint';

-- name: ListSlugsAcrossApps :many
SELECT a.id AS app_id, a.slug, false AS old FROM apps a
UNION ALL SELECT o.app_id, o.slug, true FROM app_old_slugs o;

-- name: ListOldNamesAcrossApps :many
SELECT o.app_id, o.name, s.name AS current FROM script_old_names o
JOIN scripts s ON s.app_id = o.app_id AND s.id = o.script_id;

-- name: ListOldNamesOfApps :many
SELECT o.app_id, o.name, s.name AS current FROM script_old_names o
JOIN scripts s ON s.app_id = o.app_id AND s.id = o.script_id
WHERE o.app_id = ANY(sqlc.arg(app_ids)::uuid[]);

-- name: ReadProgramAcrossApps :one
SELECT p.program FROM script_versions v JOIN programs p ON p.app_id = v.app_id AND p.hash = v.hash WHERE v.id = $1;

-- name: ReadSourceMapAcrossApps :one
SELECT source_map FROM script_versions WHERE id = $1;

-- name: ListChangesAcrossApps :many
-- A lower number may commit after a higher one, so readers look back over some of them.
SELECT id, app_id FROM change_log WHERE id > sqlc.arg(after) ORDER BY id;

-- name: ReadLastChangeAcrossApps :one
SELECT coalesce(max(id), 0)::bigint AS id FROM change_log;

-- name: DropOldChangesAcrossApps :exec
DELETE FROM change_log WHERE at < sqlc.arg(before);
