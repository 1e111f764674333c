-- +goose Up
-- What a draft held before a version took its place, so that it can be taken back. NULL: there
-- is nothing that is not in a version.
SET LOCAL lock_timeout = '3s';
ALTER TABLE drafts
    ADD COLUMN replaced      text,
    ADD COLUMN replaced_base int,           -- its base_version
    ADD COLUMN replaced_at   timestamptz;
