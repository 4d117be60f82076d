-- Policies at run time about images: what is wrong with what runs, and since when.

-- The package itself is the attack. Matches are made anew with the next look at the advisories.
alter table vuln add column malicious boolean not null default false;

insert into generation values ('image-verdicts', 0);

-- Images of a cluster that must be judged again: something they are judged by has changed.
create table violation_queue (
  cluster_id  uuid not null,
  image_id    bigint not null,
  primary key (cluster_id, image_id)
);

-- One row a (policy, rule, workload × image) and time. A row that is closed stays as evidence.
create table violation (
  id             bigint generated always as identity primary key,
  cluster_id     uuid not null references cluster,
  workload_id    bigint not null references workload,
  image_id       bigint not null references image,
  policy         text not null,
  rule           text not null,
  stage          text not null,                  -- run
  severity       text not null,
  severity_rank  smallint not null,              -- 0 is worst
  mode           text not null,                  -- shadow, enforce
  action         text not null,                  -- inform, kill
  verdict        text not null,                  -- violated; unknown: a fact that would decide is missing
  state          text not null,                  -- open; accepted: by exceptions that count; closed
  since          timestamptz not null,
  state_since    timestamptz not null,
  until          timestamptz,                    -- closed
  closed_reason  text,
  reference      text,                           -- the image as it is named there; null: it has no name
  index_digest   text,
  reason         text not null,                  -- what is wrong, one sentence
  fix            text,
  evidence       text[] not null,
  facts          jsonb not null,                 -- what the rule asked, as it was when the row last changed
  accepted_by    jsonb not null                  -- [{exception, owner, reason, expiresAt}]
);
create unique index violation_current on violation (workload_id, image_id, policy, rule) where until is null;
create index violation_of_image on violation (cluster_id, image_id) where until is null;
create index violation_by_rank on violation (severity_rank, state_since desc, id desc);
create index violation_by_policy on violation (policy, rule) where until is null;

-- Admission names images by the index's digest as often as by the platform's, and waits for the answer.
create index container_by_index_digest on container (index_digest) where index_digest is not null;
create index container_of_image_with_index on container (image_id, started_at desc) where index_digest is not null;
