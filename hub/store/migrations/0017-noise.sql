-- Noise: how often each rule speaks where, alike detections as one row with a count, what people decided about incidents,
-- and rule files of people beside the shipped ones.

-- What somebody found out about it; null: nobody has said yet.
alter table incident add column verdict text check (verdict in ('confirmed', 'false-positive'));
-- How many of its events are stored each for itself.
alter table incident add column singles bigint not null default 0;
-- Of a detection in a workload: same rule, same workload, same program. Null: none of these.
alter table incident add column workload_key bytea;
create index incident_of_workload on incident (workload_key, last_seen desc) where workload_key is not null;
create index incident_confirmed on incident (source) where verdict = 'confirmed';

-- How many it stands for, the last of them, the fields that were not the same in all, and what they share; null: a single one.
alter table event add column count bigint not null default 1;
alter table event add column last_at timestamptz;
alter table event add column varied text[] not null default '{}';
alter table event add column fold_key bytea;
create index event_by_fold on event (incident_id, fold_key) where fold_key is not null;
create index event_by_source on event (source, at desc, id desc) where kind = 'detection';

-- Detections of each rule by hour and container (''; of the host), all of them counted.
create table detection_hour (
  hour          timestamptz not null,
  cluster_id    uuid not null,
  node_id       uuid not null,
  container_id  text not null,
  source        text not null,
  severity      text not null,                   -- of the last one
  count         bigint not null,
  primary key (hour, node_id, container_id, source)
);

-- The one place in which it is set how many detections of a rule in a workload a day are too many.
create table noise_budget (
  is_the_one  boolean primary key default true check (is_the_one),
  per_day     integer not null,
  updated_at  timestamptz not null,
  updated_by  text not null
);

-- Rule files that people put there; loaded after the shipped ones, in the order in which they came: later ones change earlier ones.
create table own_rule_file (
  name        text primary key,
  content     text not null,
  added_at    timestamptz not null,
  updated_at  timestamptz not null,
  updated_by  text not null
);
