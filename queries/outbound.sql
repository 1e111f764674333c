-- name: ReadOutbound :one
SELECT * FROM outbound_policies WHERE app_id = $1;

-- name: LockOutbound :one
-- Held to the end of the transaction.
SELECT * FROM outbound_policies WHERE app_id = $1 FOR UPDATE;

-- name: SetOutbound :one
INSERT INTO outbound_policies (app_id, mode, hosts, networks, author_id, author)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (app_id) DO UPDATE SET mode = excluded.mode, hosts = excluded.hosts, networks = excluded.networks,
    author_id = excluded.author_id, author = excluded.author, set_at = now()
RETURNING *;

-- name: ListOutboundOfApps :many
SELECT app_id, mode, hosts, networks FROM outbound_policies WHERE app_id = ANY(sqlc.arg(app_ids)::uuid[]);

-- name: ListSeenHosts :many
SELECT w.script_id, s.name AS script_name, w.host, w.first_at, w.last_at
FROM outbound_seen w JOIN scripts s ON s.app_id = w.app_id AND s.id = w.script_id
WHERE w.app_id = $1
ORDER BY s.name, w.host;

-- name: NoteSeenHostsAcrossApps :exec
-- Adds hosts of apps that learn, and says of those that are there when they were last called. What
-- is over the most that a script or its app may have is left out. In order, so that two who write
-- the same rows wait for each other in turn.
WITH noted AS (
    SELECT unnest(sqlc.arg(script_ids)::uuid[]) AS script_id, unnest(sqlc.arg(hosts)::text[]) AS host
), known AS (
    SELECT s.app_id, s.id AS script_id, n.host, w.host IS NOT NULL AS there,
        row_number() OVER (PARTITION BY s.app_id, w.host IS NULL ORDER BY s.id, n.host) AS nth_of_app,
        row_number() OVER (PARTITION BY s.app_id, s.id, w.host IS NULL ORDER BY n.host) AS nth_of_script
    FROM noted n
    JOIN scripts s ON s.id = n.script_id
    JOIN outbound_policies p ON p.app_id = s.app_id AND p.mode = 'learn'
    LEFT JOIN outbound_seen w ON w.app_id = s.app_id AND w.script_id = s.id AND w.host = n.host
)
INSERT INTO outbound_seen (app_id, script_id, host)
SELECT k.app_id, k.script_id, k.host FROM known k
WHERE k.there OR (
    k.nth_of_app + (SELECT count(*) FROM outbound_seen a WHERE a.app_id = k.app_id) <= sqlc.arg(most_of_app)::int AND
    k.nth_of_script + (SELECT count(*) FROM outbound_seen a WHERE a.app_id = k.app_id AND a.script_id = k.script_id) <= sqlc.arg(most_of_script)::int)
ORDER BY k.app_id, k.script_id, k.host
ON CONFLICT (app_id, script_id, host) DO UPDATE SET last_at = now();

-- name: ForgetSeenHosts :exec
DELETE FROM outbound_seen WHERE app_id = $1;
