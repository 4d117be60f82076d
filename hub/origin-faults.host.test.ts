/**
 * An Artifactory and an Xray that fail, as a person sees it in the hub: in the image's trace and in the test of the integration, each way with its own reason and
 * what to do, and nothing that was known before is forgotten or taken for clean.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { ImageDetailView, ImageView, IntegrationTestView } from '@vedette/model/api/origin';
import { ArtifactoryDouble, type Fault } from '@vedette/lab/artifactory/double';
import { pushImage, TestRegistry } from '@vedette/origin/testing/registry';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor } from './sensor-sample.ts';
import { record } from './wire-sample.ts';

let hub: SampleHub;
let admin: string;
let image: string;
const registry = await new TestRegistry().start();
const double = await new ArtifactoryDouble().start();
const web = pushImage(registry, 'team/web', '1');
const hex = web.digest.slice('sha256:'.length);

before(async () => {
  hub = await sampleHub({ origin: { everyMinutes: 10_000, timeoutSeconds: 1 } });
  admin = await hub.tokenFor('admin');
  const sensor = await sampleSensor(hub.database, {});
  double.content.repository('docker-local');
  const pushed = double.content.push('docker-local', 'team/web', '1', [{ architecture: 'amd64' }], { 'build.name': 'web', 'build.number': '7' });
  double.content.items = double.content.items.map((one) => (`sha256:${one.sha256}` === pushed.digest ? { ...one, sha256: hex } : one));
  double.content.publish({ name: 'web', number: '7', modules: [{ id: 'web', artifacts: [{ sha256: hex }] }] });
  await sensor.send([record.container({ containerId: 'c'.repeat(64), imageName: `${registry.host}/team/web:1`, platformDigest: web.digest })]);
  await ask('PUT', '/api/v1/integrations/main', { kind: 'registry', settings: { host: registry.host } });
  await ask('PUT', '/api/v1/integrations/art', { kind: 'artifactory', settings: { url: double.url }, secret: 'admin-token' });
  await ask('PUT', '/api/v1/integrations/scan', { kind: 'xray', settings: { url: double.url }, secret: 'admin-token' });
  await hub.origin.tracer.readNames();
  image = (await ask<{ items: ImageView[] }>('GET', '/api/v1/images')).items[0]!.id;
});
after(async () => {
  await hub.end();
  await Promise.all([registry.close(), double.close()]);
});
beforeEach(() => void (double.faults.length = 0));

async function ask<T>(method: string, at: string, body?: unknown): Promise<T> {
  const answer = await hub.ask(method, at, { token: admin, body });
  assert.equal(answer.status, 200, `${method} ${at}: ${answer.text}`);
  return answer.json as unknown as T;
}

const cases: readonly [kind: Fault['kind'], words: RegExp, status: number | null, retryAfter?: string][] = [
  ['unauthorized', /the credentials were refused \(401\)/, 401],
  ['forbidden', /no permission \(403\)/, 403],
  ['not-found', /not found, for a reason/, 404],
  ['rate-limit', /too many requests.*try again after 3600 s/, 429, '3600'],
  ['unavailable', /the server failed/, 503],
  ['half', /half an answer/, null],
  ['cut', /half an answer/, null],
  ['silent', /no answer in time/, null],
  ['not-json', /not understood|no JSON/, null],
];

test('when they are well, everything is known', async () => {
  const known = await ask<ImageView>('POST', `/api/v1/images/${image}/ask`);
  assert.equal(known.build, 'web #7');
  for (const name of ['art', 'scan']) assert.equal((await ask<IntegrationTestView>('POST', `/api/v1/integrations/${name}/test`)).ok, true, name);
});

for (const [kind, words, status, retryAfter] of cases) {
  test(`${kind}: unknown with its reason, in the trace and in the test of both integrations`, async () => {
    double.faults.push({ path: /^\/(?:artifactory|xray|evidence)\//, kind, times: 1000, ...(retryAfter === undefined ? {} : { retryAfter }) });
    const asked = await ask<ImageView>('POST', `/api/v1/images/${image}/ask`);
    assert.match(asked.unanswered.join(' '), words);
    assert.equal(asked.build, 'web #7', 'what was known stays, with its age');
    const detail = await ask<ImageDetailView>('GET', `/api/v1/images/${image}`);
    assert.equal(detail.verdicts.find((one) => one.kind === 'missing-in-registry')?.state, 'holds', 'the registry was asked, and is well');
    for (const name of ['art', 'scan']) {
      const tested = await ask<IntegrationTestView>('POST', `/api/v1/integrations/${name}/test`);
      assert.equal(tested.ok, false, name);
      assert.match(tested.asked[0]!.words, words, name);
      assert.ok(tested.asked[0]!.action !== null, `${name}: what to do`);
      assert.equal(tested.asked[0]!.status, kind === 'half' || kind === 'not-json' ? 200 : status, name);
      assert.ok(!JSON.stringify(tested).includes('admin-token'));
    }
    assert.ok(!JSON.stringify(detail).includes('admin-token'));
  });
}
