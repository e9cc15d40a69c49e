-- Ids, tokens and digests are 16 bytes; times are microseconds since 1970, UTC.
-- No value of a record is in here unsealed: see `review.sealed`, `pre_image.sealed` and `secret.sealed`.
-- Texts that are keys are compared byte by byte, so that no upgrade of the server's collations can break an index.

CREATE TABLE clinic_sync.schema_version (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    version BIGINT  NOT NULL
);

CREATE TABLE clinic_sync.link (
    tenant   TEXT   COLLATE "C" NOT NULL,
    kind     TEXT   COLLATE "C" NOT NULL,
    id       BYTEA  NOT NULL,
    version  BIGINT NOT NULL,
    -- What a sweep needs of every link, as JSON: a page of heads is one text.
    head     TEXT   NOT NULL,
    left_id  TEXT   COLLATE "C",
    right_id TEXT   COLLATE "C",
    -- The token of an open create, and that of the create that made one of the records.
    intent   BYTEA,
    token    BYTEA,
    salt     BYTEA  NOT NULL,
    -- The rest, as JSON.
    body     TEXT   NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX link_head ON clinic_sync.link (tenant, kind, id);
CREATE UNIQUE INDEX link_left ON clinic_sync.link (tenant, kind, left_id) WHERE left_id IS NOT NULL;
CREATE UNIQUE INDEX link_right ON clinic_sync.link (tenant, kind, right_id) WHERE right_id IS NOT NULL;
CREATE INDEX link_intent ON clinic_sync.link (tenant, intent) WHERE intent IS NOT NULL;
CREATE INDEX link_token ON clinic_sync.link (tenant, token) WHERE token IS NOT NULL;

-- What the links' records are recognised by.
CREATE TABLE clinic_sync.mark (
    tenant TEXT  COLLATE "C" NOT NULL,
    kind   TEXT  COLLATE "C" NOT NULL,
    side   TEXT  COLLATE "C" NOT NULL,
    scheme TEXT  COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    link   BYTEA NOT NULL,
    PRIMARY KEY (tenant, kind, side, scheme, digest, link)
);
CREATE INDEX mark_link ON clinic_sync.mark (tenant, link);

CREATE TABLE clinic_sync.review (
    tenant       TEXT   COLLATE "C" NOT NULL,
    id           BYTEA  NOT NULL,
    kind         TEXT   COLLATE "C" NOT NULL,
    link         BYTEA,
    left_record  TEXT,
    right_record TEXT,
    reason       TEXT   NOT NULL,
    shown        TEXT   NOT NULL,
    opened_at    BIGINT NOT NULL,
    decision     TEXT,
    sealed       BYTEA,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX review_link ON clinic_sync.review (tenant, link) WHERE link IS NOT NULL;

CREATE TABLE clinic_sync.run (
    tenant     TEXT   COLLATE "C" NOT NULL,
    id         BYTEA  NOT NULL,
    kind       TEXT   COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    state      TEXT   NOT NULL,
    counts     TEXT   NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX run_newest ON clinic_sync.run (tenant, kind, started_at, id);

CREATE TABLE clinic_sync.operation (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant  TEXT   COLLATE "C" NOT NULL,
    link    BYTEA  NOT NULL,
    at      BIGINT NOT NULL,
    run     BYTEA,
    side    TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    record  TEXT,
    fields  TEXT   NOT NULL,
    outcome TEXT   NOT NULL
);
CREATE INDEX operation_link ON clinic_sync.operation (tenant, link);

CREATE TABLE clinic_sync.pre_image (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant TEXT   COLLATE "C" NOT NULL,
    link   BYTEA  NOT NULL,
    side   TEXT   NOT NULL,
    record TEXT   NOT NULL,
    field  TEXT   NOT NULL,
    sealed BYTEA,
    at     BIGINT NOT NULL,
    until  BIGINT NOT NULL
);
CREATE INDEX pre_image_link ON clinic_sync.pre_image (tenant, link);
CREATE INDEX pre_image_until ON clinic_sync.pre_image (until);

-- The inbox. A hint keeps its place (`seq`) however often it is pushed.
CREATE TABLE clinic_sync.hint (
    seq         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant      TEXT    COLLATE "C" NOT NULL,
    kind        TEXT    COLLATE "C" NOT NULL,
    side        TEXT    COLLATE "C" NOT NULL,
    record      TEXT    COLLATE "C" NOT NULL,
    urgency     BIGINT  NOT NULL,
    due         BIGINT  NOT NULL,
    -- When the newest hint for the record came in.
    newest      BIGINT  NOT NULL,
    attempts    BIGINT  NOT NULL DEFAULT 0,
    generation  BIGINT  NOT NULL,
    taken_until BIGINT,
    dead        BOOLEAN NOT NULL DEFAULT FALSE,
    reason      TEXT,
    UNIQUE (tenant, kind, side, record)
);
CREATE INDEX hint_waiting ON clinic_sync.hint (tenant, urgency, seq) WHERE NOT dead;

-- Deliveries that were received, so that a second one does nothing.
CREATE TABLE clinic_sync.delivery (
    tenant TEXT   COLLATE "C" NOT NULL,
    id     TEXT   COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX delivery_at ON clinic_sync.delivery (at);

CREATE TABLE clinic_sync.lease (
    tenant TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    fence  BIGINT NOT NULL,
    holder TEXT,
    until  BIGINT
);

-- A known text under the master key: tells a wrong key at once.
CREATE TABLE clinic_sync.vault_check (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BYTEA   NOT NULL
);

-- Each tenant's data key, wrapped by the master key.
CREATE TABLE clinic_sync.tenant_key (
    tenant  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    wrapped BYTEA  NOT NULL
);

-- What is readable about a person is sealed under a key that needs this salt; without it, it is noise.
-- It is kept apart from the link, since values outlive a link that was joined into another.
CREATE TABLE clinic_sync.person_salt (
    tenant TEXT  COLLATE "C" NOT NULL,
    link   BYTEA NOT NULL,
    salt   BYTEA NOT NULL,
    PRIMARY KEY (tenant, link)
);

CREATE TABLE clinic_sync.secret (
    tenant TEXT  COLLATE "C" NOT NULL,
    name   TEXT  COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (tenant, name)
);
