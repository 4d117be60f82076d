import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DetectionFound } from '@vedette/model/finding';
import { executionOf } from '../testing/things.ts';
import { DetectionBound } from './detection-bound.ts';
import { Shipment } from './shipment.ts';

const inContainer = new Map<string, DetectionFound['execution']>();

function found(at: number, more: { rule?: string; container?: string; file?: string; program?: string; seconds?: number; id?: string } = {}): DetectionFound {
  const { rule = 'R', container = 'c1', file = '/src/a', program = '/usr/bin/gcc', seconds = 0 } = more;
  const execution = inContainer.get(container) ?? Object.assign(executionOf(), { containerId: container === '' ? null : container });
  inContainer.set(container, execution);
  return {
    id: more.id ?? `${at}-${rule}-${container}`, rule, priority: 'notice', tags: [], output: '', eventClass: 'open', atBootNs: seconds * 1e9, execution, identityPending: false,
    fields: [{ name: 'proc.exepath', value: program }, { name: 'fd.name', value: file }],
  };
}

function flood(bound: DetectionBound, count: number, more: (at: number) => Parameters<typeof found>[1] = () => ({})): number {
  let singly = 0;
  for (let at = 0; at < count; at += 1) singly += bound.admits(found(at, more(at))) ? 1 : 0;
  return singly;
}

test('a flood of one rule is a few single ones and one count, with what was not the same in all', () => {
  const bound = new DetectionBound();
  assert.equal(flood(bound, 54_180, (at) => ({ file: `/src/${at}.c` })), 500);
  const [counted, ...more] = bound.take();
  assert.ok(counted !== undefined && more.length === 0);
  assert.deepEqual({ count: counted.count, varied: counted.varied, first: counted.first.id }, { count: 53_680, varied: ['fd.name'], first: '500-R-c1' });
  assert.deepEqual(bound.take(), []);
  assert.equal(bound.counted, 53_680);
});

test('neither another rule nor another container pays for it, and the budget comes back with time', () => {
  const bound = new DetectionBound();
  flood(bound, 2000);
  assert.equal(bound.admits(found(1, { rule: 'Other' })), true);
  assert.equal(bound.admits(found(1, { container: 'c2' })), true);
  assert.equal(bound.admits(found(1, { container: '' })), true);
  assert.equal(bound.admits(found(2)), false);
  assert.equal(bound.admits(found(3, { seconds: 1 })), true);
});

test('what differs goes singly amid a flood, and is counted apart from it afterwards', () => {
  const bound = new DetectionBound();
  flood(bound, 2000);
  assert.equal(bound.admits(found(1, { program: '/tmp/x', id: 'first' })), true);
  assert.equal(bound.admits(found(2, { program: '/tmp/x', id: 'second' })), false);
  assert.deepEqual(bound.take().map((one) => [one.first.fields[0]?.value, one.count]), [['/usr/bin/gcc', 1500], ['/tmp/x', 1]]);
  assert.equal(bound.admits(found(3, { program: '/tmp/x', seconds: 2 })), true);
});

test('a flood of what always differs is bounded too', () => {
  const bound = new DetectionBound();
  assert.equal(flood(bound, 5000, (at) => ({ program: `/tmp/${at}` })), 500);
  const counts = bound.take();
  assert.deepEqual(counts.map((one) => [one.count, one.varied]), [[4500, ['proc.exepath']]]);
});

test('one act that was asked about twice is counted once', () => {
  const bound = new DetectionBound();
  flood(bound, 600);
  bound.take();
  bound.admits(found(1, { id: 'twice' }));
  bound.admits(found(1, { id: 'twice' }));
  assert.deepEqual(bound.take().map((one) => one.count), [1]);
});

test('whatever comes: what went singly and what was counted is all there was', () => {
  const kind = fc.record({ rule: fc.constantFrom('A', 'B'), container: fc.constantFrom('x', 'y', ''), file: fc.constantFrom('/a/1', '/a/2', '/b/1', 'z'), program: fc.integer({ min: 0, max: 400 }).map((n) => `/p${n}`), times: fc.integer({ min: 1, max: 400 }), seconds: fc.integer({ min: 0, max: 9000 }) });
  fc.assert(fc.property(fc.array(kind, { maxLength: 30 }), fc.nat({ max: 5 }), (kinds, takeEvery) => {
    const bound = new DetectionBound();
    let [all, singly, counted] = [0, 0, 0];
    for (const [index, { times, ...more }] of kinds.entries()) {
      for (let at = 0; at < times; at += 1) {
        all += 1;
        if (bound.admits(found(all, { ...more, id: `id${all}` }))) singly += 1;
      }
      if (index % (takeEvery + 1) === 0) counted += bound.take().reduce((sum, one) => sum + one.count, 0);
    }
    counted += bound.take().reduce((sum, one) => sum + one.count, 0);
    assert.equal(singly + counted, all);
    assert.equal(counted, bound.counted);
  }), { numRuns: 30 });
});

test('counts are shipped as detections, with the containers that they are in', () => {
  const shipment = new Shipment();
  for (let at = 0; at < 700; at += 1) shipment.detection(found(at));
  const records = shipment.take([]).detections.flatMap(({ kind }) => (kind.case === 'detection' ? [kind.value] : []));
  assert.equal(records.length, 501);
  assert.deepEqual([records.at(-1)?.count, records.at(-1)?.detectionId, records[0]?.count], [200n, '500-R-c1', 0n]);
});

test('all rules of a container together have a budget, and another container has its own', () => {
  const bound = new DetectionBound();
  const admitted = (container: string) => {
    let singly = 0;
    for (let rule = 0; rule < 20; rule++) for (let n = 0; n < 400; n++) if (bound.admits(found(rule * 400 + n, { rule: `rule ${rule}`, container }))) singly += 1;
    return singly;
  };
  assert.equal(admitted('flooder'), 2000 + 15);
  assert.equal(admitted('quiet'), 2000 + 15);
});
