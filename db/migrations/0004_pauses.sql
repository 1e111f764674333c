-- +goose Up
-- A program that was proved to have ended its worker again and again is paused, and so is an
-- app that has several such programs.
CREATE TABLE worker_deaths (                -- those of which it is known whose doing they were
    execution_id uuid PRIMARY KEY,          -- the run
    app_id       uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    hash         bytea NOT NULL,            -- SHA-256 of its program
    at           timestamptz NOT NULL
);
CREATE INDEX worker_deaths_program ON worker_deaths (app_id, hash, at);

CREATE TABLE pauses (
    app_id     uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    hash       bytea NOT NULL,              -- SHA-256 of the program; empty: all of the app
    script_id  uuid NOT NULL,               -- of the last run
    version    int NOT NULL,                -- of the last run; 0: the draft
    why        text NOT NULL,               -- what the last run did
    executions uuid[] NOT NULL,             -- the runs of the program, the last first
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, hash)
);
