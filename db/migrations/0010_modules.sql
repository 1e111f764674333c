-- +goose Up
-- Scripts that share code: some are modules, which have exports and no URL. A version keeps all
-- that it was built from; texts and programs are there once, however many versions have them.
SET LOCAL lock_timeout = '3s';
CREATE TABLE sources (
    app_id uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    hash   bytea NOT NULL,                 -- SHA-256 of source
    source text NOT NULL,
    PRIMARY KEY (app_id, hash)
);
CREATE TABLE programs (
    app_id  uuid NOT NULL REFERENCES apps ON DELETE CASCADE,
    hash    bytea NOT NULL,                -- SHA-256 of program
    program text NOT NULL,                 -- what the engine runs
    PRIMARY KEY (app_id, hash)
);
INSERT INTO sources (app_id, hash, source) SELECT app_id, source_hash, source FROM script_versions ON CONFLICT DO NOTHING;
INSERT INTO programs (app_id, hash, program) SELECT app_id, hash, program FROM script_versions ON CONFLICT DO NOTHING;

ALTER TABLE script_versions
    ADD COLUMN inputs bytea,               -- SHA-256 of all that the version was built from, see script.inputsOf
    ADD COLUMN origin int,                 -- the version that a person published of which this is another build
    ADD COLUMN exports jsonb;              -- of a module: bundle.Export
UPDATE script_versions SET inputs = sha256(convert_to(language, 'UTF8') || '\x00' || source_hash), origin = number;
ALTER TABLE script_versions
    ALTER COLUMN inputs SET NOT NULL,
    ALTER COLUMN origin SET NOT NULL,
    ALTER COLUMN hash DROP NOT NULL,       -- NULL: of a module, which nothing runs by itself
    DROP COLUMN source,
    DROP COLUMN program,
    ADD FOREIGN KEY (app_id, source_hash) REFERENCES sources DEFERRABLE INITIALLY DEFERRED, -- an app goes as a whole
    ADD FOREIGN KEY (app_id, hash) REFERENCES programs DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX script_versions_source ON script_versions (app_id, source_hash);
CREATE INDEX script_versions_program ON script_versions (app_id, hash);

CREATE TABLE version_modules (             -- the modules in a version
    app_id      uuid NOT NULL,
    version_id  uuid NOT NULL REFERENCES script_versions ON DELETE CASCADE,
    file        text NOT NULL,             -- by which its code is told, as pricing.ts or pricing@3.ts
    module_id   uuid NOT NULL,             -- of its script, which may be gone
    name        text NOT NULL,             -- as it was
    number      int NOT NULL,              -- its version
    language    text NOT NULL,
    source_hash bytea NOT NULL,
    follows     boolean NOT NULL,          -- there is an import of it that names no version
    PRIMARY KEY (version_id, file),
    FOREIGN KEY (app_id, source_hash) REFERENCES sources DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX version_modules_module ON version_modules (app_id, module_id);
CREATE INDEX version_modules_source ON version_modules (app_id, source_hash);

CREATE TABLE version_imports (             -- who imports whom in a version
    app_id     uuid NOT NULL,
    version_id uuid NOT NULL,
    importer   text NOT NULL,              -- '': the version's own text; else a file
    specifier  text NOT NULL,              -- what stands between the quotes
    file       text NOT NULL,
    PRIMARY KEY (version_id, importer, specifier),
    FOREIGN KEY (version_id, file) REFERENCES version_modules ON DELETE CASCADE
);

-- Last, since calls wait for it: what is above takes its time.
ALTER TABLE scripts ADD COLUMN kind text NOT NULL DEFAULT 'endpoint' CHECK (kind IN ('endpoint', 'module'));
ALTER TABLE apps ADD COLUMN module_revision bigint NOT NULL DEFAULT 0; -- grows when what imports lead to may change
