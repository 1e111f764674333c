-- +goose Up
-- What functions are configured with. An app has a value for a name, and each of its scripts may
-- have another one in its place.
SET LOCAL lock_timeout = '3s';
CREATE TABLE variables (
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    script_id  uuid,                       -- NULL: of the app
    name       text NOT NULL CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'),
    value      text,                       -- NULL: it is a secret
    sealed     bytea,                      -- of a secret, see engine/seal; bound to app, script and name
    key_id     text NOT NULL DEFAULT '',   -- the key that opens it; '': it is not sealed
    size       int NOT NULL,               -- bytes of the value
    set_at     timestamptz NOT NULL DEFAULT now(),
    author_id  uuid REFERENCES users ON DELETE SET NULL,
    author     text NOT NULL,              -- who set it, by the name as it was
    used_at    timestamptz,                -- when a function last read it, to the minute; only of secrets
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE,
    CHECK ((value IS NULL) <> (sealed IS NULL) AND (sealed IS NULL) = (key_id = ''))
);
CREATE UNIQUE INDEX variables_of_app ON variables (app_id, name) WHERE script_id IS NULL;
CREATE UNIQUE INDEX variables_of_script ON variables (app_id, script_id, name) WHERE script_id IS NOT NULL;

ALTER TABLE script_versions ADD COLUMN env_names text[] NOT NULL DEFAULT '{}'; -- of variables that the source names
