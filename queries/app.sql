-- name: AddApp :exec
INSERT INTO apps (id, slug, name) VALUES ($1, $2, $3);

-- name: AddAppOnce :execrows
-- Several nodes may start at the same time; one of them makes the app.
INSERT INTO apps (id, slug, name) SELECT sqlc.arg(id), sqlc.arg(slug), sqlc.arg(name)
WHERE NOT EXISTS (SELECT FROM apps) ON CONFLICT (slug) DO NOTHING;

-- name: ListApps :many
SELECT a.id, a.slug, a.name, a.created_at,
  (SELECT count(*) FROM scripts s WHERE s.app_id = a.id) AS scripts,
  (SELECT count(*) FROM scripts s WHERE s.app_id = a.id AND s.live_version IS NOT NULL) AS live_scripts,
  EXISTS (SELECT FROM pauses p WHERE p.app_id = a.id AND p.hash = '') AS paused
FROM apps a ORDER BY lower(a.name), a.id;

-- name: ListAppIDs :many
SELECT id FROM apps;

-- name: ReadApp :one
SELECT * FROM apps WHERE id = $1;

-- name: ReadAppBySlug :one
SELECT * FROM apps WHERE slug = $1;

-- name: ReadAppByOldSlug :one
SELECT a.* FROM app_old_slugs o JOIN apps a ON a.id = o.app_id WHERE o.slug = $1;

-- name: LockApp :one
SELECT * FROM apps WHERE id = $1 FOR UPDATE;

-- name: RenameApp :exec
UPDATE apps SET name = $2, slug = $3 WHERE id = $1;

-- name: DropApp :exec
-- Takes along what refers to it: scripts with drafts, versions and deployments, old addresses, keys.
DELETE FROM apps WHERE id = $1;

-- name: CountScripts :one
SELECT count(*) FROM scripts WHERE app_id = $1;

-- name: CountKeysOfApp :one
SELECT count(*) FROM api_keys WHERE app_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

-- name: KeepAppSlug :exec
INSERT INTO app_old_slugs (slug, app_id) VALUES ($1, $2)
ON CONFLICT (slug) DO UPDATE SET app_id = excluded.app_id;

-- name: ReuseAppSlug :exec
DELETE FROM app_old_slugs WHERE slug = $1;

-- name: AddChange :exec
-- Tells every node that something of the app is to be read again.
INSERT INTO change_log (app_id) VALUES ($1);
