-- What the canaries of a sensor showed last: of each class, whether its act came back through the hooks, since when it is so, and when it last did.
alter table sensor_report add column canaries jsonb;
alter table sensor_report add column canaries_at timestamptz;   -- received
