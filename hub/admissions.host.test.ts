/** From a cluster part's records to what people see of admission and of who came in, with the scope of who asks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AdmissionDecisionSchema, ExecSessionSeenSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';

let hub: SampleHub;
let part: SampleSensor;
before(async () => {
  hub = await sampleHub();
  part = await sampleSensor(hub.database, { cluster: 'east', part: 'cluster' });
});
after(() => hub.end());

const finding = { policy: 'p', rule: 'r', mode: 'enforce', action: 'deny', verdict: 'violated', sentence: 'It is wrong.', fix: 'mend it', exception: '' };
function decided(requestUid: string, more: MessageInitShape<typeof AdmissionDecisionSchema> = {}): WireRecord {
  const value = create(AdmissionDecisionSchema, { requestUid, atMs: BigInt(Date.now()), user: 'alice', operation: 'CREATE', kind: 'Deployment', namespace: 'shop', name: 'cart', allowed: true, images: [{ reference: 'shop/cart:1', digest: '', findings: [] }], ...more });
  return create(RecordSchema, { kind: { case: 'admission', value } });
}
const session = (sessionId: string, namespace = 'shop'): WireRecord => create(RecordSchema, { kind: { case: 'execSession', value: create(ExecSessionSeenSchema, { sessionId, user: 'bob', groups: ['g'], namespace, pod: 'cart-1', container: 'main', command: ['sh'], admittedAtMs: BigInt(Date.now()) }) } });

test('decisions and sessions are listed, repeats as one, and only in the scope of who asks', async () => {
  await part.send([
    decided('u1', { allowed: false, message: 'no', images: [{ reference: 'x', digest: '', findings: [finding] }] }),
    decided('u1', { allowed: false, message: 'no', repeats: 4, images: [{ reference: 'x', digest: '', findings: [finding] }] }),
    decided('u2', { failedOpenReason: 'p/r: Not known.', warnings: ['w'] }), decided('u3', { warnings: ['w'] }),
    decided('u4', { images: [{ reference: 'x', digest: '', findings: [{ ...finding, mode: 'shadow' }] }] }), decided('u5', { namespace: 'other' }), decided('', {}), session('s1'), session('s1'), session('s2', 'other'),
  ] as never, 'detection');
  const admin = await hub.tokenFor('admin');
  const all = await hub.ask('GET', '/api/v1/admissions', { token: admin });
  assert.equal(all.status, 200, all.text);
  assert.deepEqual(all.json['facets'], { 'denied': 1, 'failed-open': 1, 'warned': 1, 'would-deny': 1, 'informed': 0, 'allowed': 1 });
  const [denied] = (await hub.ask('GET', '/api/v1/admissions?outcome=denied', { token: admin })).json['items'] as unknown as { count: number; message: string; images: { findings: { fix: string }[] }[] }[];
  assert.deepEqual([denied?.count, denied?.message, denied?.images[0]?.findings[0]?.fix], [5, 'no', 'mend it']);
  const { clusterId } = part;
  const shop = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: clusterId, namespaces: ['shop'] }] });
  assert.equal((await hub.ask('GET', '/api/v1/admissions', { token: shop })).json['total'], 4);
  assert.equal(((await hub.ask('GET', '/api/v1/exec-sessions', { token: shop })).json['items'] as unknown as unknown[]).length, 1);
  assert.equal(((await hub.ask('GET', '/api/v1/exec-sessions', { token: admin })).json['items'] as unknown as unknown[]).length, 2);
  const elsewhere = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: '00000000-0000-4000-8000-000000000000', namespaces: 'all' }] });
  assert.equal((await hub.ask('GET', '/api/v1/admissions', { token: elsewhere })).json['total'], 0);
  assert.match((await hub.ask('GET', '/api/v1/coverage', { token: admin })).text, /1 workload of cluster east was let in without being judged/);
});

test('what a workload made, with the same answer about the same images, is one act with it', async () => {
  const images = (verdictOf: object) => [{ reference: 'shop/pay:1', digest: '', findings: [{ ...finding, mode: 'shadow', ...verdictOf }] }];
  const of = (uid: string, kind: string, name: string, owner: readonly [kind: string, name: string], more: MessageInitShape<typeof AdmissionDecisionSchema> = {}) =>
    decided(uid, { kind, name, namespace: 'pay', workloadKind: owner[0], workloadName: owner[1], images: images({}), ...more });
  const deployment = ['Deployment', 'pay'] as const;
  const replicaSet = ['ReplicaSet', 'pay-1'] as const;
  await part.send([
    of('f1', ...deployment, deployment), of('f2', ...replicaSet, deployment), of('f3', 'Pod', 'pay-1-', replicaSet),
    of('f4', 'Pod', 'pay-1-', replicaSet, { failedOpenReason: 'p/r: Not known.' }),
    of('f5', 'Pod', 'pay-1-', replicaSet, { images: [...images({}), { reference: 'mesh/side:1', digest: '', findings: [] }] }),
    of('f6', 'Pod', 'pay-1-', replicaSet, { namespace: 'elsewhere' }),
  ] as never, 'detection');
  const token = await hub.tokenFor('admin');
  const listed = async (query: string) => {
    const { items, total } = (await hub.ask('GET', `/api/v1/admissions?${query}`, { token })).json as unknown as { items: { kind: string; outcome: string; followedBy: string[] }[]; total: number };
    assert.equal(items.length, total);
    return items.map((one) => `${one.kind} ${one.outcome}${one.followedBy.length === 0 ? '' : ` → ${one.followedBy.join(', ')}`}`).toSorted();
  };
  assert.equal((await listed('namespace=pay')).length, 5);
  assert.deepEqual(await listed('namespace=pay&followUps=exclude'), ['Deployment would-deny → ReplicaSet, Pod', 'Pod failed-open', 'Pod would-deny'], 'another answer, and an image that its owner does not name, stand for themselves');
  assert.deepEqual(await listed('namespace=elsewhere&followUps=exclude'), ['Pod would-deny'], 'nothing of its owner is known there');
  const facets = (await hub.ask('GET', '/api/v1/admissions?namespace=pay&followUps=exclude&limit=1', { token })).json['facets'] as unknown as Record<string, number>;
  assert.deepEqual([facets['would-deny'], facets['failed-open']], [2, 1]);
});
