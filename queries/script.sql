-- name: AddScript :exec
INSERT INTO scripts (id, app_id, name, description, language, kind) VALUES ($1, $2, $3, $4, $5, $6);

-- name: ReuseScriptName :execrows
DELETE FROM script_old_names WHERE app_id = $1 AND name = $2;

-- name: KeepScriptName :exec
INSERT INTO script_old_names (app_id, name, script_id) VALUES ($1, $2, $3)
ON CONFLICT (app_id, name) DO UPDATE SET script_id = excluded.script_id;

-- name: LockScript :one
SELECT * FROM scripts WHERE app_id = $1 AND id = $2 FOR UPDATE;

-- name: FindScriptID :one
SELECT id FROM scripts WHERE app_id = $1 AND name = $2;

-- name: FindScriptIDByOldName :one
SELECT script_id FROM script_old_names WHERE app_id = $1 AND name = $2;

-- name: ListScripts :many
-- Hashes tell whether a draft differs; no source is read.
SELECT s.id, s.app_id, s.name, s.description, s.language, s.kind, s.capture, s.live_version, s.created_at, s.updated_at,
  d.revision AS draft_revision, d.updated_at AS draft_at, d.source_hash AS draft_hash,
  v.source_hash AS live_hash, v.language AS live_language,
  coalesce(p.created_at, s.created_at)::timestamptz AS published_at, coalesce(p.author, '')::text AS published_by
FROM scripts s
JOIN drafts d ON d.app_id = s.app_id AND d.script_id = s.id
LEFT JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
LEFT JOIN LATERAL (SELECT x.created_at, x.author FROM deployments x
  WHERE x.app_id = s.app_id AND x.script_id = s.id ORDER BY x.id DESC LIMIT 1) p ON true
WHERE s.app_id = sqlc.arg(app_id) AND s.name > sqlc.arg(after)
  AND (sqlc.narg(id)::uuid IS NULL OR s.id = sqlc.narg(id)::uuid)
ORDER BY s.name LIMIT sqlc.arg(most);

-- name: RenameScript :exec
UPDATE scripts SET name = $3, updated_at = now() WHERE app_id = $1 AND id = $2;

-- name: DescribeScript :execrows
UPDATE scripts SET description = $3, capture = $4, language = $5, updated_at = now() WHERE app_id = $1 AND id = $2;

-- name: DropScript :exec
DELETE FROM scripts WHERE app_id = $1 AND id = $2;

-- name: SetLiveVersion :exec
UPDATE scripts SET live_version = $3, updated_at = now() WHERE app_id = $1 AND id = $2;

-- name: SetScriptKind :exec
UPDATE scripts SET kind = $3, updated_at = now() WHERE app_id = $1 AND id = $2;


-- name: AddDraft :exec
INSERT INTO drafts (script_id, app_id, source, source_hash, revision, updated_by) VALUES ($1, $2, $3, $4, 1, $5);

-- name: ReadDraft :one
SELECT d.source, d.source_hash, d.revision, d.base_version, d.updated_at, d.updated_by, u.name AS updated_by_name, d.replaced_at
FROM drafts d LEFT JOIN users u ON u.id = d.updated_by
WHERE d.app_id = $1 AND d.script_id = $2;

-- name: SaveDraft :one
UPDATE drafts SET source = $4, source_hash = $5, revision = revision + 1, updated_at = now(), updated_by = $6
WHERE app_id = $1 AND script_id = $2 AND revision = $3
RETURNING revision, base_version, updated_at;

-- name: RebaseDraft :exec
-- A draft with the published source now stands on that version.
UPDATE drafts SET base_version = sqlc.arg(version)::int
WHERE app_id = $1 AND script_id = $2 AND source_hash = sqlc.arg(source_hash);

-- name: FollowDraft :exec
-- A draft without changes of its own follows what was published elsewhere: it is as its
-- version, or the example that a script begins with.
UPDATE drafts d SET source = sqlc.arg(source), source_hash = sqlc.arg(source_hash), revision = d.revision + 1,
  base_version = sqlc.arg(version)::int, updated_at = now(), updated_by = sqlc.arg(updated_by)
WHERE d.app_id = $1 AND d.script_id = $2 AND d.source_hash <> sqlc.arg(source_hash)
  AND (d.base_version IS NULL AND d.source_hash = sqlc.arg(example_hash)
    OR EXISTS (SELECT FROM script_versions v WHERE v.app_id = d.app_id AND v.script_id = d.script_id
      AND v.number = d.base_version AND v.source_hash = d.source_hash));

