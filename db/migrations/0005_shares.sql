-- +goose Up
-- What keeps one app from filling the history of all. It must not queue behind a long reader,
-- for all who write rows would queue behind it.
SET LOCAL lock_timeout = '3s';
ALTER TABLE executions
    ADD COLUMN others   bigint,   -- more calls like this one in the same minute, which have no row of their own
    ADD COLUMN left_out smallint; -- of what there was: 1 the messages, 2 the log and the messages; see engine/execution/archive
ALTER TABLE run_counts
    ADD COLUMN bytes bigint NOT NULL DEFAULT 0; -- about what its runs take in the history, drafts too
CREATE INDEX run_counts_hour ON run_counts (hour); -- what was added in the last day
