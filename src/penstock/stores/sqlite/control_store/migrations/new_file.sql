CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE tokens (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    name TEXT NOT NULL, 
    permissions TEXT NOT NULL, 
    accounts TEXT NOT NULL, 
    gateways TEXT NOT NULL, 
    secrets TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    expires_us BIGINT, 
    user TEXT NOT NULL, 
    team TEXT NOT NULL, 
    rate_limit TEXT NOT NULL, 
    spend_limit TEXT NOT NULL, 
    providers TEXT NOT NULL, 
    models TEXT NOT NULL, 
    metadata TEXT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (id)
);

CREATE TABLE provider_keys (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    gateway TEXT NOT NULL, 
    provider TEXT NOT NULL, 
    alias TEXT NOT NULL, 
    sealed BLOB NOT NULL, 
    preview TEXT NOT NULL, 
    hosts TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (id)
);

CREATE TABLE custom_providers (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    slug TEXT NOT NULL, 
    name TEXT NOT NULL, 
    base_url TEXT NOT NULL, 
    enable BOOLEAN NOT NULL, 
    allow_private BOOLEAN NOT NULL, 
    sealed_headers BLOB, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, slug), 
    UNIQUE (id)
);

CREATE TABLE version (
    number BIGINT NOT NULL
);

INSERT INTO version (number) VALUES (0);

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;

-- Running upgrade 0001 -> 0002

ALTER TABLE provider_keys ADD COLUMN is_default BOOLEAN DEFAULT 0 NOT NULL;

ALTER TABLE provider_keys ADD COLUMN rate_limit BIGINT;

ALTER TABLE provider_keys ADD COLUMN rate_limit_period BIGINT DEFAULT '60' NOT NULL;

ALTER TABLE provider_keys ADD COLUMN secret_id TEXT DEFAULT '' NOT NULL;

ALTER TABLE provider_keys ADD COLUMN modified_us BIGINT DEFAULT '0' NOT NULL;

UPDATE provider_keys SET modified_us = created_us;

ALTER TABLE custom_providers ADD COLUMN about TEXT DEFAULT '{}' NOT NULL;

CREATE TABLE gateways (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    gateway TEXT NOT NULL, 
    fields TEXT NOT NULL, 
    sealed BLOB, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, gateway), 
    UNIQUE (id)
);

CREATE TABLE routes (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    gateway TEXT NOT NULL, 
    name TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    versions TEXT NOT NULL, 
    deployments TEXT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, gateway, name), 
    UNIQUE (id)
);

CREATE TABLE datasets (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    gateway TEXT NOT NULL, 
    name TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    enable BOOLEAN NOT NULL, 
    filters TEXT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, gateway, name), 
    UNIQUE (id)
);

CREATE TABLE evaluations (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    gateway TEXT NOT NULL, 
    name TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    dataset_ids TEXT NOT NULL, 
    evaluation_type_ids TEXT NOT NULL, 
    processed BOOLEAN NOT NULL, 
    total_logs BIGINT NOT NULL, 
    results TEXT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, gateway, name), 
    UNIQUE (id)
);

CREATE TABLE audit (
    number INTEGER NOT NULL, 
    at_us BIGINT NOT NULL, 
    actor TEXT NOT NULL, 
    action TEXT NOT NULL, 
    kind TEXT NOT NULL, 
    account TEXT NOT NULL, 
    subject TEXT NOT NULL, 
    "before" TEXT, 
    "after" TEXT, 
    PRIMARY KEY (number)
);

CREATE INDEX audit_account ON audit (account, number);

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

CREATE TABLE model_aliases (
    seq INTEGER NOT NULL, 
    id TEXT NOT NULL, 
    account TEXT NOT NULL, 
    name TEXT NOT NULL, 
    models TEXT NOT NULL, 
    created_us BIGINT NOT NULL, 
    modified_us BIGINT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (account, name), 
    UNIQUE (id)
);

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

ALTER TABLE tokens ADD COLUMN max_estimate FLOAT;

ALTER TABLE tokens ADD COLUMN max_active BIGINT;

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

ALTER TABLE tokens ADD COLUMN note TEXT DEFAULT '' NOT NULL;

ALTER TABLE tokens ADD COLUMN blocked BOOLEAN DEFAULT 0 NOT NULL;

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

ALTER TABLE tokens ADD COLUMN operations TEXT DEFAULT '[]' NOT NULL;

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

