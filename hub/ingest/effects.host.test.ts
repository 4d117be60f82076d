/** What a receiver says of an effect, first and later, down to what people see. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { EffectReportSchema } from '@vedette/model/wire/generated/record_pb';
import { readPlaybook } from '../respond/start.ts';
import { responseView } from '../respond/views.ts';
import { sampleSensor, type SampleSensor } from '../sensor-sample.ts';
import { listAudit } from '../store/read-audit.ts';
import { responseById } from '../store/read-responses.ts';
import { addResponseEffect, addResponseRun, askResponseEffect, setResponseEffect, setResponseRun } from '../store/responses.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';

const yaml = `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata: { name: cut-off }
spec:
  description: Cuts the container off.
  mode: enforce
  trigger: { on: incident, when: incident.severity == "critical" }
  steps:
    - { name: cut, kind: isolate-container }
`;
const id = 'ab'.repeat(16);
const everywhere = { kind: 'all' } as const;

let scratch: Scratch;
let sensor: SampleSensor;
let run: number;

before(async () => {
  scratch = await scratchDatabase();
  sensor = await sampleSensor(scratch.database);
  assert.ok('playbook' in readPlaybook(yaml));
  const now = new Date();
  run = await scratch.database.transaction(async (db) => {
    const made = await addResponseRun(db, { dedupe: 'one', playbook: 'cut-off', yaml, clusterId: sensor.clusterId, namespace: 'shop', triggerKind: 'incident', triggerId: '1', title: 'a title', facts: {}, subject: {}, dryRun: false, startedBy: 'test', stopped: null, steps: [{ name: 'cut', kind: 'isolate-container', approver: null }] }, now);
    assert.ok(made !== undefined);
    await addResponseEffect(db, { id, undo: false, runId: made, step: 0, clusterId: sensor.clusterId, namespace: 'shop', nodeId: sensor.nodeId, doer: 'sensor', kind: 'isolate-container', target: 'web', command: { kind: 'isolate-container', containerId: 'c', allowCidrs: [] }, dryRun: false, expiresAt: new Date(now.getTime() + 60_000), requestedBy: null }, now);
    await askResponseEffect(db, id, false, 'life', now);
    return made;
  });
});
after(async () => await scratch.end());

async function says(state: string, detail: string): Promise<void> {
  const answer = await sensor.send([{ kind: { case: 'effect', value: create(EffectReportSchema, { effectId: id, state, detail, evidenceJson: '', atMs: BigInt(Date.now()) }) } }] as never, 'detection');
  assert.equal(answer.kind, 'accepted');
}

async function seen(): Promise<{ state: string; later: string[]; audit: string[] }> {
  const shape = await responseById(scratch.database, everywhere, run);
  assert.ok(shape !== undefined);
  const effect = responseView(shape, { name: 'ada', grants: [] }).steps[0]!.effects[0]!;
  const audit = await listAudit(scratch.database, everywhere, { actor: undefined, action: undefined, object: `response:${run}`, cluster: undefined, from: undefined, to: undefined }, { after: undefined, limit: 100 });
  return { state: effect.state, later: effect.later.map((one) => `${one.state}: ${one.detail}`), audit: audit.map((one) => one.change).reverse() };
}

test('the first word ends the asking; what the receiver says later is kept beside it, shown, and in the audit', async () => {
  await says('applied', 'cut off');
  await says('applied', 'cut off');
  assert.deepEqual((await seen()).later, [], 'told again');
  // as the engine takes the first word up
  await scratch.database.transaction(async (db) => {
    await setResponseEffect(db, id, false, { state: 'applied', detail: 'cut off', nextAt: null }, new Date());
    await setResponseRun(db, run, 'done', null, new Date());
  });
  sensor.topics.length = 0;
  await says('not-needed', 'the container is gone');
  await says('not-needed', 'the container is gone');
  await says('applied', 'cut off, again: the container was started anew');
  await says('applied', 'cut off');
  await says('nonsense', 'ended by itself');
  const { state, later, audit } = await seen();
  assert.equal(state, 'applied', 'what came of the asking stays');
  assert.deepEqual(later, ['not-needed: the container is gone', 'applied: cut off, again: the container was started anew', 'failed: ended by itself']);
  assert.deepEqual(audit, ['isolate-container of web, later: not-needed (the container is gone)', 'isolate-container of web, later: applied (cut off, again: the container was started anew)', 'isolate-container of web, later: failed (ended by itself)']);
  assert.ok(sensor.topics.some((topic) => topic.includes('responses')), sensor.topics.join());
});

test('bounded: of very many later words the last ones stay, and the audit does not grow by them', async () => {
  for (let count = 0; count < 40; count += 1) await says('failed', `word ${count}`);
  const { later, audit } = await seen();
  assert.deepEqual([later.length, later.at(-1), audit.length], [20, 'failed: word 39', 20]);
});
