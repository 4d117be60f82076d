-- A decision about what a controller made is shown with the one about its owner.
create index admission_by_object on admission_decision (cluster_id, namespace, kind, name);
create index admission_by_owner on admission_decision (cluster_id, namespace, workload_kind, workload_name);
