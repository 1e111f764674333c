
-- name: AddOwner :exec
-- users_one_owner lets one of two set-ups through.
INSERT INTO users (id, email, name, password_hash, owner) VALUES ($1, $2, $3, $4, true);

-- name: HasUser :one
SELECT EXISTS (SELECT FROM users);

-- name: ReadUserByEmail :one
SELECT * FROM users WHERE lower(email) = lower(sqlc.arg(email));

-- name: ReadUser :one
SELECT * FROM users WHERE id = $1;

-- name: SetPasswordHash :exec
UPDATE users SET password_hash = $2 WHERE id = $1;

-- name: ReplacePasswordHash :exec
-- A rehash must not undo a password change that came in between.
UPDATE users SET password_hash = sqlc.arg(new_hash) WHERE id = $1 AND password_hash = sqlc.arg(old_hash);


-- name: PutSetupToken :execrows
INSERT INTO setup_tokens (token_hash, expires_at)
SELECT sqlc.arg(token_hash), sqlc.arg(expires_at) WHERE NOT EXISTS (SELECT FROM users)
ON CONFLICT (single) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at;

-- name: ReadSetupToken :one
SELECT token_hash, expires_at FROM setup_tokens;

-- name: LockSetupToken :one
SELECT token_hash, expires_at FROM setup_tokens FOR UPDATE;

-- name: DropSetupToken :exec
DELETE FROM setup_tokens;


-- name: TakeSignInAttempt :one
-- Counts the attempt before it is tried, so that many at once cannot share one allowance.
-- No row comes back while the subject has to wait: 2^(count - free) seconds, up to the longest.
INSERT INTO sign_in_failures AS f (subject, count, last_at) VALUES (sqlc.arg(subject), 1, sqlc.arg(now))
ON CONFLICT (subject) DO UPDATE
SET count = CASE WHEN f.last_at < sqlc.arg(forgotten) THEN 1 ELSE f.count + 1 END, last_at = sqlc.arg(now)
WHERE f.count < sqlc.arg(free)::int OR f.last_at <= sqlc.arg(now)::timestamptz
  - least(power(2, least(f.count - sqlc.arg(free)::int, 30)), sqlc.arg(longest)::float8) * interval '1 second'
RETURNING count;

-- name: ReadSignInFailures :one
SELECT count, last_at FROM sign_in_failures WHERE subject = $1;

-- name: GiveBackSignInAttempt :exec
UPDATE sign_in_failures SET count = greatest(count - 1, 0) WHERE subject = $1;

-- name: ForgetSignInFailures :exec
DELETE FROM sign_in_failures WHERE subject = $1;

-- name: DropOldSignInFailures :exec
DELETE FROM sign_in_failures WHERE last_at < sqlc.arg(before);

-- name: HasSessionFrom :one
SELECT EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE lower(u.email) = lower(sqlc.arg(email)) AND s.address = sqlc.arg(address) AND s.expires_at > sqlc.arg(now));


-- name: AddSession :exec
INSERT INTO sessions (id, token_hash, user_id, data, address, agent, created_at, last_seen_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(token_hash), sqlc.arg(user_id), sqlc.arg(data), sqlc.arg(address), sqlc.arg(agent),
  sqlc.arg(now), sqlc.arg(now), sqlc.arg(expires_at));

-- name: SetSessionData :exec
UPDATE sessions SET data = $2 WHERE token_hash = $1;

-- name: FindSession :one
SELECT s.id, s.user_id, s.data, s.address, s.agent, s.last_seen_at, s.expires_at, u.email, u.name
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at > sqlc.arg(now) AND s.last_seen_at > sqlc.arg(idle_since);

-- name: TouchSession :exec
UPDATE sessions SET last_seen_at = sqlc.arg(now) WHERE id = $1 AND last_seen_at < sqlc.arg(now);

-- name: IsSessionAlive :one
SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND expires_at > sqlc.arg(now) AND last_seen_at > sqlc.arg(idle_since));

-- name: ListSessions :many
SELECT id, address, agent, created_at, last_seen_at, expires_at FROM sessions
WHERE user_id = $1 AND expires_at > sqlc.arg(now) AND last_seen_at > sqlc.arg(idle_since)
ORDER BY last_seen_at DESC, id;

-- name: DropSessionByToken :exec
DELETE FROM sessions WHERE token_hash = $1;

-- name: DropSession :execrows
DELETE FROM sessions WHERE id = $1 AND user_id = $2;

-- name: DropOtherSessions :execrows
DELETE FROM sessions WHERE user_id = $1 AND id <> sqlc.arg(kept);

-- name: DropSessionsOfUser :execrows
DELETE FROM sessions WHERE user_id = $1;

-- name: DropExpiredSessions :exec
DELETE FROM sessions WHERE expires_at < sqlc.arg(now);


-- name: AddKey :exec
INSERT INTO api_keys (id, user_id, app_id, name, hash, last4, access, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, sqlc.arg(created_at), $8);

-- name: FindKey :one
SELECT k.id, k.user_id, k.app_id, k.name, k.access, k.last_used_at, u.email, u.name AS user_name
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > sqlc.arg(now)::timestamptz);

-- name: ListKeys :many
SELECT k.id, k.app_id, a.slug AS app_slug, k.name, k.last4, k.access, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
FROM api_keys k LEFT JOIN apps a ON a.id = k.app_id
WHERE k.user_id = $1 AND k.revoked_at IS NULL
ORDER BY k.id DESC;

-- name: HasApp :one
SELECT EXISTS (SELECT FROM apps WHERE id = $1);

-- name: RevokeKey :execrows
UPDATE api_keys SET revoked_at = sqlc.arg(now)::timestamptz WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL;

-- name: TouchKeys :exec
UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, t.at)
FROM (SELECT unnest(sqlc.arg(ids)::uuid[]) AS id, unnest(sqlc.arg(ats)::timestamptz[]) AS at) t
WHERE k.id = t.id;


-- name: AddAudit :exec
INSERT INTO audit (id, at, actor, action, object, detail, address) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: DropOldFailedSignIns :exec
DELETE FROM audit WHERE id < sqlc.arg(before) AND action = sqlc.arg(action);
