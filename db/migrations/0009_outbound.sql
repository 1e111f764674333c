-- +goose Up
-- Where the functions of an app may send requests of their own. An app without a row may reach
-- the public internet.
SET LOCAL lock_timeout = '3s';
CREATE TABLE outbound_policies (
    app_id     uuid PRIMARY KEY NOT NULL REFERENCES apps ON DELETE CASCADE,
    mode       text NOT NULL CHECK (mode IN ('open', 'learn', 'listed')),
    hosts      text[] NOT NULL,            -- where the mode is listed
    networks   text[] NOT NULL,            -- opened beyond the public internet
    set_at     timestamptz NOT NULL DEFAULT now(),
    author_id  uuid REFERENCES users ON DELETE SET NULL,
    author     text NOT NULL               -- who set it, by the name as it was
);

-- The hosts that scripts called while the mode was learn. The times are those of writing it down.
CREATE TABLE outbound_seen (
    app_id     uuid NOT NULL,
    script_id  uuid NOT NULL,
    host       text NOT NULL CHECK (length(host) <= 300), -- with the port where it does not go without saying
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, script_id, host),
    FOREIGN KEY (app_id, script_id) REFERENCES scripts (app_id, id) ON DELETE CASCADE
);
