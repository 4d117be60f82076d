/** How lists divide, and the filters that name one thing exactly, over HTTP against a real hub. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { IncidentFacetsView, VulnerabilityFacetsView } from '@vedette/model/api/views';
import { Assessor } from '../assess/assessor.ts';
import { sampleHub, type SampleHub } from '../hub-sample.ts';
import { sampleSensor } from '../sensor-sample.ts';
import { execution, record, seconds } from '../wire-sample.ts';

const chosen = 'chosen-by-a-person';
let hub: SampleHub;
let token: string;

before(async () => {
  hub = await sampleHub();
  token = await hub.tokenFor('operator');
  const bootedAt = new Date(Date.now() - 20 * 86_400_000);
  const sensor = await sampleSensor(hub.database, { bootedAt });
  const daysAfterBoot = (days: number): bigint => seconds(days * 86_400);
  await sensor.send([
    record.container({ containerId: chosen, name: '', privileged: true }), record.inventory({ containerId: chosen }), record.loaded(0b001, { containerId: chosen }), record.coverage(),
    record.started(execution({ tgid: 100 })), record.started(execution({ tgid: 101, startedS: 2 })),
  ]);
  await sensor.send([
    record.detection({ detectionId: 'a', rule: 'A', priority: 'Critical', atBootNs: daysAfterBoot(20) - seconds(60) }),
    record.detection({ detectionId: 'b', rule: 'B', priority: 'Warning', atBootNs: daysAfterBoot(18) }),
    record.detection({ detectionId: 'c', rule: 'C', priority: 'Warning', atBootNs: daysAfterBoot(2) }),
    record.verdict({ verdictId: 'd', containerId: chosen, atBootNs: daysAfterBoot(20) - seconds(90) }),
    record.verdict({ verdictId: 'e', containerId: chosen, mode: 'shadow', applied: false, atBootNs: daysAfterBoot(20) - seconds(80) }),
  ], 'detection');
  const match = (id: string, severity: string, index: number): object => ({ index, id, aliases: [], summary: id, details: null, severity, cvss: null, malicious: false, exploited: null, fixedIn: null, uncertain: id === 'CVE-2' ? 'the version cannot be compared' : null, published: null, modified: null, references: [] });
  const source = {
    version: 'v1', advisories: 2, covers: () => true, feeds: () => [],
    match: (packages: readonly { name: string }[]) => packages.map((one, index) => (one.name === 'openssl' ? match('CVE-1', 'high', index) : match('CVE-2', 'unknown', index))) as never,
  };
  await new Assessor({ database: hub.database, advisories: () => ({ source }), now: () => new Date(), changed: () => undefined, log: () => undefined }).settle();
});
after(() => hub.end());

const ask = async (path: string): Promise<{ items: Record<string, unknown>[]; total: number | null; facets: unknown }> => {
  const { status, json, text } = await hub.ask('GET', `/api/v1/${path}`, { token });
  assert.equal(status, 200, text);
  return json as never;
};

test('a list of incidents says how the whole divides, when it is asked', async () => {
  assert.equal((await ask('incidents')).facets, null);
  const { total, facets } = await ask('incidents?facets=include&limit=1');
  const { severity, kind, days } = facets as IncidentFacetsView;
  assert.equal(total, 5);
  assert.deepEqual([severity, kind], [{ critical: 3, high: 0, medium: 2, low: 0 }, { detection: 3, verdict: 2 }]);
  assert.equal(days.length, 14);
  assert.equal(days.at(-1)?.day, new Date().toISOString().slice(0, 10));
  const began = days.map((one) => one.critical + one.high + one.medium + one.low);
  assert.equal(began.reduce((sum, one) => sum + one, 0), 4, 'what began before these days is not in them');
  assert.deepEqual(days.filter((one) => one.medium > 0).map((one) => one.day), [new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10)]);
});

test('a part is counted under the other filters, but not under its own', async () => {
  const { total, facets } = await ask('incidents?facets=include&severity=medium&kind=verdict');
  const { severity, kind, days } = facets as IncidentFacetsView;
  assert.equal(total, 0);
  assert.deepEqual([severity, kind], [{ critical: 2, high: 0, medium: 0, low: 0 }, { detection: 2, verdict: 0 }]);
  assert.equal(days.reduce((sum, one) => sum + one.critical, 0), 2);
  const { facets: other } = await ask('incidents?facets=include&outcome=would-have-killed&source=only-from-image');
  assert.deepEqual((other as IncidentFacetsView).severity, { critical: 1, high: 0, medium: 0, low: 0 });
});

test('who sees no cluster is told of no count', async () => {
  const none = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: '00000000-0000-4000-8000-000000000000', namespaces: 'all' }] });
  for (const path of ['incidents', 'vulnerabilities']) {
    const { text } = await hub.ask('GET', `/api/v1/${path}?facets=include&${path === 'incidents' ? 'state=all' : 'severity=high'}`, { token: none });
    assert.match(text, /"total":0,"facets":\{/);
    assert.doesNotMatch(text, /:[1-9]\d*[,}]/, path);
  }
});

test('incidents of one policy with one outcome are found without searching', async () => {
  assert.deepEqual((await ask('incidents?source=only-from-image&outcome=would-have-killed')).items.map((one) => [one['source'], one['outcome']]), [['only-from-image', 'would-have-killed']]);
  assert.deepEqual((await ask('incidents?source=only-from')).items, []);
  assert.equal((await hub.ask('GET', '/api/v1/incidents?outcome=lost', { token })).status, 400);
});

test('a list of vulnerabilities says how it divides, for the fleet and for one container', async () => {
  for (const path of ['vulnerabilities', `vulnerabilities?container=${chosen}`]) {
    const { total, facets } = await ask(`${path}${path.includes('?') ? '&' : '?'}facets=include&severity=high`);
    assert.equal(total, 1, path);
    assert.deepEqual(facets as VulnerabilityFacetsView, { severity: { critical: 0, high: 1, medium: 0, low: 0, unknown: 1 }, loaded: { yes: 1, notSeen: 0, no: 0, unknown: 0 } }, path);
    const { facets: loaded } = await ask(`${path}${path.includes('?') ? '&' : '?'}facets=include&loaded=yes`);
    assert.deepEqual((loaded as VulnerabilityFacetsView).severity, { critical: 0, high: 1, medium: 0, low: 0, unknown: 0 }, path);
  }
  assert.equal((await ask('vulnerabilities')).facets, null);
  const detail = (await hub.ask('GET', '/api/v1/vulnerabilities/CVE-2', { token })).json['findings'] as unknown as { uncertain: string | null }[];
  assert.equal(detail[0]?.uncertain, 'the version cannot be compared');
});

test('one process is found by its key, and a text that is no key finds none', async () => {
  const all = (await ask('processes')).items;
  assert.equal(all.length, 2);
  for (const one of all) assert.deepEqual((await ask(`processes?key=${encodeURIComponent(String(one['key']))}`)).items, [one]);
  for (const key of ['x', '-1-1-1', `${String(all[0]?.['key'])}0`, "a'-1-1-1", 'b-99999999999-1-1']) assert.deepEqual(await ask(`processes?key=${encodeURIComponent(key)}`), { items: [], next: null, total: 0 }, key);
});

test('an id that a person chose is shown whole, and a privileged container says so', async () => {
  const [found] = (await ask('containers')).items;
  assert.deepEqual([found?.['name'], found?.['privileged']], [chosen, true]);
});

test('a question that takes too long has a code of its own', async () => {
  // As the database itself says it when it stops a statement, without the half minute.
  await hub.database.query("create function stopped() returns boolean language plpgsql volatile as 'begin raise exception using errcode = ''57014''; end'");
  await hub.database.query('alter table policy rename to policy_held');
  await hub.database.query('create view policy as select * from policy_held where stopped()');
  try {
    const { status, json } = await hub.ask('GET', '/api/v1/policies', { token });
    assert.deepEqual([status, json['code']], [503, 'question-too-long']);
  } finally {
    await hub.database.query('drop view policy');
    await hub.database.query('alter table policy_held rename to policy');
  }
});
