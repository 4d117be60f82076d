-- What happened. The big tables are partitioned by the day on which the hub received the row: partitions are made
-- ahead and dropped whole, rows are never deleted.

create table incident (
  id            bigint generated always as identity primary key,
  cluster_id    uuid not null references cluster,
  node_id       uuid not null references node,
  container_id  text,                            -- of the runtime; null: host
  kind          text not null,                   -- detection, verdict
  source        text not null,                   -- rule or policy
  rule          text,                            -- of the policy
  severity      text not null,
  severity_rank smallint not null,               -- 0 is worst
  state         text not null default 'open',
  assignee      text,
  title         text not null,
  summary       text not null,
  outcome       text not null,
  next_action   text not null,
  attack        text[] not null,
  fold_key      bytea not null,                  -- same source and same container or process tree
  first_seen    timestamptz not null,
  last_seen     timestamptz not null,
  count         bigint not null,
  search        tsvector not null
);
create index incident_to_fold on incident (fold_key, last_seen desc);
create index incident_by_rank on incident (severity_rank, last_seen desc, id desc) where state <> 'closed';
create index incident_by_time on incident (last_seen desc, id desc);
create index incident_by_cluster on incident (cluster_id, last_seen desc, id desc);
create index incident_search on incident using gin (search);

create sequence event_id;

create table event (
  day               date not null,
  id                bigint not null default nextval('event_id'),
  cluster_id        uuid not null,
  node_id           uuid not null,
  container_id      text,
  incident_id       bigint not null,
  kind              text not null,
  finding_id        text not null,               -- the sensor's: the same act reported twice has the same
  source            text not null,
  rule              text,
  severity          text not null,
  outcome           text not null,
  mode              text,
  generation        bigint,
  identity_pending  boolean not null,
  event_class       text,
  at                timestamptz not null,        -- the sensor's clock
  received_at       timestamptz not null,
  output            text not null,
  fields            jsonb not null,
  tree              jsonb not null
) partition by range (day);
create index event_by_incident on event (incident_id, at desc, id desc);
create index event_by_time on event (at desc, id desc);
create index event_by_finding on event (node_id, finding_id);

create table event_hour (
  hour        timestamptz not null,
  cluster_id  uuid not null,
  kind        text not null,
  source      text not null,
  severity    text not null,
  outcome     text not null,
  count       bigint not null,
  primary key (hour, cluster_id, kind, source, severity, outcome)
);

create table execution_hour (
  day               date not null,
  cluster_id        uuid not null,
  node_id           uuid not null,
  hour              timestamptz not null,
  key               bytea not null,              -- sha256 of what follows up to pending: paths can be longer than an index entry
  container_id      text not null,
  path              text not null,
  parent_path       text not null,
  uid               bigint not null,
  origin            text not null,
  identity_pending  boolean not null,
  count             bigint not null,
  first_seen        timestamptz not null,
  last_seen         timestamptz not null,
  sample            jsonb,
  primary key (day, node_id, hour, key)
) partition by range (day);
create index execution_hour_by_time on execution_hour (last_seen desc, node_id, key);
create index execution_hour_by_container on execution_hour (container_id, last_seen desc) where container_id <> '';

create table flow (
  day           date not null,
  cluster_id    uuid not null,
  node_id       uuid not null,
  hour          timestamptz not null,
  key           bytea not null,
  container_id  text not null,
  process_path  text not null,
  direction     text not null,
  address       inet not null,
  port          integer not null,
  protocol      text not null,
  count         bigint not null,
  failed        bigint not null,
  first_seen    timestamptz not null,
  last_seen     timestamptz not null,
  primary key (day, node_id, hour, key)
) partition by range (day);
create index flow_listening on flow (container_id, last_seen desc) where direction = 'listen' and container_id <> '';

-- Stands beside every zero: from when until when a class of events was seen on a node, and what was lost meanwhile.
create table coverage_interval (
  id           bigint generated always as identity primary key,
  cluster_id   uuid not null,
  node_id      uuid not null,
  sensor_id    uuid not null,
  event_class  text not null,
  attached     boolean not null,
  since        timestamptz not null,
  until        timestamptz not null,
  lost         bigint not null
);
create index coverage_interval_latest on coverage_interval (sensor_id, event_class, until desc);
create index coverage_interval_by_time on coverage_interval (cluster_id, until desc);

-- What a sensor says it dropped or forgot, and batches of it that could not be used.
create table coverage_gap (
  id          bigint generated always as identity primary key,
  cluster_id  uuid not null,
  node_id     uuid not null,
  sensor_id   uuid not null,
  kind        text not null,                     -- telemetry-dropped, context-dropped, batch-rejected, record-rejected
  what        text not null,
  count       bigint not null,
  first_at    timestamptz not null,
  last_at     timestamptz not null,
  unique (sensor_id, kind, what, first_at)
);
create index coverage_gap_by_time on coverage_gap (cluster_id, last_at desc);

create table unknown_record (
  cluster_id   uuid not null,
  sensor_id    uuid not null,
  field        integer not null,                 -- the number of the kind in record.proto
  count        bigint not null,
  first_at     timestamptz not null,
  last_at      timestamptz not null,
  sample       bytea not null,                   -- the latest, opaque, at most 4 KiB
  primary key (sensor_id, field)
);

create table rejected_batch (
  sensor_id    uuid not null,
  epoch        text not null,
  stream       text not null,
  sequence     bigint not null,
  cluster_id   uuid not null,
  at           timestamptz not null,
  reason       text not null,
  payload      bytea not null,                   -- at most 256 KiB, the newest 100
  primary key (sensor_id, epoch, stream, sequence)
);
