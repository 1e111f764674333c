-- +goose Up
-- Runs are about more than HTTP requests: what a run is about is its subject, and method and
-- path belong to a request. NULL in the new columns is what most runs have: a run that nothing
-- here caused, tried for the first time. A subject is NULL in rows that were written before.
-- It must not queue behind a long reader, for all who write rows would queue behind it.
SET LOCAL lock_timeout = '3s';
ALTER TABLE executions
    ADD COLUMN subject   text,
    ADD COLUMN root_id   uuid,
    ADD COLUMN parent_id uuid,
    ADD COLUMN depth     smallint,
    ADD COLUMN attempt   smallint,
    ADD COLUMN source    text,
    ALTER COLUMN method DROP NOT NULL,
    ALTER COLUMN path DROP NOT NULL;
