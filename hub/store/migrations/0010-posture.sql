-- Results of controls over clusters and nodes, and how they changed.

-- How a cluster was last evaluated. One that has not reported for a while has no data now, whatever its results say: that is
-- judged when they are read, by data_at.
create table posture_cluster (
  cluster_id     uuid primary key references cluster,
  is_kubernetes  boolean not null,
  evaluated_at   timestamptz not null,
  data_at        timestamptz,               -- when its objects were last confirmed; null: never
  subjects       integer not null,
  missing        jsonb not null,            -- sentences: what was not seen, and why
  took_ms        double precision not null
);

create table posture_result (
  id                  bigint generated always as identity primary key,
  cluster_id          uuid not null references cluster,
  namespace           text not null default '',   -- '': the subject is one of the cluster
  control             text not null,
  subject_kind        text not null,
  subject_type        text not null,               -- Deployment, RoleBinding, host; unseen: it stands for what was not seen
  subject_name        text not null,
  state               text not null,               -- failed, no-data, accepted, passed, not-applicable
  reason              text not null,
  evidence            jsonb not null,              -- [{"fact", "value"}]
  accepted            jsonb,                       -- {"exception", "owner", "reason", "expiresAt"}
  since               timestamptz not null,        -- it is in this state
  last_decided        text,                        -- while there is no data: the state before
  last_decided_at     timestamptz,                 -- until when that was known
  unique (cluster_id, control, namespace, subject_kind, subject_type, subject_name)
);
create index posture_result_by_control on posture_result (control, state, id);

create table posture_change (
  id            bigint generated always as identity primary key,
  cluster_id    uuid not null references cluster,
  namespace     text not null default '',
  control       text not null,
  subject_kind  text not null,
  subject_type  text not null,
  subject_name  text not null,
  at            timestamptz not null,
  before        text,                              -- null: the subject is new
  after         text,                              -- null: it is gone
  reason        text not null
);
create index posture_change_by_control on posture_change (control, id desc);
create index posture_change_by_time on posture_change (at);

-- How a day ended: the counts of its last evaluation.
create table posture_day (
  cluster_id      uuid not null references cluster,
  namespace       text not null default '',
  control         text not null,
  day             date not null,
  failed          integer not null,
  no_data         integer not null,
  accepted        integer not null,
  passed          integer not null,
  primary key (cluster_id, control, namespace, day)
);
create index posture_day_by_day on posture_day (day);

