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
