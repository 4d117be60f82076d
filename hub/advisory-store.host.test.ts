/** From a file of advisories to what people see, and following the file when another takes its place. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { putAdvisories, type SampleAdvisory } from './advisory-sample.ts';
import { FollowedAdvisories } from './advisory-store.ts';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor } from './sensor-sample.ts';
import { record } from './wire-sample.ts';

let hub: SampleHub;
let file: string;
let token: string;

before(async () => {
  hub = await sampleHub();
  file = path.join(hub.directory, 'state', 'advisories', 'store.sqlite');
  token = await hub.tokenFor('admin');
});
after(() => hub.end());

const putStore = (records: readonly SampleAdvisory[]): void => putAdvisories(file, records);

test('no file, a foreign file, a broken file: a sentence each', () => {
  const other = path.join(hub.directory, 'other.sqlite');
  const followed = new FollowedAdvisories(other);
  assert.ok(followed.now.source === undefined && /no feed has been synced/.test(followed.now.problem));
  assert.equal(followed.follow(), false, 'nothing new');
  writeFileSync(other, 'not a database at all, but long enough to be looked at as one'.repeat(20));
  assert.equal(followed.follow(), true);
  assert.ok(followed.now.source === undefined && /cannot be read|another program/.test(followed.now.problem));
  followed.close();
});

test('what runs is matched when the file appears, again when it is replaced, and kept when it goes', async () => {
  const sensor = await sampleSensor(hub.database);
  await sensor.send([record.container(), record.coverage(), record.inventory()]);
  const before = (await hub.ask('GET', '/api/v1/advisories', { token })).json;
  assert.match(String(before['problem']), /no feed has been synced/);

  putStore([{ id: 'CVE-2026-1000', ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2-1', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }, { id: 'GHSA-aaaa-bbbb-cccc', ecosystem: 'npm', name: 'left-pad', fixed: '1.3.0' }]);
  const reloaded = await hub.ask('POST', '/api/v1/advisories/reload', { token });
  assert.deepEqual(reloaded.json, { advisories: 2, matches: 2 });
  const list = async (): Promise<unknown[]> =>
    ((await hub.ask('GET', '/api/v1/vulnerabilities', { token })).json['items'] as unknown as { id: string; severity: string; cvss: number | null; fixedIn: string[]; packages: string[] }[]).map((one) => [one.id, one.severity, one.cvss, one.fixedIn, one.packages]);
  assert.deepEqual(await list(), [
    ['CVE-2026-1000', 'critical', 9.8, ['3.0.2-1'], ['openssl 3.0.1-1']],
    ['GHSA-aaaa-bbbb-cccc', 'unknown', null, ['1.3.0'], ['left-pad 1.0.0']],
  ]);
  const detail = (await hub.ask('GET', '/api/v1/vulnerabilities/CVE-2026-1000', { token })).json;
  assert.equal(detail['published'], '2025-12-01T00:00:00.123Z');
  assert.deepEqual(detail['references'], ['https://example.org/a']);
  assert.equal((detail['findings'] as unknown as { containers: string[] }[])[0]?.containers[0], 'c'.repeat(64));
  const feeds = (await hub.ask('GET', '/api/v1/advisories', { token })).json;
  assert.deepEqual((feeds['items'] as unknown as { ecosystem: string }[]).map((one) => one.ecosystem), ['Debian', 'npm']);

  const replaced = new FollowedAdvisories(file);
  const held = replaced.now.source;
  putStore([{ id: 'CVE-2026-1000', ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.0-1' }, { id: 'GHSA-aaaa-bbbb-cccc', ecosystem: 'npm', name: 'left-pad', fixed: '1.3.0' }]);
  assert.equal(replaced.follow(), true);
  assert.equal(held?.feeds(new Date()).length, 2, 'whoever was handed the one before may finish asking it');
  replaced.close();
  await hub.ask('POST', '/api/v1/advisories/reload', { token });
  assert.deepEqual(((await list()) as [string][]).map(([id]) => id), ['GHSA-aaaa-bbbb-cccc']);

  rmSync(file);
  await hub.ask('POST', '/api/v1/advisories/reload', { token });
  assert.equal((await list()).length, 1, 'what is known stays, and the page says that no feed is loaded');
  const summary = (await hub.ask('GET', '/api/v1/risk', { token })).json;
  assert.ok((summary['cards'] as unknown as { title: string }[]).some((card) => card.title === 'Newer vulnerabilities are not known'));
});
