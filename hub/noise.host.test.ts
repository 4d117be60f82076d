/**
 * Noise from the wire to the proposal, on a real PostgreSQL and by the API: a flood is few rows and a true count, rates
 * by rule and workload stand against the budget, confirmed ones are spared, what is applied is in the set that sensors
 * are given, and its undo takes it out again.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Output } from '@vedette/model/api/table';
import { loadRules } from '@vedette/rules/ruleset';
import { noiseBudgetDefault } from '@vedette/model/api/noise';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { ruleSet } from './store/read-policies.ts';
import { singlesMax } from './store/findings.ts';
import { kindsMax } from './store/noise.ts';
import { execution, record, seconds, type RecordInit } from './wire-sample.ts';

const rule = 'Sources are read';
const ruleText = `- rule: ${rule}\n  desc: d\n  condition: evt.type in (open, openat) and fd.name startswith /\n  output: "%fd.name"\n  priority: NOTICE\n`;
const builder = 'b'.repeat(64);
const shop = 'd'.repeat(64);
let hub: SampleHub;
let sensor: SampleSensor;
const tokens = {} as Record<'viewer' | 'analyst' | 'operator' | 'inShop', string>;

before(async () => {
  hub = await sampleHub();
  sensor = await sampleSensor(hub.database, { hostname: 'node-1' });
  for (const role of ['viewer', 'analyst', 'operator'] as const) tokens[role] = await hub.tokenFor(role);
  tokens.inShop = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: sensor.clusterId, namespaces: ['shop'] }] });
  await sensor.send([
    record.container({ containerId: builder, name: 'builder', imageName: 'registry.test/builder:1', podName: 'builder-0', podNamespace: 'ci', podUid: 'u1', workloadKind: 'Job', workloadName: 'nightly' }),
    record.container({ containerId: shop, name: 'web', imageName: 'registry.test/web:1', podName: 'web-0', podNamespace: 'shop', podUid: 'u2', workloadKind: 'Deployment', workloadName: 'web' }),
  ]);
});
after(() => hub.end());

let number = 0;
function read(file: string, more: { containerId?: string; program?: string; count?: number; varied?: string[]; user?: string; tgid?: number; pending?: boolean; fields?: Record<string, string | null> } = {}): RecordInit {
  number += 1;
  const { containerId = builder, program = '/usr/bin/gcc', count = 0, varied = [], user = 'root', tgid = 200 } = more;
  const image = containerId === builder ? ['registry.test/builder', 'ci'] : containerId === shop ? ['registry.test/web', 'shop'] : [null, null];
  const fields: Record<string, string | null> = more.fields ?? {
    'fd.name': file, 'proc.name': program.split('/').at(-1) ?? '', 'proc.exepath': program, 'proc.pname': 'make', 'user.name': user, 'container.image.repository': image[0] ?? null, 'k8s.ns.name': image[1] ?? null,
  };
  return { kind: { case: 'detection', value: {
    detectionId: `d${number}`, rule, priority: 'notice', tags: [], output: `${file} by ${program}`, atBootNs: seconds(2 + number / 1000), containerId, eventClass: 'open', identityPending: more.pending ?? false,
    count: BigInt(count), lastBootNs: count > 1 ? seconds(3 + number / 1000) : 0n, varied,
    fields: Object.entries(fields).map(([name, value]) => ({ name, value: value ?? '', missing: value === null })),
    tree: [execution({ tgid, path: program, containerId })],
  } } };
}

async function get<N extends 'listNoise' | 'proposeExceptions' | 'listIncidents' | 'getIncident' | 'noiseBudget' | 'listRuleFiles'>(path: string, token = tokens.operator): Promise<Output<N>> {
  const answer = await hub.ask('GET', `/api/v1/${path}`, { token });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as unknown as Output<N>;
}

async function storedRows(): Promise<number> {
  const found = await hub.database.query('select count(*) as n from event');
  return Number((found.rows[0] as { n: number | bigint }).n);
}

test('a flood is one incident with a true count, few rows, and what was not the same in all', async () => {
  const singles = Array.from({ length: 500 }, (_, at) => read(`/src/linux/${at % 5}/f${at}.c`));
  assert.equal((await sensor.send(singles, 'detection')).kind, 'accepted');
  for (let round = 0; round < 10; round += 1) await sensor.send(Array.from({ length: 5 }, (_, at) => read(`/src/linux/${at}/one.c`, { count: 580, varied: ['fd.name'] })), 'detection');
  const { items } = await get<'listIncidents'>('incidents');
  assert.deepEqual(items.map((one) => [one.title, one.count, one.workload, one.verdict]), [[rule, 29_500, 'ci/nightly', null]]);
  assert.equal(await storedRows(), singlesMax + 5);
  const detail = await get<'getIncident'>(`incidents/${items[0]?.id}`);
  const counted = detail.events.filter((one) => one.count > 1);
  assert.deepEqual(counted.map((one) => [one.count, one.varied, one.lastAt === null]), Array.from({ length: 5 }, () => [5860, ['fd.name'], false]));
  assert.equal(detail.events.length, 50);
});

test('kinds beyond the bound are one row for the rest, and nothing is left out of the count', async () => {
  const before = await storedRows();
  const [kinds, more] = [kindsMax + singlesMax + 300, 4];
  await sensor.send(Array.from({ length: kinds }, (_, at) => read(`/tmp/${at}`, { containerId: '', program: `/opt/p${at}`, tgid: 900 })), 'detection');
  await sensor.send(Array.from({ length: more }, (_, at) => read(`/tmp/${at}`, { containerId: '', program: `/opt/q${at}`, tgid: 900, count: 10 })), 'detection');
  const { items } = await get<'listIncidents'>('incidents?container=host');
  assert.equal(items.length, 0);
  const found = await hub.database.query("select x.count, (select sum(e.count) from event e where e.incident_id = x.id) as stored, (select count(*) from event e where e.incident_id = x.id) as n from incident x where x.container_id is null");
  assert.deepEqual((found.rows as { count: unknown; stored: unknown; n: unknown }[]).map((one) => [Number(one.count), Number(one.stored), Number(one.n)]), [[kinds + 40, kinds + 40, singlesMax + kindsMax + 1]]);
  assert.equal((await storedRows()) - before, singlesMax + kindsMax + 1);
});

test('rates stand against the budget, in scope and by pages', async () => {
  await sensor.send([read('/srv/a', { containerId: shop, program: '/usr/bin/node' })], 'detection');
  const all = await get<'listNoise'>('noise', tokens.viewer);
  assert.deepEqual(all.items.map((one) => [one.rule, one.namespace, one.workload, one.hostname, one.lastDay, one.containers, one.over]), [
    [rule, 'ci', 'nightly', null, 29_500, 1, true],
    [rule, null, null, 'node-1', 1040, 0, true],
    [rule, 'shop', 'web', null, 1, 1, false],
  ]);
  assert.deepEqual([all.total, all.over, all.budget.perDay, all.budget.isDefault], [3, 2, noiseBudgetDefault, true]);
  assert.deepEqual((await get<'listNoise'>('noise', tokens.inShop)).items.map((one) => one.workload), ['web']);
  const first = await get<'listNoise'>('noise?limit=2', tokens.viewer);
  const second = await get<'listNoise'>(`noise?limit=2&cursor=${first.next}`, tokens.viewer);
  assert.deepEqual([...first.items, ...second.items].map((one) => one.place), all.items.map((one) => one.place));
  assert.equal(second.next, null);
  assert.equal((await hub.ask('PUT', '/api/v1/noise/budget', { token: tokens.analyst, body: { perDay: 5000 } })).status, 403);
  assert.equal((await hub.ask('PUT', '/api/v1/noise/budget', { token: tokens.operator, body: { perDay: 5000 } })).status, 200);
  assert.deepEqual((await get<'listNoise'>('noise?over=only')).items.map((one) => one.workload), ['nightly']);
  assert.deepEqual((await get<'listNoise'>('noise?search=WEB')).items.map((one) => one.workload), ['web']);
});

test('a proposal spares what was confirmed, loads as it is, and is given to the sensors until it is taken back', async () => {
  // alice reads the very same sources by the very same program, and that was found to be real
  await sensor.send(Array.from({ length: 14 }, (_, at) => read(`/src/linux/1/f${at}.c`, { user: 'alice', containerId: shop })), 'detection');
  const { items } = await get<'listIncidents'>('incidents');
  const real = items.find((one) => one.workload === 'shop/web');
  const judged = await hub.ask('PATCH', `/api/v1/incidents/${real?.id}`, { token: tokens.analyst, body: { verdict: 'confirmed' } });
  assert.equal(judged.json['verdict'], 'confirmed');
  assert.deepEqual((await get<'listIncidents'>('incidents?verdict=confirmed&facets=include')).items.map((one) => one.id), [real?.id]);
  const detail = await get<'getIncident'>(`incidents/${real?.id}`);
  assert.deepEqual(detail.history.map((one) => one.change), ['confirmed']);

  await hub.ask('PUT', '/api/v1/rule-files/sources.yaml', { token: tokens.operator, body: { yaml: ruleText } });
  const [noisiest] = (await get<'listNoise'>('noise')).items;
  const proposal = await get<'proposeExceptions'>(`noise/proposal?rule=${encodeURIComponent(rule)}&place=${noisiest?.place}`);
  assert.deepEqual([proposal.hidden, proposal.detections, proposal.confirmed, proposal.confirmedIncidents, proposal.appliedAs], [29_500, 29_500, 15, 1, null]);
  assert.match(proposal.sentence, /^Hides 29,500 of 29,500 detections of the last 7 days\. It hides none of the 15 confirmed\.$/);
  assert.match(proposal.exceptions[0]?.words ?? '', /proc\.exepath is \/usr\/bin\/gcc.*fd\.name begins with \/src\/linux\/.*container\.image\.repository is registry\.test\/builder/);
  assert.ok(proposal.samples.hidden.length > 0 && proposal.samples.kept.length === 0);

  const alone = loadRules([{ name: 'rule.yaml', text: ruleText }, { name: 'exceptions.yaml', text: proposal.yaml ?? '' }]);
  assert.deepEqual(alone.problems, []);
  assert.equal((await hub.ask('PUT', `/api/v1/rule-files/${proposal.file}`, { token: tokens.analyst, body: { yaml: proposal.yaml } })).status, 403);
  const applied = await hub.ask('PUT', `/api/v1/rule-files/${proposal.file}`, { token: tokens.operator, body: { yaml: proposal.yaml } });
  assert.deepEqual([applied.status, applied.json['rules'], applied.json['warnings']], [200, [rule], []]);
  assert.equal((await ruleSet(hub.database)).at(-1)?.content, proposal.yaml);
  assert.equal((await get<'proposeExceptions'>(`noise/proposal?rule=${encodeURIComponent(rule)}&place=${noisiest?.place}`)).appliedAs, proposal.file);
  assert.equal((await hub.ask('DELETE', '/api/v1/rule-files/sources.yaml', { token: tokens.operator })).status, 422);
  assert.equal((await hub.ask('DELETE', `/api/v1/rule-files/${proposal.file}`, { token: tokens.operator })).status, 204);
  assert.deepEqual((await get<'listRuleFiles'>('rule-files')).items.map((one) => one.name), ['sources.yaml']);
  const audit = await hub.ask('GET', '/api/v1/audit', { token: await hub.tokenFor('admin') });
  for (const words of [`rule file ${proposal.file} added`, `rule file ${proposal.file} removed`, 'noise budget: 100 → 5000']) assert.ok(audit.text.includes(words), words);
});

test('confirmed in the very same place: nothing of that kind is proposed, and it says why', async () => {
  const [incident] = (await get<'listIncidents'>('incidents')).items.filter((one) => one.workload === 'ci/nightly');
  await hub.ask('PATCH', `/api/v1/incidents/${incident?.id}`, { token: tokens.analyst, body: { verdict: 'confirmed', state: 'closed' } });
  await sensor.send([read('/src/linux/1/f1.c', { count: 400, varied: ['fd.name'] })], 'detection');
  const proposal = await get<'proposeExceptions'>(`noise/proposal?rule=${encodeURIComponent(rule)}`);
  assert.ok(!(proposal.yaml ?? '').includes('gcc'), proposal.yaml ?? '');
  const inPlace = await get<'proposeExceptions'>(`noise/proposal?rule=${encodeURIComponent(rule)}&place=${(await get<'listNoise'>('noise')).items.find((one) => one.workload === 'nightly')?.place}`);
  assert.deepEqual([inPlace.yaml, inPlace.hidden, inPlace.kept], [null, 0, 400]);
  assert.match(inPlace.sentence, /No exception is narrow enough/);
});

test('what older sensors sent is never guessed', async () => {
  await sensor.send([read('/x', { containerId: '', tgid: 7777, fields: { 'fd.name': '/x' }, count: 5000 })], 'detection');
  const proposal = await get<'proposeExceptions'>(`noise/proposal?rule=${encodeURIComponent(rule)}&place=h${sensor.nodeId}`);
  assert.equal(proposal.yaml, null);
});

test('a rule file that cannot be used is refused with its place', async () => {
  const broken = await hub.ask('PUT', '/api/v1/rule-files/broken.yaml', { token: tokens.operator, body: { yaml: '- rule: x\n  desc: d\n  condition: fd.nmae = a\n  output: o\n  priority: NOTICE\n' } });
  assert.deepEqual([broken.status, broken.json['code']], [422, 'rules-invalid']);
  assert.match(broken.text, /Did you mean fd\.name/);
  assert.equal((await hub.ask('PUT', '/api/v1/rule-files/..%2Fx.yaml', { token: tokens.operator, body: { yaml: '- list: a\n  items: [b]\n' } })).status, 400);
});

test('a rule about several events, and one that the hub does not have, have no proposal and say why', async () => {
  const several = `- rule: Many reads\n  desc: d\n  condition: evt.type in (open, openat) and fd.name startswith /\n  output: "%fd.name"\n  priority: NOTICE\n  vedette:\n    count: 3\n    within: 10s\n    by: [container.id]\n`;
  const put = await hub.ask('PUT', '/api/v1/rule-files/many.yaml', { token: tokens.operator, body: { yaml: several } });
  assert.equal(put.status, 200, put.text);
  assert.match((await get<'proposeExceptions'>('noise/proposal?rule=Many%20reads')).sentence, /^This rule speaks of several events/);
  assert.match((await get<'proposeExceptions'>('noise/proposal?rule=Nothing')).sentence, /^The hub has no rule of this name now/);
});

test('jobs that come and go do not make an incident each, unless it is grave', async () => {
  const jobs = Array.from({ length: 30 }, (_, at) => at.toString(16).padStart(64, 'e'));
  const gathered = (name: string) => async (): Promise<number> => (await hub.database.query('select 1 from incident where source = $1', [name])).rowCount ?? 0;
  await sensor.send(jobs.map((containerId, at) => record.container({ containerId, name: 'job', imageName: 'registry.test/job:1', podName: `job-${at}`, podNamespace: 'ci', podUid: `job-${at}`, workloadKind: 'CronJob', workloadName: 'hourly' })));
  for (const [name, priority, incidents] of [['Quiet rule', 'notice', 20], ['Grave rule', 'critical', 30]] as const) {
    await sensor.send(jobs.map((containerId, at) => record.detection({ detectionId: `${name}${at}`, rule: name, priority, containerId, atBootNs: seconds(10 + at), tree: [execution({ tgid: 300, path: '/bin/job', containerId })] })), 'detection');
    assert.equal(await gathered(name)(), incidents, name);
  }
  const { items } = await get<'listIncidents'>('incidents?source=Quiet%20rule');
  const latest = items.find((one) => one.count > 1);
  assert.deepEqual([latest?.count, items.reduce((sum, one) => sum + one.count, 0)], [11, 30]);
  assert.equal((await get<'getIncident'>(`incidents/${latest?.id}`)).containers, 11);
  // another program is another story
  await sensor.send([record.detection({ detectionId: 'other', rule: 'Quiet rule', priority: 'notice', containerId: jobs[29] ?? '', atBootNs: seconds(100), tree: [execution({ tgid: 301, path: '/tmp/x', containerId: jobs[29] ?? '' })] })], 'detection');
  assert.equal(await gathered('Quiet rule')(), 21);
});
