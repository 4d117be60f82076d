-- Content: the same for whoever runs it, so it has no cluster, and is shown only through a run in the reader's scope.

create table package (
  id              integer generated always as identity primary key,
  key             bytea not null unique,   -- sha256 of the five words: they can be longer than an index entry
  ecosystem       text not null,
  name            text not null,
  version         text not null,
  source_name     text not null,
  source_version  text not null
);
create index package_by_name on package (name);

-- An immutable package list. Bit n of every bitmap over it speaks about packages[n + 1] at paths[n + 1]: the order is
-- the reporter's and is never changed.
create table inventory (
  id            bigint generated always as identity primary key,
  content       bytea not null unique,     -- sha256 of the list and its distribution, computed here
  revision      text not null,             -- the reporter's name for the list
  distribution  text not null,
  packages      integer[] not null,
  paths         text[] not null
);
create index inventory_by_package on inventory using gin (packages);

create table image (
  id            bigint generated always as identity primary key,
  digest        text not null unique       -- of the platform's manifest
);

create table vuln (
  id         integer generated always as identity primary key,
  name       text not null unique,
  aliases    text[] not null,
  summary    text,
  details    text,
  severity   text not null,
  cvss       double precision,
  exploited  boolean,                      -- null: no such feed is loaded
  published  timestamptz,
  modified   timestamptz,
  links      text[] not null,
  points     double precision not null                 -- the parts of the score that belong to the vulnerability alone
);

-- Both questions are asked: what we knew then (since, until), and what we know now about then.
create table match (
  package_id  integer not null references package,
  vuln_id     integer not null references vuln,
  since       timestamptz not null,
  until       timestamptz,
  fixed_in    text,
  uncertain   text,                      -- why it cannot be said whether this version is affected; null: it is
  primary key (package_id, vuln_id, since)
);
create unique index match_current on match (package_id, vuln_id) where until is null;
create index match_by_vuln on match (vuln_id, package_id) where until is null;

-- Which version of the advisory store a package was last matched against.
create table package_matched (
  package_id  integer primary key references package,
  feed        text not null
);
create table feed_state (
  only_row    boolean primary key default true check (only_row),
  feed        text not null,
  matched_at  timestamptz not null,
  advisories  bigint not null,
  problem     text
);

-- Derived from match and inventory.packages, shared by all who run the inventory. One row a position.
create table inventory_finding (
  inventory_id  bigint not null references inventory,
  vuln_id       integer not null references vuln,
  position      integer not null,
  package_id    integer not null,
  since         timestamptz not null,
  fixed_in      text,
  uncertain     text,
  primary key (inventory_id, vuln_id, position)
);
create index inventory_finding_by_vuln on inventory_finding (vuln_id, inventory_id);

create table inventory_stat (
  inventory_id  bigint primary key references inventory,
  critical      integer not null,
  high          integer not null,
  medium        integer not null,
  low           integer not null,
  unknown       integer not null,
  unfed         integer not null,          -- packages of ecosystems that no feed covers: not clean, not known
  assessed_at   timestamptz not null
);