-- name: ReplaceDraft :one
-- Sets aside what the draft held, unless a version has it; then what was set aside before stays,
-- but for the source that is the draft now.
UPDATE drafts d SET source = sqlc.arg(source), source_hash = sqlc.arg(source_hash), base_version = sqlc.narg(base_version),
  revision = d.revision + 1, updated_at = now(), updated_by = sqlc.narg(updated_by),
  replaced = CASE WHEN old.stored THEN nullif(d.replaced, sqlc.arg(source)) ELSE d.source END,
  replaced_base = CASE WHEN old.stored THEN d.replaced_base ELSE d.base_version END,
  replaced_at = CASE WHEN NOT old.stored THEN now() WHEN d.replaced <> sqlc.arg(source) THEN d.replaced_at END
FROM (SELECT EXISTS (SELECT FROM script_versions v JOIN drafts x ON x.app_id = v.app_id AND x.script_id = v.script_id AND x.source_hash = v.source_hash
  WHERE v.app_id = sqlc.arg(app_id) AND v.script_id = sqlc.arg(script_id)) AS stored) old
WHERE d.app_id = sqlc.arg(app_id) AND d.script_id = sqlc.arg(script_id) AND d.revision = sqlc.arg(revision)
RETURNING d.revision;

-- name: ReadReplacedDraft :one
SELECT replaced::text AS source, replaced_base FROM drafts WHERE app_id = $1 AND script_id = $2 AND replaced IS NOT NULL;


-- name: AddVersion :exec
INSERT INTO script_versions (id, app_id, script_id, number, language, source_hash, source_map, hash, author_id, author, note, env_names, inputs, origin, exports)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);

-- name: AddSource :exec
INSERT INTO sources (app_id, hash, source) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: AddProgram :exec
INSERT INTO programs (app_id, hash, program) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: DropUnusedSources :exec
DELETE FROM sources x WHERE x.app_id = $1
  AND NOT EXISTS (SELECT FROM script_versions v WHERE v.app_id = x.app_id AND v.source_hash = x.hash)
  AND NOT EXISTS (SELECT FROM version_modules m WHERE m.app_id = x.app_id AND m.source_hash = x.hash);

-- name: DropUnusedPrograms :exec
DELETE FROM programs x WHERE x.app_id = $1
  AND NOT EXISTS (SELECT FROM script_versions v WHERE v.app_id = x.app_id AND v.hash = x.hash);

-- name: NextVersionNumber :one
SELECT coalesce(max(number), 0)::int + 1 AS number FROM script_versions WHERE app_id = $1 AND script_id = $2;

-- name: ListVersions :many
-- With own those alone that a person published, and what is live.
SELECT v.id, v.number, v.language, v.author_id, v.author, v.note, v.created_at,
  octet_length(x.source)::int AS size, coalesce(v.number = s.live_version, false)::bool AS live, v.origin, (v.hash IS NULL)::bool AS module
FROM script_versions v JOIN scripts s ON s.app_id = v.app_id AND s.id = v.script_id
JOIN sources x ON x.app_id = v.app_id AND x.hash = v.source_hash
WHERE v.app_id = $1 AND v.script_id = $2 AND v.number < sqlc.arg(before)
  AND (NOT sqlc.arg(own)::bool OR v.origin = v.number OR v.number = s.live_version)
ORDER BY v.number DESC LIMIT sqlc.arg(most);

-- name: CountBuilds :many
-- How often versions were built anew for their modules.
SELECT origin, count(*)::int AS builds, max(number)::int AS last FROM script_versions
WHERE app_id = $1 AND script_id = $2 AND origin = ANY(sqlc.arg(origins)::int[]) AND number <> origin GROUP BY origin;

-- name: ReadVersion :one
SELECT v.id, v.number, v.language, v.author_id, v.author, v.note, v.created_at, x.source,
  octet_length(x.source)::int AS size, coalesce(v.number = s.live_version, false)::bool AS live, v.origin, (v.hash IS NULL)::bool AS module
FROM script_versions v JOIN scripts s ON s.app_id = v.app_id AND s.id = v.script_id
JOIN sources x ON x.app_id = v.app_id AND x.hash = v.source_hash
WHERE v.app_id = $1 AND v.script_id = $2 AND v.number = $3;

-- name: ReadVersionHash :one
SELECT inputs, origin, (hash IS NULL)::bool AS module FROM script_versions WHERE app_id = $1 AND script_id = $2 AND number = $3;


-- name: AddDeployment :exec
-- to_version is 0 where nothing is live from then on.
INSERT INTO deployments (id, app_id, script_id, from_version, to_version, author_id, author, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: ListDeployments :many
SELECT id, from_version, to_version, author_id, author, note, created_at FROM deployments
WHERE app_id = $1 AND script_id = $2 AND (sqlc.narg(before)::uuid IS NULL OR id < sqlc.narg(before)::uuid)
ORDER BY id DESC LIMIT sqlc.arg(most);
