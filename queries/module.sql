-- Modules of an app: scripts that others import.

-- name: ReadModuleRevision :one
SELECT module_revision FROM apps WHERE id = $1;

-- name: LockModules :one
-- To the end of the transaction nobody changes where the imports of the app lead.
SELECT module_revision FROM apps WHERE id = $1 FOR NO KEY UPDATE;

-- name: ReviseModules :exec
UPDATE apps SET module_revision = module_revision + 1 WHERE id = $1;

-- name: FindModules :many
-- The scripts that names lead to, with the version that is live, or the one of a number.
SELECT a.name::text AS asked, a.number::int AS asked_number, s.id, s.name, s.kind,
  coalesce(v.number, 0)::int AS number, coalesce(v.language, '')::text AS language, coalesce(v.source_hash, '')::bytea AS source_hash,
  coalesce(octet_length(x.source), 0)::int AS size, (v.id IS NOT NULL AND v.hash IS NULL)::bool AS module
FROM (SELECT unnest(sqlc.arg(names)::text[]) AS name, unnest(sqlc.arg(numbers)::int[]) AS number) a
JOIN scripts s ON s.app_id = sqlc.arg(app_id) AND (s.name = a.name
  OR s.id = (SELECT o.script_id FROM script_old_names o WHERE o.app_id = sqlc.arg(app_id) AND o.name = a.name)
    AND NOT EXISTS (SELECT FROM scripts y WHERE y.app_id = sqlc.arg(app_id) AND y.name = a.name))
LEFT JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id
  AND v.number = CASE WHEN a.number > 0 THEN a.number ELSE s.live_version END
LEFT JOIN sources x ON x.app_id = v.app_id AND x.hash = v.source_hash;

-- name: ListSources :many
SELECT hash, source FROM sources WHERE app_id = sqlc.arg(app_id) AND hash = ANY(sqlc.arg(hashes)::bytea[]);

-- name: ListPinnedModules :many
-- The modules in some versions, as they were.
SELECT v.script_id AS root_id, v.number AS root_number, m.file, m.module_id, m.name, m.number, m.language, m.source_hash, octet_length(x.source)::int AS size
FROM (SELECT unnest(sqlc.arg(scripts)::uuid[]) AS id, unnest(sqlc.arg(numbers)::int[]) AS number) a
JOIN script_versions v ON v.script_id = a.id AND v.number = a.number
JOIN version_modules m ON m.version_id = v.id
JOIN sources x ON x.app_id = m.app_id AND x.hash = m.source_hash
WHERE v.app_id = sqlc.arg(app_id);

-- name: ListPinnedImports :many
SELECT v.script_id AS root_id, v.number AS root_number, i.importer, i.specifier, i.file
FROM (SELECT unnest(sqlc.arg(scripts)::uuid[]) AS id, unnest(sqlc.arg(numbers)::int[]) AS number) a
JOIN script_versions v ON v.script_id = a.id AND v.number = a.number
JOIN version_imports i ON i.version_id = v.id
WHERE v.app_id = sqlc.arg(app_id);

-- name: ListModulesOfVersion :many
SELECT m.file, m.module_id, m.name, m.number, m.language, m.follows, s.name AS now,
  ARRAY(SELECT DISTINCT i.importer FROM version_imports i WHERE i.version_id = m.version_id AND i.file = m.file ORDER BY 1)::text[] AS importers
FROM version_modules m JOIN script_versions v ON v.id = m.version_id
LEFT JOIN scripts s ON s.app_id = m.app_id AND s.id = m.module_id
WHERE v.app_id = $1 AND v.script_id = $2 AND v.number = $3 ORDER BY m.name, m.number;

-- name: ListSourcesOfVersion :many
SELECT m.file, x.source FROM version_modules m JOIN script_versions v ON v.id = m.version_id
JOIN sources x ON x.app_id = m.app_id AND x.hash = m.source_hash
WHERE v.app_id = $1 AND v.script_id = $2 AND v.number = $3 ORDER BY m.file;

