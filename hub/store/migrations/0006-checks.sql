-- Images that were checked in a pipeline: what was found, and by which repository, commit and run. Content, like the
-- images themselves: no cluster, visible to callers who see the whole hub and to others through a run in their scope.

create table image_check (
  id                   bigint generated always as identity primary key,
  -- sha256 over (digest, stage, pipeline, repository, run): a run that says the same twice is one check
  run_key              bytea not null unique,
  at                   timestamptz not null,            -- the pipeline's clock
  received_at          timestamptz not null,
  image_id             bigint not null references image,
  platform_digest      text not null,
  index_digest         text,
  reference            text,                            -- as it was named; null: it had no name yet
  platform             text not null,                   -- linux/amd64
  stage                text not null,                   -- build
  verdict              text not null,                   -- pass, fail
  unknown_counts_as    text not null,                   -- fail, warn
  findings             jsonb not null,                  -- one for each rule: policy, rule, severity, mode, answer, effect, summary, fact, fix
  facts                jsonb not null,                  -- {"image.user": {"value": …} | {"absent": true} | {"unknown": "reason"}}
  signatures           jsonb not null,                  -- {"items": [{verified, signer}], "incomplete": null}
  distribution         text,
  inventory_id         bigint not null references inventory,
  packages_incomplete  text,                            -- why the list may hold less than the image; null: it holds all
  layers               jsonb not null,                  -- [{"digest", "diffId", "sizeBytes", "packages": [positions in the inventory]}], lowest first
  problems             text[] not null,
  repository           text,
  commit               text,
  run                  text,                            -- the pipeline's own name of the run
  run_url              text,
  principal            text,                            -- who started the run, as the pipeline says
  pipeline             text not null,                   -- github-actions, gitlab-ci, jenkins, other
  advisories_revision  text,
  advisories_age_days  integer,
  policies             jsonb not null,                  -- [{"name", "source": "file" | "hub"}] that spoke or were silent
  vedette_version      text not null,
  reported_by          text not null                    -- the token or person that handed it in: this is verified, the pipeline's words are not
);
create index image_check_by_image on image_check (image_id, at desc);
create index image_check_by_index on image_check (index_digest, at desc) where index_digest is not null;
create index image_check_by_time on image_check (at desc, id desc);
create index image_check_by_commit on image_check (commit) where commit is not null;

-- What is accepted, by whom, until when. Policies belong to the hub, and so do exceptions from them. A text that changes
-- loses its approval. Ended ones stay: what was accepted once is evidence.
create table exception (
  id                  bigint generated always as identity primary key,
  name                text not null,
  spec                jsonb not null,                   -- spec of the object, without its approval
  author              text not null,                    -- who wrote the text that stands
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  approved_by         text,                             -- never the author
  approved_at         timestamptz,
  approval_reference  text,
  ended_by            text,
  ended_at            timestamptz,
  check (approved_by is null or approved_by <> author)
);
create unique index exception_in_use on exception (name) where ended_at is null;
create index exception_by_time on exception (updated_at desc, id desc);
