/** The hub takes the batches of every tagged version: applied once, nothing opaque, and people see what is in them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { keptSpool, taggedVersions } from './tagged.ts';

let hub: SampleHub;
let token: string;

before(async () => {
  hub = await sampleHub();
  token = await hub.tokenFor('admin');
});
after(async () => await hub.end());

for (const version of taggedVersions) {
  test(`batches of ${version.tag}`, async () => {
    const { batches } = keptSpool(version);
    const sensor = await sampleSensor(hub.database, { hostname: `a-host-of-${version.tag}` });
    for (const stream of ['telemetry', 'detection'] as const) {
      const { length } = batches[stream];
      assert.deepEqual(await sensor.deliver(batches[stream], stream), { kind: 'accepted', watermark: length, duplicates: 0 });
      assert.deepEqual(await sensor.deliver(batches[stream], stream), { kind: 'accepted', watermark: length, duplicates: length });
    }
    assert.deepEqual(sensor.logged, []);
    const { summary, records } = JSON.parse(readFileSync(join(version.directory, 'replayed.json'), 'utf8')) as { summary: { executions: number; containers: string[] }; records: { detection: { rule: string } }[] };
    const read = async (path: string) => (await hub.ask('GET', path, { token })).json as unknown as { sum: number; items: { source: string; count: number; id: string }[] };
    assert.equal((await read(`/api/v1/executions?node=${sensor.nodeId}`)).sum, summary.executions);
    const incidents = (await read('/api/v1/incidents?state=all')).items;
    assert.deepEqual([...new Set(incidents.map((one) => one.source))], [...new Set(records.map((one) => one.detection.rule))]);
    const containers = await read(`/api/v1/containers?ended=include&node=${sensor.nodeId}`);
    assert.equal(containers.items.length, summary.containers.length);
  });
}
