-- Learned behaviour of an image in a workload: what belongs to it, how it is used, and where nobody looked.

create table baseline (
  id             bigint generated always as identity primary key,
  cluster_id     uuid not null references cluster,
  workload_id    bigint not null references workload,
  image_id       bigint not null references image,
  state          text not null default 'learn',         -- learn, watch, enforce
  state_at       timestamptz not null,
  state_by       text not null,
  created_at     timestamptz not null,
  changed_at     timestamptz not null,                  -- when what belongs to it last changed
  generation     bigint not null default 1,             -- counts its changes: who edits a copy says of which
  learn_hours    double precision not null default 24,  -- so long without anything new, and learning has ended
  watched_until  timestamptz,                           -- by any sensor
  watched_seconds double precision not null default 0,
  quiet_seconds  double precision not null default 0,   -- of them, since something new was learned
  whole_start    boolean not null default false,        -- a container was watched from its first process on, without loss
  cut            bigint not null default 0,             -- behaviours that there was no room for
  unique (workload_id, image_id)
);
create index baseline_by_cluster on baseline (cluster_id, id);

create table baseline_behaviour (
  baseline_id  bigint not null references baseline on delete cascade,
  key          bytea not null,                          -- sha256 of the behaviour's words
  kind         text not null,
  behaviour    jsonb not null,
  standing     text not null,                           -- learned, written (by a person), outside (seen, and not of the baseline)
  program      text not null,                           -- who did it first
  node_id      uuid,
  container_id text,
  first_seen   timestamptz not null,
  primary key (baseline_id, key)
);
create index baseline_behaviour_outside on baseline_behaviour (baseline_id, first_seen desc) where standing = 'outside';

create table baseline_state (
  id           bigint generated always as identity primary key,
  baseline_id  bigint not null references baseline on delete cascade,
  at           timestamptz not null,
  state        text not null,
  actor        text not null,
  reason       text not null
);

-- One ring of the kernel through which a container was watched.
create table baseline_watch (
  container_pk     bigint not null references container on delete cascade,
  session          text not null,
  cluster_id       uuid not null,
  since            timestamptz not null,
  until            timestamptz not null,
  seen_from_start  boolean not null,
  lost             bigint not null,
  cut              bigint not null,
  primary key (container_pk, session)
);

-- Learned of a container of which nobody knew yet where it belongs.
create table baseline_waiting (
  container_pk  bigint primary key references container on delete cascade,
  seen          jsonb not null,
  whole_start   boolean not null
);

-- From when until when something that a container did may not have been seen. It outlives the container's own row.
create table baseline_blind (
  id            bigint generated always as identity primary key,
  baseline_id   bigint references baseline on delete cascade,  -- null while nobody knows where the container belongs
  container_pk  bigint not null,
  reason        text not null,
  since         timestamptz not null,
  until         timestamptz not null,
  count         bigint not null,
  detail        text not null
);
create index baseline_blind_of on baseline_blind (baseline_id, since desc);
create index baseline_blind_of_container on baseline_blind (container_pk, reason, until desc);

insert into generation values ('baselines', 0);
