/** The queries of events against the real schema: an incident with its container, pod, workload and process, seen only in scope; the other triggers' shapes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everything, nothing } from '@vedette/model/access';
import { triggerKinds } from '@vedette/model/playbook';
import { sampleSensor } from '../sensor-sample.ts';
import { record } from '../wire-sample.ts';
import { recentResponseEvents, responseEvent, responseEvents } from './response-events.ts';
import { scratchDatabase, type Scratch } from './scratch.ts';

let scratch: Scratch;
const container = 'a'.repeat(64);
before(async () => {
  scratch = await scratchDatabase();
  const sensor = await sampleSensor(scratch.database, { cluster: 'shop', bootedAt: new Date() });
  await sensor.send([record.container({ containerId: container, name: 'web', podName: 'web-1', podNamespace: 'shop', podUid: 'u1', workloadKind: 'Deployment', workloadName: 'web' })]);
  await sensor.send([record.verdict({ containerId: container })], 'detection');
});
after(() => scratch.end());

test('an incident brings what steps act on', async () => {
  const [event] = await responseEvents(scratch.database, 'incident', new Date(0), 10);
  assert.deepEqual([event?.namespace, event?.workload, event?.workload_kind, event?.containers.map((one) => one.pod)], ['shop', 'web', 'Deployment', ['web-1']]);
  assert.match(event?.process?.key ?? '', /-\d+-\d+-\d+$/);
  assert.equal((await responseEvent(scratch.database, everything, 'incident', event?.id ?? ''))?.id, event?.id);
  assert.equal(await responseEvent(scratch.database, nothing, 'incident', event?.id ?? ''), undefined);
});

for (const trigger of triggerKinds) {
  test(`${trigger}: nothing is seen out of scope, and what happened before is not answered`, async () => {
    assert.deepEqual(await recentResponseEvents(scratch.database, nothing, trigger, 10), []);
    assert.deepEqual(await responseEvents(scratch.database, trigger, new Date(Date.now() + 3_600_000), 10), []);
    assert.ok(Array.isArray(await recentResponseEvents(scratch.database, everything, trigger, 10)));
    assert.equal(await responseEvent(scratch.database, everything, trigger, "1' or true"), undefined);
  });
}
