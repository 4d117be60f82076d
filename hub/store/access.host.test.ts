/** Access in the database itself: what an upgrade makes of the roles of 0.1, and which rows a scope holds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Scope } from '@vedette/model/access';
import { scopeHolds } from '@vedette/model/access';
import * as fc from 'fast-check';
import { migrate, readMigrations } from './migrate.ts';
import { hostInScope, inScope, placesIn, touchesScope } from './scope.ts';
import { scratchDatabase, type Scratch } from './scratch.ts';

const a = '00000000-0000-4000-8000-00000000000a';
const b = '00000000-0000-4000-8000-00000000000b';
let scratch: Scratch;

before(async () => {
  scratch = await scratchDatabase();
});
after(() => scratch.end());

test('the database and the model agree on which rows are in a scope', async () => {
  const namespaces = ['shop', 'pay', 'a/b', ''] as const;
  const place = fc.record({ cluster: fc.constantFrom(a, b), namespaces: fc.oneof(fc.constant('all' as const), fc.subarray([...namespaces])) });
  const scope: fc.Arbitrary<Scope> = fc.oneof(fc.constant<Scope>({ kind: 'all' }), fc.array(place, { maxLength: 3 }).map((places): Scope => ({ kind: 'places', places })));
  const rows = [a, b].flatMap((cluster) => [...namespaces, null].map((namespace) => ({ cluster, namespace })));
  await fc.assert(
    fc.asyncProperty(scope, async (one) => {
      const found = await scratch.database.query(
        `select x.cluster, x.namespace, coalesce(${inScope('x.cluster', 'x.namespace')}, false) as here, ${inScope('x.cluster')} as whole, ${touchesScope('x.cluster')} as touched
           from jsonb_to_recordset($2::jsonb) x(cluster uuid, namespace text)`,
        [placesIn(one), JSON.stringify(rows)],
      );
      for (const row of found.rows as { cluster: string; namespace: string | null; here: boolean; whole: boolean; touched: boolean }[]) {
        assert.equal(row.here, scopeHolds(one, row.cluster, row.namespace), JSON.stringify({ one, row }));
        assert.equal(row.whole, scopeHolds(one, row.cluster), JSON.stringify({ one, row }));
        assert.equal(row.touched, [...namespaces, null].some((namespace) => scopeHolds(one, row.cluster, namespace)), JSON.stringify({ one, row }));
      }
    }),
    { numRuns: 100 },
  );
});

test('a host is in the reach of who sees something that runs on it, and of nobody else', async () => {
  const { database } = scratch;
  await database.query("insert into cluster values ($1, 'a', now())", [a]);
  const node = '00000000-0000-4000-8000-0000000000aa';
  await database.query("insert into node (id, cluster_id, hostname, kernel, architecture, distribution, boot_id, machine_id, cgroup_mode, joined_at) values ($1, $2, 'h', 'k', 'x', 'd', 'b', 'm', 'v2', now())", [node, a]);
  await database.query(
    `insert into container (cluster_id, node_id, container_id, boot_id, runtime, identity, name, labels, mounts, pod_namespace, privileged, started_at, ended_at, seen_from_start)
     values ($1, $2, 'c1', 'b', 'containerd', 'known', 'x', '{}', '[]', 'shop', false, now(), null, true), ($1, $2, 'c2', 'b', 'containerd', 'known', 'x', '{}', '[]', 'gone', false, now(), now(), true)`,
    [a, node],
  );
  const cases: [scope: Scope, hosts: number][] = [
    [{ kind: 'all' }, 1],
    [{ kind: 'places', places: [{ cluster: a, namespaces: 'all' }] }, 1],
    [{ kind: 'places', places: [{ cluster: a, namespaces: ['shop'] }] }, 1],
    [{ kind: 'places', places: [{ cluster: a, namespaces: ['gone', 'pay'] }] }, 0],
    [{ kind: 'places', places: [{ cluster: b, namespaces: 'all' }] }, 0],
  ];
  for (const [scope, hosts] of cases) {
    const { rows } = await database.query(`select 1 from node n where ${hostInScope('n.cluster_id', 'n.id')}`, [placesIn(scope)]);
    assert.equal(rows.length, hosts, JSON.stringify(scope));
  }
});

test('roles, tokens and incidents of 0.1 keep their reach', async () => {
  const { database } = scratch;
  await database.query('drop schema public cascade; create schema public');
  const migrations = await readMigrations();
  await migrate(database, migrations.slice(0, 4));
  await database.query("insert into cluster values ($1, 'a', now())", [a]);
  await database.query("insert into person (name, role, clusters, password_hash, created_at) values ('admin', 'admin', null, 'h', now()), ('ada', 'analyst', array[$1, $2]::uuid[], 'h', now()), ('nobody', 'viewer', '{}', 'h', now())", [a, b]);
  await database.query("insert into api_token (name, role, clusters, token_hash, created_by, created_at) values ('ci', 'viewer', null, 'x', 'admin', now())");
  const node = '00000000-0000-4000-8000-0000000000aa';
  await database.query("insert into node (id, cluster_id, hostname, kernel, architecture, distribution, boot_id, machine_id, cgroup_mode, joined_at) values ($1, $2, 'h', 'k', 'x', 'd', 'b', 'm', 'v2', now())", [node, a]);
  await database.query(
    `insert into container (cluster_id, node_id, container_id, boot_id, runtime, identity, name, labels, mounts, pod_namespace, privileged, started_at, seen_from_start) values ($1, $2, 'c1', 'b', 'containerd', 'known', 'x', '{}', '[]', 'shop', false, now(), true)`,
    [a, node],
  );
  const incident = "insert into incident (cluster_id, node_id, container_id, kind, source, severity, severity_rank, title, summary, outcome, next_action, attack, fold_key, first_seen, last_seen, count, search) values ($1, $2, $3, 'detection', 's', 'high', 1, 't', 's', 'seen', 'n', '{}', 'f', now(), now(), 1, '')";
  for (const container of ['c1', null]) await database.query(incident, [a, node, container]);
  await database.query("insert into event_hour values (now(), $1, 'verdict', 'p', 'high', 'killed', 3)", [a]);

  await migrate(database, migrations);
  const grants = Object.fromEntries(((await database.query('select name, grants from person union all select name, grants from api_token')).rows as { name: string; grants: unknown }[]).map((row) => [row.name, row.grants]));
  assert.deepEqual(grants, {
    admin: [{ role: 'admin', place: 'all' }],
    ada: [a, b].map((cluster) => ({ role: 'analyst', place: { cluster, namespaces: 'all' } })),
    nobody: [],
    ci: [{ role: 'viewer', place: 'all' }],
  });
  assert.deepEqual((await database.query('select namespace from incident order by id')).rows, [{ namespace: 'shop' }, { namespace: null }]);
  assert.deepEqual((await database.query('select namespace, count from event_hour')).rows, [{ namespace: '', count: 3 }]);
});
