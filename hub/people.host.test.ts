/** People, their sessions and roles, and the audit log, over HTTP against a real hub. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Grant } from '@vedette/model/access';
import { sampleHub, type Answer, type SampleHub } from './hub-sample.ts';
import { sampleSensor } from './sensor-sample.ts';
import { record } from './wire-sample.ts';

let hub: SampleHub;
let cluster: string;
const everywhere: Grant[] = [{ role: 'admin', place: 'all' }];

before(async () => {
  hub = await sampleHub();
  const sensor = await sampleSensor(hub.database, { cluster: 'shop-cluster' });
  await sensor.send([record.container({ podName: 'web', podNamespace: 'shop' })]);
  cluster = ((await hub.database.query("select id from cluster where name = 'shop-cluster'")).rows[0] as { id: string }).id;
});
after(() => hub.end());

interface Browser {
  ask(method: string, at: string, body?: unknown): Promise<Answer>;
}

async function signIn(user: string, password: string): Promise<Browser & { status: number; grants: unknown }> {
  const answer = await hub.ask('POST', '/api/v1/session', { body: { user, password }, headers: { 'user-agent': 'test browser' } });
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const csrf = String(answer.json['csrf'] ?? '');
  return { status: answer.status, grants: answer.json['grants'], ask: (method, at, body) => hub.ask(method, at, { body, headers: { cookie, 'x-vedette-csrf': csrf } }) };
}

async function admin(): Promise<Browser> {
  const { password } = JSON.parse(await readFile(path.join(hub.directory, 'state', 'first-start.json'), 'utf8')) as { password: string };
  return signIn('admin', password);
}

const text = (answer: Answer, key: string): string => String(answer.json[key]);

test('a person signs in with the password that was shown once, sees their place, and their roles change at once', async () => {
  const boss = await admin();
  const grants: Grant[] = [{ role: 'analyst', place: { cluster, namespaces: ['shop'] } }];
  const made = await boss.ask('POST', '/api/v1/people', { name: 'ada', grants });
  assert.equal(made.status, 201, made.text);
  assert.ok(!(await boss.ask('GET', '/api/v1/people')).text.includes(text(made, 'password')));
  const ada = await signIn('ada', text(made, 'password'));
  assert.deepEqual(ada.grants, grants);
  assert.equal(((await ada.ask('GET', '/api/v1/containers')).json['items'] as unknown as unknown[]).length, 1);
  assert.deepEqual((await ada.ask('GET', '/api/v1/places')).json['items'], [{ cluster, name: 'shop-cluster', whole: false, namespaces: ['shop'] }]);
  assert.equal((await ada.ask('GET', '/api/v1/nodes')).json['total'], 0);
  const at = `/api/v1/people/${text(made, 'id')}`;
  assert.equal((await boss.ask('PATCH', at, { grants: [{ role: 'viewer', place: { cluster, namespaces: ['other'] } }] })).status, 200);
  assert.equal((await ada.ask('GET', '/api/v1/containers')).json['total'], 0);
  assert.equal((await boss.ask('PATCH', at, { grants: [] })).status, 200);
  assert.equal((await ada.ask('GET', '/api/v1/containers')).status, 403);
  assert.equal((await ada.ask('GET', '/api/v1/session')).status, 200);
  assert.equal((await boss.ask('DELETE', at)).status, 204);
  assert.equal((await ada.ask('GET', '/api/v1/session')).status, 401);
});

test('a reset password ends the sessions; so does disabling, and enabling brings no session back', async () => {
  const boss = await admin();
  const made = await boss.ask('POST', '/api/v1/people', { name: 'ben', grants: [{ role: 'viewer', place: 'all' }] });
  const at = `/api/v1/people/${text(made, 'id')}`;
  const [first, second] = [await signIn('ben', text(made, 'password')), await signIn('ben', text(made, 'password'))];
  assert.equal(((await first.ask('GET', '/api/v1/sessions')).json['items'] as unknown as unknown[]).length, 2);
  const fresh = await boss.ask('POST', `${at}/password`);
  assert.equal((await first.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await second.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await signIn('ben', text(made, 'password'))).status, 401);
  const third = await signIn('ben', text(fresh, 'password'));
  assert.equal((await boss.ask('PATCH', at, { disabled: true })).status, 200);
  assert.equal((await third.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await signIn('ben', text(fresh, 'password'))).status, 401);
  assert.equal((await boss.ask('PATCH', at, { disabled: false })).status, 200);
  assert.equal((await third.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await signIn('ben', text(fresh, 'password'))).status, 200);
});

test('own sessions are seen and ended, those of others not', async () => {
  const boss = await admin();
  const made = await boss.ask('POST', '/api/v1/people', { name: 'cleo', grants: [{ role: 'viewer', place: 'all' }] });
  const [one, two] = [await signIn('cleo', text(made, 'password')), await signIn('cleo', text(made, 'password'))];
  const sessions = (await one.ask('GET', '/api/v1/sessions')).json['items'] as unknown as { id: string; current: boolean; agent: string; address: string }[];
  assert.deepEqual(sessions.map(({ current, agent }) => [current, agent]).sort(), [[false, 'test browser'], [true, 'test browser']]);
  assert.match(sessions[0]!.address, /127\.0\.0\.1/);
  const other = sessions.find(({ current }) => !current)!;
  assert.equal((await boss.ask('DELETE', `/api/v1/sessions/${other.id}`)).status, 404);
  assert.equal((await two.ask('GET', '/api/v1/session')).status, 200);
  assert.equal((await one.ask('DELETE', `/api/v1/sessions/${other.id}`)).status, 204);
  assert.equal((await two.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await boss.ask('DELETE', `/api/v1/people/${text(made, 'id')}/sessions`)).status, 204);
  assert.equal((await one.ask('GET', '/api/v1/session')).status, 401);
});

test('the last administrator of the whole hub cannot be lost, also not by two at once', async () => {
  const boss = await admin();
  const people = (await boss.ask('GET', '/api/v1/people')).json['items'] as unknown as { id: string; name: string }[];
  const own = `/api/v1/people/${people.find(({ name }) => name === 'admin')!.id}`;
  const ofCluster: Grant[] = [{ role: 'admin', place: { cluster, namespaces: 'all' } }];
  for (const [method, at, body] of [['DELETE', own, undefined], ['PATCH', own, { disabled: true }], ['PATCH', own, { grants: ofCluster }], ['PATCH', own, { grants: [] }]] as const) {
    const answer = await boss.ask(method, at, body);
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.json['code'], 'last-administrator');
  }
  const made = await boss.ask('POST', '/api/v1/people', { name: 'dora', grants: everywhere });
  const dora = await signIn('dora', text(made, 'password'));
  const both = await Promise.all([boss.ask('DELETE', `/api/v1/people/${text(made, 'id')}`), dora.ask('PATCH', own, { grants: ofCluster })]);
  assert.equal(both.filter(({ status }) => status < 300).length, 1, both.map(({ text: said }) => said).join('\n'));
  const { rows } = await hub.database.query(`update person set grants = '[{"role": "admin", "place": "all"}]' where name = 'admin' returning id`);
  assert.equal(rows.length, 1);
});

test('what cannot be granted is refused', async () => {
  const boss = await admin();
  const cases: [body: unknown, status: number][] = [
    [{ name: 'admin', grants: [] }, 409],
    [{ name: 'ADMIN', grants: [] }, 409],
    [{ name: 'Vedette', grants: [] }, 409],
    [{ name: 'token ci', grants: [] }, 400],
    [{ name: 'a\u202eb', grants: [] }, 400],
    [{ name: '', grants: [] }, 400],
    [{ name: 'x', grants: [{ role: 'god', place: 'all' }] }, 400],
    [{ name: 'x', grants: [{ role: 'viewer', place: { cluster: '00000000-0000-4000-8000-000000000000', namespaces: 'all' } }] }, 400],
    [{ name: 'x', grants: [{ role: 'viewer', place: { cluster, namespaces: [] } }] }, 400],
    [{ name: 'x', grants: [{ role: 'viewer', place: { cluster, namespaces: [''] } }] }, 400],
    [{ name: 'x', grants: [{ role: 'viewer', place: { cluster: 'shop-cluster', namespaces: 'all' } }] }, 400],
  ];
  for (const [body, status] of cases) assert.equal((await boss.ask('POST', '/api/v1/people', body)).status, status, JSON.stringify(body));
  for (const scoped of [await hub.tokenWith([{ role: 'admin', place: { cluster, namespaces: 'all' } }])]) {
    for (const at of ['/api/v1/people', '/api/v1/tokens']) assert.equal((await hub.ask('GET', at, { token: scoped })).status, 403);
    assert.equal((await hub.ask('POST', '/api/v1/people', { token: scoped, body: { name: 'x', grants: everywhere } })).status, 403);
  }
});

test('the audit log: pages, filters, CSV, and only what is in scope', async () => {
  const boss = await admin();
  const names = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    let next: string | null = null;
    do {
      const page: Answer = await boss.ask('GET', `/api/v1/audit?limit=3&${query}${next === null ? '' : `&cursor=${next}`}`);
      assert.equal(page.status, 200, page.text);
      found.push(...(page.json['items'] as unknown as { action: string }[]).map(({ action }) => action));
      next = page.json['next'] as unknown as string | null;
    } while (next !== null);
    return found;
  };
  const { rows } = await hub.database.query('select action from audit order by id desc');
  assert.deepEqual(await names(''), (rows as { action: string }[]).map(({ action }) => action));
  assert.ok((await names('action=person.')).every((action) => action.startsWith('person.')));
  assert.ok((await names('action=person.')).length >= 8);
  assert.deepEqual([...new Set(await names('object=person:ben&actor=admin'))].sort(), ['password.reset', 'person.make', 'person.update']);
  assert.deepEqual(await names('from=2100-01-01T00:00:00Z'), []);
  await hub.database.query("insert into audit (at, cluster_id, namespace, actor, action, object, change, detail) values (now(), $1, 'shop', '=cmd()', 'incident.update', 'incident:9', 'a \"b\", c', '{}'), (now(), $1, null, 'eve', 'x', 'x', 'x', '{}')", [cluster]);
  const scoped = await hub.tokenWith([{ role: 'viewer', place: { cluster, namespaces: ['shop'] } }]);
  const csv = await hub.ask('GET', '/api/v1/audit.csv', { token: scoped });
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
  assert.match(csv.text, /^id,at,actor,action,object,change,cluster,namespace,detail\r\n\d+,[^,]+Z,'=cmd\(\),incident\.update,incident:9,"a ""b"", c",shop-cluster,shop,\r\n$/);
  assert.equal((await hub.ask('GET', '/api/v1/audit', { token: await hub.tokenWith([{ role: 'viewer', place: { cluster, namespaces: 'all' } }]) })).text.match(/"id"/g)?.length, 2);
});

test('a password is reset on the host of the hub', async () => {
  const state = path.join(hub.directory, 'state');
  const id = 'ab'.repeat(16);
  const before = await admin();
  const ask = async (name: string, content: string): Promise<Record<string, unknown>> => {
    await writeFile(path.join(state, `reset-password-${name}.json`), content);
    const answer = path.join(state, `new-password-${name}.json`);
    for (let waited = 0; !existsSync(answer) && waited < 200; waited += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(statSync(answer).mode & 0o077, 0);
    return JSON.parse(await readFile(answer, 'utf8')) as Record<string, unknown>;
  };
  const { password } = await ask(id, JSON.stringify({ user: 'admin' }));
  assert.equal((await before.ask('GET', '/api/v1/session')).status, 401);
  assert.equal((await signIn('admin', String(password))).status, 200);
  assert.match(String((await ask('cd'.repeat(16), JSON.stringify({ user: 'nobody' })))['problem']), /no user nobody/);
  await writeFile(path.join(state, `reset-password-${'ef'.repeat(16)}.json`), 'not JSON');
  await ask('01'.repeat(16), JSON.stringify({ user: 'nobody' }));
  assert.deepEqual(readdirSync(state).filter((name) => name.startsWith('reset-password') || name.includes('ef'.repeat(16))), []);
});
