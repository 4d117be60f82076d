-- Work for assess is appended: what puts it there never waits for whoever is taking it, nor for others who put the same. Who takes a key takes all its rows.
alter table assess_queue drop constraint assess_queue_pkey;
alter table assess_queue add column id bigint generated always as identity primary key;
create index assess_queue_by_key on assess_queue (kind, key);
