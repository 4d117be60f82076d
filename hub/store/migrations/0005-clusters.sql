-- What a Kubernetes cluster holds, as its cluster part reports it.

-- Identity. A Kubernetes cluster is the UID of its namespace kube-system; until its part has joined there is none yet.
alter table cluster
  add column kind                text not null default 'hosts' check (kind in ('hosts', 'kubernetes')),
  add column uid                 text unique,
  add column kubernetes_version  text;

-- A node that joined through a cluster part, as the API server names it: it stays the same row when its sensor joins anew.
alter table node
  add column kubernetes_name  text,
  add column kubernetes_uid   text;
create unique index node_by_kubernetes_uid on node (cluster_id, kubernetes_uid);

-- A cluster part is a sender like a sensor, and on no node.
alter table sensor
  add column kind text not null default 'sensor' check (kind in ('sensor', 'cluster')),
  alter column node_id drop not null,
  add constraint sensor_place check ((kind = 'sensor') = (node_id is not null));

alter table join_token
  add column part text not null default 'sensor' check (part in ('sensor', 'cluster'));

alter table coverage_gap alter column node_id drop not null;

-- A workload is named by its kind as well: a Deployment and a StatefulSet may have the same name. Empty: nobody has said.
alter table workload
  add column kind text not null default '',
  drop constraint workload_cluster_id_node_id_namespace_name_key,
  add constraint workload_named unique nulls not distinct (cluster_id, node_id, namespace, kind, name);

-- Objects as the cluster part pruned them. Of a whole list that has ended, what was not in it is gone.
create table cluster_object (
  cluster_id   uuid not null references cluster,
  kind         text not null,
  namespace    text not null default '',    -- '': the object is one of the cluster
  name         text not null,
  api_version  text not null,
  uid          text not null,
  owner_kind   text not null default '',    -- of its controller
  owner_name   text not null default '',
  list_id      text not null,               -- of the last list that it was in, or that was open when it changed
  json         jsonb not null,
  since        timestamptz not null,        -- this uid is known here since
  changed_at   timestamptz not null,
  primary key (cluster_id, kind, namespace, name, api_version)
);
create index cluster_object_by_uid on cluster_object (cluster_id, uid);

-- Where the list of a kind stands. An unfinished one removes nothing.
create table cluster_list (
  cluster_id   uuid not null references cluster,
  kind         text not null,
  api_version  text not null,
  list_id      text not null,
  is_open      boolean not null,
  objects      integer not null,             -- of this list, so far
  began_at     timestamptz not null,
  ended_at     timestamptz,
  primary key (cluster_id, kind, api_version)
);

-- Pods again, as columns: who runs where, from which image. Written with the object.
create table pod (
  cluster_id       uuid not null references cluster,
  namespace        text not null,
  name             text not null,
  uid              text not null,
  node_name        text not null,           -- '': not scheduled
  phase            text not null,
  owner_kind       text not null,           -- of its controller; '': none, or only its node
  owner_name       text not null,
  service_account  text not null,
  ip               text not null,
  labels           jsonb not null,
  containers       jsonb not null,          -- hub/store/pods.ts PodContainer
  images           text[] not null,
  digests          text[] not null,         -- as the runtime reports them: of the index or of the platform
  container_ids    text[] not null,
  privileged       boolean not null,
  host_access      text[] not null,         -- network, pid, ipc, path
  host_ports       integer[] not null,
  started_at       timestamptz,
  primary key (cluster_id, namespace, name)
);
create index pod_by_node on pod (cluster_id, node_name);
create index pod_by_uid on pod (uid);
create index pod_by_digest on pod using gin (digests);
create index pod_by_container on pod using gin (container_ids);

-- The last report of the cluster part, as hub/ingest writes it.
create table cluster_report (
  cluster_id   uuid primary key references cluster,
  report       jsonb not null,
  reported_at  timestamptz not null         -- when it was received
);
