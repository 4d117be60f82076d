-- What whoever did an effect says of it after its end: that what it acted on is gone, that it holds again, that it ended by itself.

alter table response_effect add column later jsonb not null default '[]';   -- [{state, detail, evidence, at}], the oldest first, bounded
