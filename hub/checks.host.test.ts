/** What pipelines hand in and ask for, and exceptions, over HTTP against a real hub: what is kept, who sees it, what is refused. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sampleCheck, sampleDigest, sampleException } from './check-sample.ts';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { addPerson } from './store/access.ts';
import { hashPassword } from './api/passwords.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { record } from './wire-sample.ts';

let hub: SampleHub;
let sensor: SampleSensor;
let pipeline: string;
let operator: string;
before(async () => {
  hub = await sampleHub();
  pipeline = await hub.tokenFor('pipeline');
  operator = await hub.tokenFor('operator');
  sensor = await sampleSensor(hub.database, { hostname: 'host-1' });
  await hub.ask('PUT', '/api/v1/policies/no-root-user', { token: operator, body: { yaml: imagePolicy('no-root-user', 'image.runsAsRoot') } });
  await hub.ask('PUT', '/api/v1/policies/loaded', { token: operator, body: { yaml: imagePolicy('loaded', 'image.vulnerabilities.exists(v, v.loaded == "yes")') } });
});
after(() => hub.end());

const imagePolicy = (name: string, when: string): string => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec: { description: About images., severity: high, mode: enforce, rules: [{ name: r, on: image, when: '${when}', actions: { build: fail, deploy: deny }, fix: mend it }] }
`;

test('a pipeline is given the policies about images and the exceptions, and may do nothing else', async () => {
  const set = await hub.ask('GET', '/api/v1/checks/set', { token: pipeline });
  assert.equal(set.status, 200);
  assert.deepEqual((set.json['policies'] as unknown as { name: string; mode: string }[]).map((one) => [one.name, one.mode]), [['loaded', 'enforce'], ['no-root-user', 'enforce']]);
  for (const path of ['/api/v1/checks', '/api/v1/policies', '/api/v1/exceptions', '/api/v1/risk', '/api/v1/containers']) assert.equal((await hub.ask('GET', path, { token: pipeline })).status, 403, path);
  const narrow = await hub.tokenFor('pipeline', { kind: 'places', places: [{ cluster: sensor.clusterId, namespaces: 'all' }] });
  assert.equal((await hub.ask('GET', '/api/v1/checks/set', { token: narrow })).status, 403);
});

test('a check is kept once a run, with its layers; packages go where feeds are matched', async () => {
  const first = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck() });
  assert.deepEqual([first.status, first.json['isNew']], [201, true], first.text);
  const again = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck() });
  assert.deepEqual([again.status, again.json], [201, { id: first.json['id'], isNew: false }]);
  const other = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck({ run: '2/1/build' }) });
  assert.notEqual(other.json['id'], first.json['id']);
  const at = `/api/v1/checks/${String(first.json['id'])}`;
  const kept = await hub.ask('GET', at, { token: operator });
  assert.deepEqual(kept.json['layers'], [{ digest: sampleDigest('1'), diffId: sampleDigest('2'), sizeBytes: 1000, packages: ['lodash 4.17.15'] }]);
  assert.deepEqual([kept.json['verdict'], kept.json['reportedBy'], (kept.json['run'] as unknown as { commit: string }).commit], ['fail', 'token pipeline', 'abc123']);
  const { rows } = await hub.database.query("select count(*)::int as n from package p join inventory i on p.id = any(i.packages) join image_check k on k.inventory_id = i.id where p.name = 'lodash'");
  assert.deepEqual(rows, [{ n: 2 }]);
  for (const [query, count] of [['commit=abc123', 2], ['commit=no', 0], [`digest=${sampleDigest('e')}`, 2], ['verdict=pass', 0], ['search=SHOP', 2]] as const) {
    assert.equal((await hub.ask('GET', `/api/v1/checks?${query}`, { token: operator })).json['total'], count, query);
  }
  const page = await hub.ask('GET', '/api/v1/checks?limit=1', { token: operator });
  const next = await hub.ask('GET', `/api/v1/checks?limit=1&cursor=${String(page.json['next'])}`, { token: operator });
  assert.deepEqual([(page.json['items'] as unknown as unknown[]).length, (next.json['items'] as unknown as unknown[]).length, next.json['next']], [1, 1, null]);
});

test('a check is visible where its image runs, and nowhere else', async () => {
  const digest = sampleDigest('a');
  const made = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck({ digest }) });
  const mine = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: sensor.clusterId, namespaces: 'all' }] });
  const at = `/api/v1/checks/${String(made.json['id'])}`;
  const explain = `/api/v1/policies/no-root-user/explain?image=${digest}`;
  assert.deepEqual([(await hub.ask('GET', at, { token: mine })).status, (await hub.ask('GET', explain, { token: mine })).status, (await hub.ask('GET', '/api/v1/checks', { token: mine })).json['total']], [404, 404, 0]);
  await sensor.send([record.container()]);
  assert.deepEqual([(await hub.ask('GET', at, { token: mine })).status, (await hub.ask('GET', explain, { token: mine })).status, (await hub.ask('GET', '/api/v1/checks', { token: mine })).json['total']], [200, 200, 1]);
  assert.equal((await hub.ask('GET', at, { token: mine })).json['running'], 1);
  const nobody = await hub.tokenFor('viewer', { kind: 'places', places: [] });
  assert.equal((await hub.ask('GET', at, { token: nobody })).status, 403);
});

test('what is no report is refused, and a large one is taken', async () => {
  const good = sampleCheck();
  const bad: readonly unknown[] = [
    {}, { ...good, verdict: 'maybe' }, { ...good, image: { ...good.image, digest: 'sha256:12' } }, { ...good, image: { ...good.image, reference: 'a\0b' } }, { ...good, more: 1 },
    { ...good, layers: [{ ...good.layers[0], packages: [7] }] }, { ...good, run: { ...good.run, runUrl: 'javascript:alert(1)' } }, { ...good, findings: Array.from({ length: 2001 }, () => good.findings[0]) },
    { ...good, image: { ...good.image, facts: { 'image.user': { value: { deep: { deeper: 1 } } } } } },
  ];
  for (const body of bad) assert.equal((await hub.ask('POST', '/api/v1/checks', { token: pipeline, body })).status, 400, JSON.stringify(body).slice(0, 200));
  const packages = Array.from({ length: 5000 }, (_, n) => ({ ecosystem: 'npm', name: `package-${n}`, version: '1.0.0', sourceName: '', sourceVersion: '', path: `/srv/node_modules/package-${n}` }));
  assert.equal((await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck({ digest: sampleDigest('b'), packages }) })).status, 201);
  const huge = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: { ...good, version: 'x'.repeat(40 * 2 ** 20) } }).then((answer) => answer.status, () => 'cut off');
  assert.ok(huge === 413 || huge === 'cut off', String(huge));
});

test('a policy is explained on a kept image at each stage, with today’s knowledge', async () => {
  const at = (policy: string, digest = sampleDigest('d')) => hub.ask('GET', `/api/v1/policies/${policy}/explain?image=${digest}`, { token: operator });
  const answer = await at('no-root-user');
  assert.equal(answer.status, 200, answer.text);
  const stages = answer.json['stages'] as unknown as { stage: string; says: string | null; rules: { answer: string; effect: string; fact: string; fix: string }[] }[];
  assert.deepEqual(stages.map((one) => [one.stage, one.says, one.rules.map((rule) => `${rule.answer} ${rule.effect}`)]), [
    ['build', null, ['broken stop']], ['deploy', null, ['broken stop']], ['run', 'it has no rule about executions', []],
  ]);
  assert.match(stages[1]!.rules[0]!.fact, /The image runs as root \(image\.runsAsRoot\)/);
  const loaded = (await at('loaded')).json['stages'] as unknown as typeof stages;
  assert.deepEqual(loaded.map((one) => one.rules.map((rule) => rule.answer)), [['unknown'], ['unknown'], []]);
  assert.match(loaded[1]!.rules[0]!.fact, /no advisories to match it with/);
  assert.equal((await at('no-root-user', sampleDigest('9'))).status, 404);
  assert.equal((await at('none')).status, 404);
  await hub.ask('PUT', '/api/v1/policies/no-root-user/mode', { token: operator, body: { mode: 'off' } });
  const off = (await at('no-root-user')).json['stages'] as unknown as typeof stages;
  assert.deepEqual([off[0]!.says, off[0]!.rules[0]!.effect], ['it is off; below is what it would say', 'none']);
  await hub.ask('PUT', '/api/v1/policies/no-root-user/mode', { token: operator, body: { mode: 'enforce' } });
});

test('sensors are given no policy that only speaks about images; people see where each speaks', async () => {
  const { executionPolicySet } = await import('./store/read-policies.ts');
  assert.deepEqual((await executionPolicySet(hub.database)).map((one) => one.name), ['only-from-image']);
  const all = (await hub.ask('GET', '/api/v1/policies', { token: operator })).json['items'] as unknown as { name: string; stages: string[] }[];
  assert.deepEqual(all.map((one) => [one.name, one.stages]), [['loaded', ['build', 'deploy']], ['no-root-user', ['build', 'deploy']], ['only-from-image', ['run']]]);
});

async function signedIn(name: string): Promise<(method: string, path: string, body?: unknown) => ReturnType<SampleHub['ask']>> {
  await addPerson(hub.database, { name, grants: [{ role: 'operator', place: 'all' }], passwordHash: await hashPassword(`the password of ${name}`) }, new Date());
  const session = await hub.ask('POST', '/api/v1/session', { body: { user: name, password: `the password of ${name}` } });
  const headers = { cookie: (session.headers.get('set-cookie') ?? '').split(';')[0]!, 'x-vedette-csrf': String(session.json['csrf']) };
  return (method, path, body) => hub.ask(method, path, { headers, body });
}

test('an exception counts when another person has approved what stands there now', async () => {
  const [ada, bob] = [await signedIn('ada'), await signedIn('bob')];
  const at = '/api/v1/exceptions/spring';
  const made = await ada('PUT', at, { yaml: sampleException('spring') });
  assert.deepEqual([made.status, made.json['state'], made.json['author']], [200, 'unapproved', 'ada'], made.text);
  const answerOf = async (): Promise<string> => ((await hub.ask('GET', `/api/v1/policies/no-root-user/explain?image=${sampleDigest('d')}`, { token: operator })).json['stages'] as unknown as { rules: { answer: string }[] }[])[0]!.rules[0]!.answer;
  assert.equal(await answerOf(), 'broken');
  const approve = { updatedAt: made.json['updatedAt'], reference: 'SEC-1' };
  const own = await ada('PUT', `${at}/approval`, approve);
  assert.deepEqual([own.status, /another person/.test(own.text)], [403, true]);
  assert.equal((await hub.ask('PUT', `${at}/approval`, { token: operator, body: approve })).status, 403);
  assert.equal((await bob('PUT', `${at}/approval`, { updatedAt: '2020-01-01T00:00:00.000Z' })).status, 409);
  const approved = await bob('PUT', `${at}/approval`, approve);
  assert.deepEqual([approved.status, approved.json['state'], (approved.json['approval'] as unknown as { by: string }).by], [200, 'active', 'bob'], approved.text);
  assert.equal(await answerOf(), 'accepted');
  const changed = await bob('PUT', at, { yaml: sampleException('spring', '2099-02-01') });
  assert.deepEqual([changed.json['state'], changed.json['author']], ['unapproved', 'bob']);
  assert.equal(await answerOf(), 'broken');
  assert.equal((await ada('DELETE', at)).status, 204);
  assert.equal((await ada('DELETE', at)).status, 404);
  const listed = (await ada('GET', '/api/v1/exceptions?ended=include')).json['items'] as unknown as { name: string; state: string }[];
  assert.deepEqual(listed.map((one) => [one.name, one.state]), [['spring', 'ended']]);
  const { rows } = await hub.database.query("select action, actor from audit where object = 'exception:spring' order by id");
  assert.deepEqual(rows, [{ action: 'exception.put', actor: 'ada' }, { action: 'exception.approve', actor: 'bob' }, { action: 'exception.put', actor: 'bob' }, { action: 'exception.end', actor: 'ada' }]);
  const { rows: changes } = await hub.database.query("select change from audit where object = 'exception:spring' order by id");
  assert.deepEqual(changes.map((one) => (one as { change: string }).change), [
    'exception spring made, from no-root-user until 2099-01-01', 'exception spring approved, written by ada', 'exception spring written anew; its approval is void', 'exception spring ended',
  ]);
});

test('texts of exceptions that cannot be used are refused with their place', async () => {
  const put = (yaml: string) => hub.ask('PUT', '/api/v1/exceptions/x', { token: operator, body: { yaml } });
  for (const [yaml, words] of [
    ['', /no exception/], ['a: [', /Line/], [sampleException('y'), /address says x/], [`${sampleException('x')}---\n${sampleException('z')}`, /more than one/],
    [sampleException('x', '2020-01-01'), /in the past/], [sampleException('x', '2099-13-01'), /no time that exists|in the past/], [sampleException('x', '2099-01-01', '  approval: { by: me, at: 2026-01-01 }\n'), /another person/],
  ] as const) {
    const answer = await put(yaml);
    assert.deepEqual([answer.status, words.test(answer.text)], [422, true], `${yaml}\n${answer.text}`);
  }
});