-- name: ListDependents :many
-- The scripts whose live versions have one of the modules in them.
SELECT s.id, s.name, s.kind, v.number, v.language, m.number AS module_number, m.follows,
  EXISTS (SELECT FROM version_imports i WHERE i.version_id = m.version_id AND i.file = m.file AND i.importer = '') AS direct,
  ARRAY(SELECT DISTINCT coalesce(t.name, j.name) FROM version_imports i
    JOIN version_modules j ON j.version_id = i.version_id AND j.file = i.importer
    LEFT JOIN scripts t ON t.app_id = j.app_id AND t.id = j.module_id
    WHERE i.version_id = m.version_id AND i.file = m.file ORDER BY 1)::text[] AS through
FROM version_modules m JOIN script_versions v ON v.id = m.version_id
JOIN scripts s ON s.app_id = v.app_id AND s.id = v.script_id AND s.live_version = v.number
WHERE m.app_id = sqlc.arg(app_id) AND m.module_id = ANY(sqlc.arg(modules)::uuid[]) ORDER BY s.name, m.number DESC;

-- name: ReadLiveSources :many
-- As many as are together not too large.
SELECT l.id, l.source FROM (
  SELECT s.id, x.source, sum(octet_length(x.source)) OVER (ORDER BY s.id) AS size FROM scripts s
  JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
  JOIN sources x ON x.app_id = v.app_id AND x.hash = v.source_hash
  WHERE s.app_id = sqlc.arg(app_id) AND s.id = ANY(sqlc.arg(scripts)::uuid[])
) l WHERE l.size <= sqlc.arg(most)::bigint;

-- name: ListModuleImports :many
-- Who imports whom in what is live, for a picture of the app.
SELECT s.id, s.name, s.kind, m.module_id, coalesce(t.name, m.name)::text AS module_name, m.number, m.follows
FROM scripts s JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
JOIN version_imports i ON i.version_id = v.id AND i.importer = ''
JOIN version_modules m ON m.version_id = i.version_id AND m.file = i.file
LEFT JOIN scripts t ON t.app_id = m.app_id AND t.id = m.module_id
WHERE s.app_id = $1 ORDER BY s.name, module_name, m.number;

-- name: CountUsers :many
-- How many scripts have a module in what is live of them, for all modules of an app that somebody uses.
SELECT m.module_id, count(DISTINCT s.id)::int AS users
FROM scripts s JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
JOIN version_modules m ON m.version_id = v.id
WHERE s.app_id = $1 GROUP BY m.module_id;

-- name: ListImportersByName :many
-- The scripts whose live versions follow a module by this name of it.
SELECT DISTINCT s.name, t.name AS module FROM scripts s JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
JOIN version_imports i ON i.version_id = v.id
JOIN version_modules m ON m.version_id = v.id AND m.file = i.file
JOIN scripts t ON t.app_id = m.app_id AND t.id = m.module_id
WHERE s.app_id = sqlc.arg(app_id) AND split_part(i.specifier, '@', 1) = 'app:' || sqlc.arg(name)::text AND strpos(i.file, '/') = 0 AND t.name <> sqlc.arg(name)::text
ORDER BY s.name LIMIT 4;

-- name: ReadExports :one
SELECT exports FROM script_versions WHERE app_id = $1 AND script_id = $2 AND number = $3;

-- name: ListModuleNames :many
-- Those that may be imported, with what they export.
SELECT s.name, v.number, v.exports FROM scripts s
JOIN script_versions v ON v.app_id = s.app_id AND v.script_id = s.id AND v.number = s.live_version
WHERE s.app_id = $1 AND s.kind = 'module' ORDER BY s.name;

-- name: AddVersionModule :exec
INSERT INTO version_modules (app_id, version_id, file, module_id, name, number, language, source_hash, follows)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: AddVersionImport :exec
INSERT INTO version_imports (app_id, version_id, importer, specifier, file) VALUES ($1, $2, $3, $4, $5);
