-- Where things run and who may look. Every table about a place carries its cluster; the tables without one are named
-- in schema.test.ts with the reason.

create table cluster (
  id          uuid primary key,
  name        text not null unique,
  created_at  timestamptz not null
);

create table node (
  id             uuid primary key,
  cluster_id     uuid not null references cluster,
  hostname       text not null,
  kernel         text not null,
  architecture   text not null,
  distribution   text not null,
  boot_id        text not null,
  machine_id     text not null,  -- shared by cloned machines: a fact, never an identity
  cgroup_mode    text not null,
  joined_at      timestamptz not null
);
create index node_by_cluster on node (cluster_id, hostname, id);

create table sensor (
  id               uuid primary key,
  cluster_id       uuid not null references cluster,
  node_id          uuid not null references node,
  version          text not null,
  joined_at        timestamptz not null,
  removed_at       timestamptz,
  link_state       jsonb            -- who may speak for the epoch, as link/protocol judges it
);
create index sensor_by_node on sensor (node_id);
create index sensor_living on sensor (cluster_id, id) where removed_at is null;

-- What changes all the time, apart from the row that deliveries hold on to.
create table sensor_report (
  sensor_id      uuid primary key references sensor,
  cluster_id     uuid not null,
  last_seen_at   timestamptz,
  clock_skew_ms  double precision,
  coverage       jsonb,             -- the last CoverageReport, as hub/ingest writes it
  reported_at    timestamptz
);

-- The only idempotency: moved in the transaction that applies the batch.
create table watermark (
  sensor_id   uuid not null,
  epoch       text not null,       -- 16 hex digits
  stream      text not null,       -- detection, telemetry
  cluster_id  uuid not null,
  sequence    bigint not null,
  moved_at    timestamptz not null,
  primary key (sensor_id, epoch, stream)
);

create table certificate (
  serial      text primary key,
  cluster_id  uuid not null,
  sensor_id   uuid not null references sensor,
  issued_at   timestamptz not null,
  expires_at  timestamptz not null
);
create index certificate_by_sensor on certificate (sensor_id, expires_at desc);

create table join_token (
  secret_hash  bytea primary key,
  cluster_id   uuid not null references cluster,
  created_by   text not null,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  used_at      timestamptz,
  used_by      uuid,
  used_key     text               -- fingerprint of the joiner's key: the same key may ask again after a lost answer
);

create table person (
  id             bigint generated always as identity primary key,
  name           text not null unique,
  role           text not null,
  clusters       uuid[],            -- null: all
  password_hash  text not null,
  created_at     timestamptz not null,
  disabled_at    timestamptz
);

create table session (
  token_hash  bytea primary key,
  person_id   bigint not null references person on delete cascade,
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  used_at     timestamptz not null
);
create index session_by_person on session (person_id);

create table api_token (
  id            bigint generated always as identity primary key,
  name          text not null,
  role          text not null,
  clusters      uuid[],             -- null: all
  token_hash    bytea not null unique,
  created_by    text not null,
  created_at    timestamptz not null,
  last_used_at  timestamptz,
  expires_at    timestamptz,
  revoked_at    timestamptz
);

-- cluster_id is null for what concerns the hub as a whole; such rows are visible only to who may see everything.
create table audit (
  id          bigint generated always as identity primary key,
  at          timestamptz not null,
  cluster_id  uuid,
  actor       text not null,
  action      text not null,
  object      text not null,
  change      text not null,
  detail      jsonb not null
);
create index audit_by_object on audit (object, id desc);

create table policy (
  name         text primary key,
  yaml         text not null,
  description  text not null,
  severity     text not null,
  attack       text[] not null,
  mode         text not null,
  generation   bigint not null,     -- of the whole set when this policy last changed
  shipped      boolean not null,
  edited       boolean not null,    -- by a person: a newer shipped text does not replace it
  kernel_form  jsonb not null,
  updated_at   timestamptz not null,
  updated_by   text not null
);

create table policy_mode (
  id      bigint generated always as identity primary key,
  policy  text not null,
  at      timestamptz not null,
  mode    text,                     -- null: removed
  actor   text not null
);

create table rule_file (
  name     text primary key,
  content  text not null
);

-- One counter a kind of set that is pushed to sensors: policies, rules.
create table generation (
  kind   text primary key,
  value  bigint not null
);
insert into generation values ('policies', 0), ('rules', 0);
