/**
 * The schema, one step a version: the number of steps is the schema's version. A step that has been released is never
 * changed; a new one is put after it.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE endpoints (
    name TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    revision INTEGER NOT NULL,
    primary_key TEXT NOT NULL,
    secondary_key TEXT NOT NULL,
    signing_key TEXT NOT NULL,
    created_at TEXT NOT NULL,
    modified_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE deployments (
    endpoint TEXT NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    serving TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    revision INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    modified_at TEXT NOT NULL,
    PRIMARY KEY (endpoint, name)
  ) STRICT;

  CREATE TABLE assets (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    asset TEXT NOT NULL,
    digest TEXT NOT NULL,
    UNIQUE (kind, name, version)
  ) STRICT;

  CREATE TABLE revisions (
    endpoint TEXT NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    diff TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (endpoint, revision)
  ) STRICT;

  CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
    deployment TEXT,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    level TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_endpoint ON events (endpoint, number);

  CREATE TABLE rollouts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL REFERENCES endpoints (name) ON DELETE CASCADE,
    state TEXT NOT NULL,
    rollout TEXT NOT NULL
  ) STRICT;
  CREATE INDEX rollouts_of_endpoint ON rollouts (endpoint, number);
  `,
  `
  CREATE TABLE sagemaker_models (
    name TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sagemaker_endpoint_configs (
    name TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sagemaker_endpoints (
    name TEXT PRIMARY KEY,
    wanted TEXT NOT NULL,
    serving TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sagemaker_tags (
    resource TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
  ) STRICT;

  CREATE TABLE sagemaker_async_calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL REFERENCES sagemaker_endpoints (name) ON DELETE CASCADE,
    call TEXT NOT NULL,
    body BLOB,
    received_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sagemaker_async_calls_of_endpoint ON sagemaker_async_calls (endpoint, number);
  `,
];
