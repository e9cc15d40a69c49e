-- The practices of a group. Their settings are secrets (`secret`).
CREATE TABLE clinic_sync.tenant (
    tenant     TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    paused     BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether the very first sync, which may create many records, is allowed.
    first_sync BOOLEAN NOT NULL DEFAULT FALSE,
    -- Rises with every change of the settings, so that running processes see it.
    version    BIGINT  NOT NULL DEFAULT 1,
    added_at   BIGINT  NOT NULL
);

-- What only one tenant can have, such as an account on one of the sides.
CREATE TABLE clinic_sync.claim (
    claim  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL REFERENCES clinic_sync.tenant (tenant) ON DELETE CASCADE
);
CREATE INDEX claim_tenant ON clinic_sync.claim (tenant);
