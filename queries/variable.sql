-- name: ListVariables :many
-- By name, that of the app before those of its scripts.
SELECT v.id, v.script_id, s.name AS script_name, v.name, v.value, v.sealed, v.key_id, v.size, v.set_at, v.author, v.used_at
FROM variables v LEFT JOIN scripts s ON s.app_id = v.app_id AND s.id = v.script_id
WHERE v.app_id = $1
ORDER BY v.name, s.name NULLS FIRST;

-- name: ListVariableUses :many
-- Which scripts name which variables in what is live.
SELECT s.id, s.name, u.env_name::text AS env_name
FROM scripts s
JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
CROSS JOIN LATERAL unnest(v.env_names) AS u(env_name)
WHERE s.app_id = $1
ORDER BY u.env_name, s.name;

-- name: ListVariableNames :many
-- Those that a script gets, or any script of the app.
SELECT DISTINCT name FROM variables WHERE app_id = sqlc.arg(app_id)
  AND (script_id IS NULL OR script_id = sqlc.arg(script_id) OR sqlc.arg(everywhere)::bool) ORDER BY name;

-- name: LockAppForVariables :one
-- One change at a time, so that their sum is known.
SELECT id FROM apps WHERE id = $1 FOR NO KEY UPDATE;

-- name: SumVariables :one
SELECT coalesce(sum(size), 0)::bigint AS bytes, count(*) AS count FROM variables WHERE app_id = $1;

-- name: ReadVariable :one
SELECT * FROM variables WHERE app_id = $1 AND name = $2 AND script_id IS NOT DISTINCT FROM sqlc.narg(script_id);

-- name: AddVariable :exec
INSERT INTO variables (id, app_id, script_id, name, value, sealed, key_id, size, author_id, author)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: ChangeVariable :exec
UPDATE variables SET value = $3, sealed = $4, key_id = $5, size = $6, author_id = $7, author = $8, set_at = now(), used_at = NULL
WHERE app_id = $1 AND id = $2;

-- name: DropVariable :exec
DELETE FROM variables WHERE app_id = $1 AND id = $2;

-- name: ListKeyIDsAcrossApps :many
SELECT key_id, count(*) AS secrets FROM variables WHERE key_id <> '' GROUP BY key_id ORDER BY key_id;

-- name: ListSealedAcrossApps :many
-- What is to be sealed anew, held to the end of the transaction.
SELECT id, app_id, script_id, name, sealed, key_id FROM variables
WHERE key_id <> '' AND key_id <> sqlc.arg(current) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(most) FOR UPDATE;

-- name: ReplaceSealed :exec
UPDATE variables SET sealed = $3, key_id = $4 WHERE app_id = $1 AND id = $2;

-- name: ListVariablesAcrossApps :many
SELECT id, app_id, script_id, name, value, sealed, key_id FROM variables;

-- name: ListVariablesOfApps :many
SELECT id, app_id, script_id, name, value, sealed, key_id FROM variables WHERE app_id = ANY(sqlc.arg(app_ids)::uuid[]);

-- name: NoteVariableUsesAcrossApps :exec
UPDATE variables SET used_at = sqlc.arg(at) WHERE id = ANY(sqlc.arg(ids)::uuid[]) AND (used_at IS NULL OR used_at < sqlc.arg(at));
