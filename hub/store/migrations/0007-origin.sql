-- Where images came from: what was asked, whom, when, and what was answered; the servers that may be asked. All of it is
-- content, as images are: no cluster; shown only through a container in the reader's scope.

-- Whom the hub may ask. Nothing secret is in settings; secret is sealed with the key file of the state directory.
create table integration (
  name        text primary key,
  kind        text not null,                 -- registry, cosign-key, artifactory, xray
  settings    jsonb not null,
  secret      bytea,                         -- null: none
  declared    boolean not null,              -- from the file that the hub was started with: not changed by people
  updated_at  timestamptz not null,
  updated_by  text not null,
  test        jsonb,                         -- what the last test found
  tested_at   timestamptz
);

-- One image as it is named and pinned. Index and platform digest are two of these only when both are used.
create table origin_image (
  id           bigint generated always as identity primary key,
  reference    text not null,                -- registry/repository:tag in full; as it was given when it cannot be read
  digest       text not null,                -- empty: only the tag is known
  platform     text not null,                -- linux/amd64
  problem      text,                         -- why no registry can be asked for it
  wanted_at    timestamptz not null,         -- last seen running, checked or asked for
  next_at      timestamptz not null,         -- when it is asked about again
  asked_at     timestamptz,                  -- null: not yet
  failures     integer not null default 0,   -- askings in a row in which someone did not answer
  digests      text[] not null default '{}', -- of the index and of the platform, as learned
  said         jsonb not null default '{}',  -- labels, properties, signatures, layers, what Xray says: see hub/trace/facts.ts
  unique (reference, digest)
);
create index origin_image_due on origin_image (next_at);
create index origin_image_by_digest on origin_image (digest);
create index origin_image_by_digests on origin_image using gin (digests);

-- How a container, a check or admission names an image: text that only code can read is read once.
create table origin_name (
  name      text not null,
  digest    text not null,
  image_id  bigint not null references origin_image on delete cascade,
  primary key (name, digest)
);
create index origin_name_by_image on origin_name (image_id);
create index container_by_image_name on container (image_name, coalesce(index_digest, platform_digest, ''));

-- One row for each kind of source at each station. What was known stays when the next asking is not answered, and says so.
create table origin_fact (
  image_id     bigint not null references origin_image on delete cascade,
  station      text not null,
  source_kind  text not null,
  source_name  text not null,
  answer       jsonb not null,
  confidence   text not null,
  learned_at   timestamptz not null,
  refused      jsonb,                        -- the newest asking, when it was not answered: reason, detail
  refused_at   timestamptz,
  primary key (image_id, station, source_kind)
);

-- What is wrong with where an image came from, as intervals. A place has it while a container of the image is there.
create table origin_verdict (
  image_id     bigint not null references origin_image on delete cascade,
  kind         text not null,                -- tag-moved, missing-in-registry, unknown-digest, unsigned, signature-failed, untrusted-registry
  state        text not null,                -- violated, holds, unknown, not-applicable
  reason       text,
  sentence     text not null,
  action       text,
  expected     text,
  found        text,
  since        timestamptz not null,
  until        timestamptz,                  -- null: it is so now
  checked_at   timestamptz not null,
  unconfirmed  text,                         -- a violation stands although the last asking was not answered: why
  primary key (image_id, kind, since)
);
create unique index origin_verdict_now on origin_verdict (image_id, kind) where until is null;
create index origin_verdict_violated on origin_verdict (kind, image_id) where until is null and state = 'violated';
