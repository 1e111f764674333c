-- +goose Up
SET LOCAL lock_timeout = '3s'; -- it must not queue behind a long reader
ALTER TABLE scripts
    DROP CONSTRAINT scripts_language_check,
    ADD CONSTRAINT scripts_language_check CHECK (language IN ('typescript', 'tsx', 'javascript'));
