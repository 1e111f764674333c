-- +goose Up

-- Which built-ins need a guard is found out when a program is compiled. The column stays: a
-- program of an earlier version that still runs beside this one reads and writes it. The value
-- makes it guard all of them in versions that are published meanwhile.
ALTER TABLE script_versions ALTER COLUMN caps SET DEFAULT 1152921504606846975;
COMMENT ON COLUMN script_versions.caps IS 'neither read nor written any more';
