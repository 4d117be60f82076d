-- Roles by cluster and namespace.

-- A scope as hub/store/scope.ts writes it. Immutable, so that the planner has the lists before it chooses an index.
create function scope_whole(scope jsonb) returns uuid[] language sql immutable strict parallel safe
  as $$ select coalesce(array_agg(x::uuid), '{}') from jsonb_array_elements_text(scope -> 'whole') x $$;
create function scope_part(scope jsonb) returns uuid[] language sql immutable strict parallel safe
  as $$ select coalesce(array_agg(distinct x::uuid), '{}') from jsonb_array_elements_text(scope -> 'part') x $$;
create function scope_namespaces(scope jsonb) returns text[] language sql immutable strict parallel safe
  as $$ select coalesce(array_agg(x), '{}') from jsonb_array_elements_text(scope -> 'namespaces') x $$;

-- [{"role", "place": "all" | {"cluster", "namespaces": "all" | [..]}}]. role and clusters are not read any more.
alter table person add column grants jsonb;
update person set grants = case when clusters is null then jsonb_build_array(jsonb_build_object('role', role, 'place', 'all'))
  else coalesce((select jsonb_agg(jsonb_build_object('role', role, 'place', jsonb_build_object('cluster', c, 'namespaces', 'all'))) from unnest(clusters) c), '[]') end;
alter table person alter column grants set not null, alter column role drop not null;

alter table api_token add column grants jsonb;
update api_token set grants = case when clusters is null then jsonb_build_array(jsonb_build_object('role', role, 'place', 'all'))
  else coalesce((select jsonb_agg(jsonb_build_object('role', role, 'place', jsonb_build_object('cluster', c, 'namespaces', 'all'))) from unnest(clusters) c), '[]') end;
alter table api_token alter column grants set not null, alter column role drop not null;

-- Of the container's pod, kept after the container is forgotten; null: of the cluster as a whole, or not known yet.
alter table incident add column namespace text;
update incident x set namespace = k.pod_namespace from container k where k.node_id = x.node_id and k.container_id = x.container_id and k.pod_namespace <> '';
create index incident_by_namespace on incident (cluster_id, namespace, last_seen desc, id desc) where namespace is not null;
create index incident_unplaced on incident (node_id, container_id) where namespace is null and container_id is not null;

alter table event_hour add column namespace text not null default '';
alter table event_hour drop constraint event_hour_pkey, add primary key (hour, cluster_id, namespace, kind, source, severity, outcome);

alter table audit add column namespace text;
create index audit_by_cluster on audit (cluster_id, id desc);

-- From where a session was begun, for the person whose it is.
alter table session add column address text, add column agent text;

-- Names differ by more than capitals; where two already do not, they stay and no third is made.
create index person_by_name on person (lower(name));
