-- What runs: containers, the runs they make up (workload × image × time), and what is known of loading in each.

-- A container of a plain host is a workload of that host; a pod is a workload of its cluster, wherever it runs.
create table workload (
  id          bigint generated always as identity primary key,
  cluster_id  uuid not null references cluster,
  node_id     uuid,
  namespace   text not null,
  name        text not null,
  unique nulls not distinct (cluster_id, node_id, namespace, name)
);

create table container (
  id                  bigint generated always as identity primary key,
  cluster_id          uuid not null references cluster,
  node_id             uuid not null references node,
  container_id        text not null,
  workload_id         bigint references workload,    -- null while identity is pending
  image_id            bigint references image,       -- null: the image is not known
  inventory_id        bigint references inventory,
  inventory_own       boolean not null default false, -- read from this container's root, not another's of the image
  inventory_revision  text,
  inventory_problems  text[] not null default '{}',
  inventory_at        timestamptz,
  boot_id             text not null,
  runtime             text not null,
  identity            text not null,
  identity_reason     text,
  name                text not null,
  image_name          text,
  index_digest        text,
  platform_digest     text,
  labels              jsonb not null,
  mounts              jsonb not null,
  cgroup_path         text,
  root_filesystem     text,
  pod_name            text,
  pod_namespace       text,
  pod_uid             text,
  privileged          boolean not null,
  started_at          timestamptz not null,
  ended_at            timestamptz,
  seen_from_start     boolean not null,
  unique (node_id, container_id)
);
create index container_by_runtime_id on container (container_id);
create index container_living on container (cluster_id, started_at desc, id) where ended_at is null;
create index container_by_time on container (started_at desc, id);
create index container_of_run on container (workload_id, image_id) where ended_at is null;
create index container_by_image on container (image_id, cluster_id) where ended_at is null;

-- The list that containers of an image take over when their own root was not read; each cluster trusts only its own sensors.
create table image_inventory (
  cluster_id    uuid not null references cluster,
  image_id      bigint not null references image,
  inventory_id  bigint not null references inventory,
  revision      text not null,
  problems      text[] not null,
  scanned_at    timestamptz not null,
  primary key (cluster_id, image_id)
);

-- A new bit on a run that began on an earlier day closes the run and opens a copy: the validity of the row is the
-- validity of its facts, exact to the day.
create table run (
  id                bigint generated always as identity primary key,
  cluster_id        uuid not null references cluster,
  workload_id       bigint not null references workload,
  image_id          bigint references image,
  inventory_id      bigint references inventory,     -- null: not scanned yet
  since             timestamptz not null,            -- of the first row of this chain
  first_seen        timestamptz not null,
  last_seen         timestamptz not null,
  open              boolean not null,
  loaded            varbit,                          -- null: nothing reported yet
  -- What is known of the packages whose bit is 0; assess writes it from the observations.
  unloaded          text not null default 'unknown',
  unloaded_reason   text default 'not watched',
  observed_seconds  double precision not null default 0,
  -- The parts of the score that belong to the run alone.
  points            double precision not null default 0,
  parts             jsonb not null default '[]'
);
create unique index run_open on run (workload_id, coalesce(image_id, 0)) where open;
create index run_by_inventory on run (inventory_id) where open;
create index run_open_by_cluster on run (cluster_id) where open;
create index run_by_time on run (inventory_id, first_seen, last_seen);

create table observation (
  container_pk     bigint primary key references container on delete cascade,
  cluster_id       uuid not null,
  inventory_id     bigint not null,
  loaded           varbit not null,
  observed_from    timestamptz not null,
  observed_until   timestamptz not null,
  seen_from_start  boolean not null,
  records_lost     bigint not null,
  reported_at      timestamptz not null
);

-- The first evidence of each loaded package: {"<position>": {kind, path, reader, at}}.
create table load_evidence (
  workload_id   bigint not null references workload,
  inventory_id  bigint not null references inventory,
  cluster_id    uuid not null,
  facts         jsonb not null,
  primary key (workload_id, inventory_id)
);

create table process_live (
  cluster_id             uuid not null,
  node_id                uuid not null references node,
  boot_id                text not null,
  tgid                   bigint not null,
  start_ns               bigint not null,
  exec_id                bigint not null,
  parent_tgid            bigint,
  parent_start_ns        bigint,
  parent_exec_id         bigint,
  path                   text not null,
  filename               text,
  arguments              text[] not null,
  arguments_truncated    boolean not null,
  uid                    bigint not null,
  command                text not null,
  container_id           text not null,          -- empty: in none
  has_terminal           boolean not null,
  origin                 text not null,
  executed_ns            bigint not null,
  started_at             timestamptz not null,
  started_before_sensor  boolean not null,
  working_directory      text,
  primary key (node_id, boot_id, tgid, start_ns, exec_id)
);
create index process_live_by_container on process_live (container_id) where container_id <> '';
create index process_live_by_time on process_live (started_at desc, node_id, tgid, start_ns, exec_id);

-- What assess still has to look at: kind inventory (match its packages), workload (its runs changed: judge them and
-- recount their place) or observation (judge its runs; recount only when the judgement changed).
create table assess_queue (
  kind  text not null,
  key   bigint not null,
  primary key (kind, key)
);

create table assess_place_queue (
  cluster_id  uuid not null,
  namespace   text not null,
  primary key (cluster_id, namespace)
);

-- Place-counting roll-up, recomputed for a dirty (cluster, namespace), never counted up and down.
create table vuln_place (
  cluster_id        uuid not null,
  namespace         text not null,
  vuln_id           integer not null references vuln,
  workloads         integer not null,
  loaded_yes        integer not null,
  loaded_not_seen   integer not null,
  loaded_no         integer not null,
  loaded_unknown    integer not null,
  first_seen        timestamptz not null,
  score             double precision not null,
  packages          text[] not null,             -- name and version, the first ten
  fixed_in          text[] not null,
  run_id            bigint not null,             -- the worst example
  position          integer not null,
  primary key (cluster_id, namespace, vuln_id)
);
create index vuln_place_by_vuln on vuln_place (vuln_id);
create index vuln_place_by_score on vuln_place (cluster_id, score desc);
