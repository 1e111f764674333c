-- +goose Up

CREATE TABLE settings (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- People ---------------------------------------------------------------------

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL,
    name          text NOT NULL,
    password_hash text NOT NULL,           -- PHC string
    owner         boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE UNIQUE INDEX users_one_owner ON users (owner) WHERE owner; -- two set-ups at once make one

CREATE TABLE setup_tokens (
    single     boolean PRIMARY KEY DEFAULT true CHECK (single),
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    token_hash   bytea NOT NULL UNIQUE,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    data         bytea NOT NULL,
    address      text NOT NULL,
    agent        text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL       -- absolute
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE sign_in_failures (
    subject   text PRIMARY KEY,             -- 'account:…' or 'address:…', hashed
    count     int NOT NULL,
    last_at   timestamptz NOT NULL
);

-- Apps and scripts -----------------------------------------------------------

CREATE TABLE apps (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE app_old_slugs (                -- answers 308 until the slug is used again
    slug   text PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps ON DELETE CASCADE
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    app_id       uuid REFERENCES apps ON DELETE CASCADE, -- NULL: every app of the user
    name         text NOT NULL,
    hash         bytea NOT NULL UNIQUE,     -- SHA-256 of the whole key
    last4        text NOT NULL,
    access       text NOT NULL CHECK (access IN ('read', 'write')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE audit (
    id      uuid PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    actor   text NOT NULL,                  -- 'user:<id>', 'key:<id>', 'cli', 'system'
    action  text NOT NULL,
    object  text NOT NULL,
    detail  jsonb NOT NULL DEFAULT '{}',
    address text NOT NULL DEFAULT ''
);

CREATE TABLE scripts (
    id           uuid PRIMARY KEY,
    app_id       uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    name         text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    description  text NOT NULL DEFAULT '',
    language     text NOT NULL CHECK (language IN ('typescript', 'javascript')),
    capture      text NOT NULL DEFAULT 'heads' CHECK (capture IN ('off', 'heads', 'all')),
    live_version int,                       -- NULL: never published
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (app_id, name),
    UNIQUE (app_id, id)
);

CREATE TABLE script_old_names (             -- answers 308 until the name is used again
    app_id    uuid NOT NULL,
    name      text NOT NULL,
    script_id uuid NOT NULL,
    PRIMARY KEY (app_id, name),
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE
);

CREATE TABLE drafts (
    script_id    uuid PRIMARY KEY,
    app_id       uuid NOT NULL,
    source       text NOT NULL,
    source_hash  bytea NOT NULL,            -- SHA-256 of source: tells draft from live without reading either
    revision     bigint NOT NULL,           -- grows by one at each save
    base_version int,                       -- the version the draft was begun from
    updated_at   timestamptz NOT NULL DEFAULT now(),
    updated_by   uuid REFERENCES users ON DELETE SET NULL,
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE
);

CREATE TABLE script_versions (              -- immutable
    id         uuid PRIMARY KEY,
    app_id     uuid NOT NULL,
    script_id  uuid NOT NULL,
    number     int NOT NULL CHECK (number > 0),
    language   text NOT NULL,
    source     text NOT NULL,
    source_hash bytea NOT NULL,             -- SHA-256 of source
    program    text NOT NULL,               -- what the engine runs
    source_map text NOT NULL,               -- Source Map revision 3, program → source
    hash       bytea NOT NULL,              -- SHA-256 of program
    caps       bigint NOT NULL,             -- built-ins that need a guard, see engine/js
    author_id  uuid REFERENCES users ON DELETE SET NULL,
    author     text NOT NULL,               -- the name as it was
    note       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (app_id, script_id, number),
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE
);

CREATE TABLE deployments (                  -- who made what live, when and why
    id           uuid PRIMARY KEY,
    app_id       uuid NOT NULL,
    script_id    uuid NOT NULL,
    from_version int,
    to_version   int NOT NULL,
    author_id    uuid REFERENCES users ON DELETE SET NULL,
    author       text NOT NULL,
    note         text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE
);
CREATE INDEX deployments_script ON deployments (app_id, script_id, id);

CREATE TABLE change_log (                   -- what nodes re-read; LISTEN is only a hint
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_id uuid NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);

-- Runs -----------------------------------------------------------------------
-- Partitioned as ranges of the UUIDv7: a range is a day, or a part of a busy day. No
-- foreign keys. Ranges are made ahead by the upkeep of engine/execution; what falls
-- between lands in the default.

CREATE TABLE executions (
    id          uuid NOT NULL,
    app_id      uuid NOT NULL,
    script_id   uuid NOT NULL,
    script_name text NOT NULL,
    version     int NOT NULL,               -- 0: the draft
    trigger     text NOT NULL,
    method      text NOT NULL,
    path        text NOT NULL,
    status      smallint NOT NULL,
    outcome     text NOT NULL,
    started_at  timestamptz NOT NULL,
    wall_us     bigint NOT NULL,
    cpu_us      bigint NOT NULL,
    log_lines   int NOT NULL,
    error       jsonb                       -- name, message, mapped stack, limit
) PARTITION BY RANGE (id);
CREATE UNIQUE INDEX executions_app ON executions (app_id, id); -- unique: a run recovered twice is one row
CREATE INDEX executions_script ON executions (script_id, id);
CREATE INDEX executions_app_notable ON executions (app_id, id) WHERE outcome <> 'ok' OR status >= 400;
CREATE INDEX executions_script_notable ON executions (script_id, id) WHERE outcome <> 'ok' OR status >= 400;
CREATE TABLE executions_default PARTITION OF executions DEFAULT;

CREATE TABLE log_lines (
    execution_id uuid NOT NULL,
    app_id       uuid NOT NULL,
    seq          int NOT NULL,
    at           timestamptz NOT NULL,
    level        text NOT NULL,
    message      text NOT NULL,
    fields       text                       -- a JSON object
) PARTITION BY RANGE (execution_id);
CREATE INDEX log_lines_execution ON log_lines (execution_id, seq);
CREATE TABLE log_lines_default PARTITION OF log_lines DEFAULT;

-- One value in the encoding of engine/execution: taking heads as jsonb costs as much
-- as everything else of a run together.
CREATE TABLE captures (
    execution_id uuid NOT NULL,
    app_id       uuid NOT NULL,
    data         bytea NOT NULL
) PARTITION BY RANGE (execution_id);
CREATE INDEX captures_execution ON captures USING brin (execution_id) WITH (pages_per_range = 16); -- summarized by the upkeep: autosummarize fills the server's log
CREATE TABLE captures_default PARTITION OF captures DEFAULT;

CREATE TABLE run_counts (                   -- drafts are not counted; outlives the rows of the runs
    app_id      uuid NOT NULL,
    script_id   uuid NOT NULL,
    hour        timestamptz NOT NULL,
    runs        bigint NOT NULL,
    failures    bigint NOT NULL,            -- outcome neither ok nor cancelled, or status >= 500
    wall_us     bigint NOT NULL,            -- sum
    cpu_us      bigint NOT NULL,            -- sum
    wall_us_max bigint NOT NULL,
    PRIMARY KEY (app_id, script_id, hour)
) WITH (fillfactor = 50);

CREATE TABLE run_losses (                   -- runs whose row could not be kept
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    reason text NOT NULL,                   -- 'full': no room in the ring, 'refused': the database did not take it
    count  bigint NOT NULL
);
