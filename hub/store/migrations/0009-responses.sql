-- Playbooks, their runs, and effects with their ends.

create table playbook (
  name         text primary key,
  yaml         text not null,
  description  text not null,
  trigger_kind text not null,                  -- incident, violation, integrity
  mode         text not null,                  -- off, shadow, enforce
  mode_since   timestamptz not null,           -- what happened before is not answered
  generation   bigint not null,                -- counts its own changes
  shipped      boolean not null,
  edited       boolean not null,
  removed      boolean not null default false, -- a shipped one that a person took away is not brought back
  updated_at   timestamptz not null,
  updated_by   text not null
);

-- One answer to one event. The playbook is kept as it was when the run began: later changes do not reach it.
create table response_run (
  id            bigint generated always as identity primary key,
  dedupe        text not null unique,          -- playbook, what happened, and where: the same never runs twice
  playbook      text not null,
  yaml          text not null,
  cluster_id    uuid not null references cluster,
  namespace     text,
  trigger_kind  text not null,
  trigger_id    text not null,                 -- of the incident or violation; verdict and image of an integrity verdict
  title         text not null,
  facts         jsonb not null,                -- as policy/playbook-facts.ts names them
  subject       jsonb not null,                -- hub/respond/subject.ts
  dry_run       boolean not null,
  state         text not null,
  reason        text,
  started_by    text not null,                 -- a person; Vedette: by its trigger
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  ended_at      timestamptz
);
create index response_run_open on response_run (id) where ended_at is null;
create index response_run_by_time on response_run (created_at desc, id desc);
create index response_run_by_cluster on response_run (cluster_id, created_at desc, id desc);
create index response_run_of_playbook on response_run (playbook, created_at desc);
create index response_run_of_trigger on response_run (trigger_kind, trigger_id);

create table response_step (
  run_id       bigint not null references response_run on delete cascade,
  number       smallint not null,              -- from 0
  cluster_id   uuid not null,
  name         text not null,
  kind         text not null,
  state        text not null,
  reason       text,
  approver     text,                           -- role that may approve; null: nobody has to
  decided_by   text,
  decided_at   timestamptz,
  decision     text,                           -- approved, rejected
  began_at     timestamptz,
  deadline     timestamptz,
  ended_at     timestamptz,
  primary key (run_id, number)
);

-- An effect has its id before it happens. Undoing is a row of its own under the same id: the receiver knows what to take back by it.
create table response_effect (
  id           text not null,                  -- 32 hex digits, from run, step and target
  undo         boolean not null,
  run_id       bigint not null references response_run on delete cascade,
  step         smallint not null,
  cluster_id   uuid not null,
  namespace    text,
  node_id      uuid,                           -- whose sensor does it; null: the cluster part or the hub
  doer         text not null,                  -- sensor, cluster, hub
  kind         text not null,
  target       text not null,                  -- for people
  command      jsonb not null,                 -- hub/respond/plan.ts
  dry_run      boolean not null,
  state        text not null,
  detail       text,
  evidence     jsonb,
  attempts     integer not null default 0,
  next_at      timestamptz,                    -- not asked before
  wanted_at    timestamptz not null,
  asked_at     timestamptz,
  asked_by     text,                           -- the life of the hub that asked: another one does not know what came of it
  expires_at   timestamptz not null,           -- not begun later
  report       jsonb,                          -- of the receiver, until the engine has taken it up
  ended_at     timestamptz,
  requested_by text,                           -- of an undo
  primary key (id, undo)
);
create index response_effect_of_run on response_effect (run_id, step);
create index response_effect_open on response_effect (doer, cluster_id, node_id) where ended_at is null;
