-- What cluster parts answered when the API server asked whether something may be, and who came in by exec or attach.

create table admission_decision (
  id             bigint generated always as identity primary key,
  cluster_id     uuid not null references cluster,
  request_uid    text not null,                  -- of the first one; repeats are counted in it
  first_at       timestamptz not null,           -- the cluster part's clock
  last_at        timestamptz not null,
  received_at    timestamptz not null,
  count          integer not null,
  username       text not null,
  operation      text not null,                  -- CREATE, UPDATE
  kind           text not null,
  namespace      text not null,
  name           text not null,                  -- or the beginning of one that is made
  workload_kind  text not null,
  workload_name  text not null,
  outcome        text not null,                  -- denied, failed-open, warned, would-deny, informed, allowed: the first of these that fits
  message        text not null,                  -- as the person was told; empty: allowed
  warnings       text[] not null,
  failed_open    text not null,                  -- why it could not be judged; empty: it was
  images         jsonb not null,                 -- [{reference, digest, findings: [{policy, rule, mode, action, verdict, sentence, fix, exception}]}]
  policies       text[] not null,                -- that spoke
  unique (cluster_id, request_uid)
);
create index admission_by_time on admission_decision (last_at desc, id desc);
create index admission_by_outcome on admission_decision (outcome, last_at desc, id desc);

create table exec_session (
  id           bigint generated always as identity primary key,
  cluster_id   uuid not null references cluster,
  session_id   text not null,                    -- the uid of the admission request
  at           timestamptz not null,             -- the cluster part's clock
  received_at  timestamptz not null,
  username     text not null,
  groups       text[] not null,
  namespace    text not null,
  pod          text not null,
  pod_uid      text,
  container    text not null,                    -- empty: nobody says
  command      text[] not null,
  attached     boolean not null,                 -- to what runs, instead of a command of its own
  unique (cluster_id, session_id)
);
create index exec_session_by_time on exec_session (at desc, id desc);
