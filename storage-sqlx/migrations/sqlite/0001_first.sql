-- Ids, tokens and digests are 16 bytes; times are microseconds since 1970, UTC.
-- No value of a record is in here unsealed: see `review.sealed`, `pre_image.sealed` and `secret.sealed`.

CREATE TABLE link (
    tenant   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    id       BLOB    NOT NULL,
    version  INTEGER NOT NULL,
    -- What a sweep needs of every link, as JSON: a page of heads is one text.
    head     TEXT    NOT NULL,
    left_id  TEXT,
    right_id TEXT,
    -- The token of an open create, and that of the create that made one of the records.
    intent   BLOB,
    token    BLOB,
    salt     BLOB    NOT NULL,
    -- The rest, as JSON.
    body     TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
-- With the heads in it: a sweep reads the index alone.
CREATE INDEX link_head ON link (tenant, kind, id, head);
CREATE UNIQUE INDEX link_left ON link (tenant, kind, left_id) WHERE left_id IS NOT NULL;
CREATE UNIQUE INDEX link_right ON link (tenant, kind, right_id) WHERE right_id IS NOT NULL;
CREATE INDEX link_intent ON link (tenant, intent) WHERE intent IS NOT NULL;
CREATE INDEX link_token ON link (tenant, token) WHERE token IS NOT NULL;

-- What the links' records are recognised by.
CREATE TABLE mark (
    tenant TEXT NOT NULL,
    kind   TEXT NOT NULL,
    side   TEXT NOT NULL,
    scheme TEXT NOT NULL,
    digest BLOB NOT NULL,
    link   BLOB NOT NULL,
    PRIMARY KEY (tenant, kind, side, scheme, digest, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_link ON mark (tenant, link);

CREATE TABLE review (
    tenant       TEXT    NOT NULL,
    id           BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    link         BLOB,
    left_record  TEXT,
    right_record TEXT,
    reason       TEXT    NOT NULL,
    shown        TEXT    NOT NULL,
    opened_at    INTEGER NOT NULL,
    decision     TEXT,
    sealed       BLOB,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX review_link ON review (tenant, link) WHERE link IS NOT NULL;

CREATE TABLE run (
    tenant     TEXT    NOT NULL,
    id         BLOB    NOT NULL,
    kind       TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    state      TEXT    NOT NULL,
    counts     TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX run_newest ON run (tenant, kind, started_at, id);

CREATE TABLE operation (
    seq     INTEGER PRIMARY KEY,
    tenant  TEXT    NOT NULL,
    link    BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    run     BLOB,
    side    TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    record  TEXT,
    fields  TEXT    NOT NULL,
    outcome TEXT    NOT NULL
) STRICT;
CREATE INDEX operation_link ON operation (tenant, link);

CREATE TABLE pre_image (
    seq    INTEGER PRIMARY KEY,
    tenant TEXT    NOT NULL,
    link   BLOB    NOT NULL,
    side   TEXT    NOT NULL,
    record TEXT    NOT NULL,
    field  TEXT    NOT NULL,
    sealed BLOB,
    at     INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT;
CREATE INDEX pre_image_link ON pre_image (tenant, link);
CREATE INDEX pre_image_until ON pre_image (until);

-- The inbox. A hint keeps its place (`seq`) however often it is pushed.
CREATE TABLE hint (
    seq         INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    side        TEXT    NOT NULL,
    record      TEXT    NOT NULL,
    urgency     INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    -- When the newest hint for the record came in.
    newest      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 1,
    taken_until INTEGER,
    dead        INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    UNIQUE (tenant, kind, side, record)
) STRICT;
CREATE INDEX hint_waiting ON hint (tenant, urgency, seq) WHERE dead = 0;

-- Deliveries that were received, so that a second one does nothing.
CREATE TABLE delivery (
    tenant TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_at ON delivery (at);

CREATE TABLE lease (
    tenant TEXT    NOT NULL PRIMARY KEY,
    fence  INTEGER NOT NULL,
    holder TEXT,
    until  INTEGER
) STRICT;

-- A known text under the master key: tells a wrong key at once.
CREATE TABLE vault_check (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB    NOT NULL
) STRICT;

-- Each tenant's data key, wrapped by the master key.
CREATE TABLE tenant_key (
    tenant  TEXT    NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    wrapped BLOB    NOT NULL
) STRICT;

-- What is readable about a person is sealed under a key that needs this salt; without it, it is noise.
-- It is kept apart from the link, since values outlive a link that was joined into another.
CREATE TABLE person_salt (
    tenant TEXT NOT NULL,
    link   BLOB NOT NULL,
    salt   BLOB NOT NULL,
    PRIMARY KEY (tenant, link)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
