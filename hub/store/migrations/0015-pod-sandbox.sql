-- A container that only holds a pod's namespaces, as its runtime says: its image is the node's choice and not the workload's.
alter table container add column pod_sandbox boolean not null default false;
