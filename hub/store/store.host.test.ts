/** The embedded server, migrations and partitions, on the real thing. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openDatabase } from './database.ts';
import { migrate, readMigrations, type Migration } from './migrate.ts';
import { tendPartitions } from './partitions.ts';
import { copyBinaries } from './postgres-binaries.ts';
import { startPostgres, type PostgresOptions } from './postgres.ts';
import { scratchBinaries, scratchDatabase, scratchDirectory, scratchUser, type Scratch } from './scratch.ts';

let directory: string;
let options: PostgresOptions;
before(async () => {
  directory = await scratchDirectory();
  options = { directory: path.join(directory, 'postgres'), binaries: await copyBinaries(scratchBinaries), user: scratchUser, unsafeFast: true, sharedBuffersMegabytes: 32 };
});
after(() => rm(directory, { recursive: true, force: true }));

test('the copy has the symbolic links that a blocked install script would have made', () => {
  const link = path.join(options.binaries.directory, 'lib', 'libpq.so.5');
  assert.ok(existsSync(link));
  assert.ok(lstatSync(link).isSymbolicLink() || lstatSync(link).isFile());
});

test('a second start keeps the data and is quick; a clean stop leaves no pid file', async () => {
  const first = await startPostgres(options);
  const database = await openDatabase(first.connection);
  await database.query('create table kept (n integer)');
  await database.close();
  await first.stop();
  assert.ok(!existsSync(path.join(options.directory, 'data', 'postmaster.pid')));
  const startedMs = performance.now();
  const second = await startPostgres(options);
  assert.ok(performance.now() - startedMs < 5000);
  const again = await openDatabase(second.connection);
  assert.equal((await again.query('select * from kept')).rowCount, 0);
  await again.close();
  await second.stop();
});

test('a server that outlived its hub is stopped before a new one starts', async () => {
  const orphan = await startPostgres(options);
  const next = await startPostgres(options);
  assert.match(await orphan.died, /ended/);
  assert.notEqual(orphan.pid, next.pid);
  await next.stop();
});

test('a pid file whose process is another program, or gone, does not stop the start', async () => {
  for (const pid of [process.pid, 3_999_999]) {
    await writeFile(path.join(options.directory, 'data', 'postmaster.pid'), `${pid}\n${options.directory}/data\n1\n5432\n${options.directory}/socket\n*\n`);
    const server = await startPostgres(options);
    await server.stop();
  }
});

test('the end of the server is noticed and said', async () => {
  const server = await startPostgres(options);
  process.kill(server.pid, 'SIGKILL');
  assert.match(await server.died, /SIGKILL/);
  const next = await startPostgres(options); // recovers by itself
  await next.stop();
});

test('what cannot be started is said in words', async () => {
  await assert.rejects(startPostgres({ ...options, directory: path.join(directory, 'x'.repeat(120)) }), /too long for a Unix socket/);
  if (process.getuid?.() === 0) await assert.rejects(startPostgres({ ...options, user: undefined }), /refuses to run as root/);
  const version = path.join(options.directory, 'data', 'PG_VERSION');
  const right = await readFile(version, 'utf8');
  await writeFile(version, '17\n');
  await assert.rejects(startPostgres(options), /was made by PostgreSQL 17/);
  await writeFile(version, right);
  await chmod(version, 0o600);
  await assert.rejects(openDatabase({ connectionString: 'postgres://127.0.0.1:1/x' }), /ECONNREFUSED/);
});

test('migrations: together, once; a newer or altered database is refused', async () => {
  const server = await startPostgres(options);
  const database = await openDatabase(server.connection);
  const migrations = await readMigrations();
  const counts = await Promise.all([migrate(database, migrations), migrate(database, migrations), migrate(database, migrations)]);
  assert.deepEqual(counts.sort((a, b) => a - b), [0, 0, migrations.length]);
  await assert.rejects(migrate(database, migrations.slice(1)), /newer Vedette/);
  const altered: Migration[] = migrations.map((one, index) => (index === 0 ? { ...one, digest: 'other' } : one));
  await assert.rejects(migrate(database, altered), /another content/);
  const broken: Migration = { number: migrations.length + 1, name: '9999-broken.sql', sql: 'create table half (n integer); select nothing_of_this', digest: 'x' };
  await assert.rejects(migrate(database, [...migrations, broken]), /9999-broken\.sql failed/);
  assert.equal((await database.query("select 1 from pg_class where relname = 'half'")).rowCount, 0);
  await database.close();
  await server.stop();
});

/** Tables without a cluster, and why. */
const unplaced: Record<string, string> = {
  migration: 'the schema itself',
  person: 'of the hub', session: 'of a person', api_token: 'of the hub',
  playbook: 'of the hub, like the policies', policy: 'of the hub: in force wherever its scope holds', policy_mode: 'history of policies', rule_file: 'of the hub', own_rule_file: 'of the hub', noise_budget: 'of the hub', generation: 'a counter of the hub',
  package: 'content', inventory: 'content', image: 'content', vuln: 'content', match: 'content', package_matched: 'content', feed_state: 'content',
  image_check: 'content: visible through a run in scope', exception: 'of the hub, like the policies',
  baseline_behaviour: 'of a baseline, by whose place each read asks', baseline_state: 'of a baseline, by whose place each read asks',
  baseline_blind: 'of a baseline, by whose place each read asks; until it is known, of a container of the sensor that speaks', baseline_waiting: 'of a container, read for its own sensor alone',
  integration: 'of the hub', origin_image: 'content: visible through a container in scope', origin_name: 'content', origin_fact: 'content', origin_verdict: 'content',
  inventory_finding: 'content', inventory_stat: 'content', assess_queue: 'work of the hub, answers nothing',
};

let scratch: Scratch | undefined;
after(() => scratch?.end());

test('every table has its cluster or is named as one that has none; partitions are made ahead and dropped whole', async () => {
  const now = new Date('2026-03-01T12:00:00Z');
  scratch = await scratchDatabase(now);
  const { rows } = await scratch.database.query(
    `select c.relname as name, exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname in ('cluster_id') and not a.attisdropped) or c.relname = 'cluster' as placed
       from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1`,
  );
  const without = (rows as { name: string; placed: boolean }[]).filter((row) => !row.placed).map((row) => row.name);
  assert.deepEqual(without, Object.keys(unplaced).sort());

  const keep = { event: 30, execution_hour: 90, flow: 30 };
  assert.deepEqual(await tendPartitions(scratch.database, now, keep), { made: [], dropped: [] });
  const next = await tendPartitions(scratch.database, new Date('2026-03-02T00:00:01Z'), keep);
  assert.deepEqual(next.made, ['event_20260305', 'execution_hour_20260305', 'flow_20260305']);
  const late = await tendPartitions(scratch.database, new Date('2026-04-02T00:00:01Z'), keep);
  assert.ok(late.dropped.includes('event_20260228') && late.dropped.includes('event_20260302') && !late.dropped.includes('execution_hour_20260302'));
  assert.ok(!late.dropped.includes('event_20260303'));
});
