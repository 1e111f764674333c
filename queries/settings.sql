-- name: ReadSetting :one
SELECT value FROM settings WHERE name = $1;

-- name: AddSetting :exec
-- Keeps what another node wrote first.
INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING;
