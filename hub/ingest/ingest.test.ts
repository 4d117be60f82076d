/** The pure parts of ingest: cleaning, folding, the words of incidents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ExecutionCountSchema, ExecutionSchema, FlowCountSchema } from '@vedette/model/wire/generated/record_pb';
import * as fc from 'fast-check';
import { execution, seconds } from '../wire-sample.ts';
import { count, kernelNs, plausible, RefusedRecord, text } from './clean.ts';
import { executionView, liveProcess, type Boot } from './execution.ts';
import { ExecutionFold, FlowFold, ProcessFold } from './fold.ts';
import { attackOf, outcomeOf, searchWords, severityOf, treeRoot, verdictSummary, verdictTitle } from './incident-words.ts';
import { bitsOf } from './reports.ts';

const boot: Boot = { bootId: 'b', wallOffsetNs: BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n, receivedAt: new Date('2026-01-02T00:00:00Z') };

test('texts are always storable and never longer than asked', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), fc.nat(40), (value, max) => {
      const cleaned = text(value, max);
      assert.ok(cleaned.length <= max && cleaned.isWellFormed() && !cleaned.includes('\0'));
    }),
  );
});

test('numbers and times out of range', () => {
  assert.equal(count(2n ** 53n - 1n, 'x'), Number.MAX_SAFE_INTEGER);
  assert.throws(() => count(2n ** 53n, 'x'), RefusedRecord);
  assert.throws(() => count(-1n, 'x'), RefusedRecord);
  assert.equal(kernelNs(2n ** 63n - 1n, 'x'), '9223372036854775807');
  assert.throws(() => kernelNs(2n ** 63n, 'x'), RefusedRecord);
  for (const ms of [Number.NaN, -1e18, 0, 1e18, boot.receivedAt.getTime() + 2 * 86_400_000]) assert.equal(plausible(ms, boot.receivedAt), boot.receivedAt);
  assert.equal(plausible(Date.UTC(2026, 0, 1), boot.receivedAt).toISOString(), '2026-01-01T00:00:00.000Z');
});

test('folding executions keeps the sum and never doubles a key', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('/a', '/b'), fc.constantFrom(0, 1), fc.integer({ min: 1, max: 1000 }), fc.constantFrom(0n, 3_600_000n)), { maxLength: 60 }), (records) => {
      const fold = new ExecutionFold();
      const base = BigInt(Date.UTC(2026, 0, 1));
      for (const [path, uid, n, hour] of records) fold.add(create(ExecutionCountSchema, { hourStartMs: base + hour, path, uid, count: BigInt(n), firstBootNs: 1n, lastBootNs: 2n }), boot);
      const rows = fold.rows();
      assert.equal(rows.reduce((sum, row) => sum + row.count, 0), records.reduce((sum, [, , n]) => sum + n, 0));
      assert.equal(new Set(rows.map((row) => `${row.hour.getTime()} ${row.key}`)).size, rows.length);
    }),
  );
  assert.throws(() => new ExecutionFold().add(create(ExecutionCountSchema, { count: 0n }), boot), RefusedRecord);
});

test('flows: addresses, bounds', () => {
  const v4 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3);
  const fold = new FlowFold();
  const flow = create(FlowCountSchema, { hourStartMs: 1n, address: v4, direction: 1, port: 443, protocol: 'tcp', count: 2n, failed: 1n });
  fold.add(flow, boot);
  fold.add(flow, boot);
  assert.deepEqual(fold.rows().map((row) => [row.count, row.failed, row.address, row.direction]), [[4, 2, '10.1.2.3', 'out']]);
  for (const wrong of [{ port: 70_000 }, { address: new Uint8Array(4) }, { direction: 0 as const }]) assert.throws(() => fold.add(create(FlowCountSchema, { ...flow, ...wrong }), boot), RefusedRecord);
});

test('processes: what starts and ends within one batch is nowhere, the last program of a process stays', () => {
  const fold = new ProcessFold();
  const one = (tgid: number, execId = 1): ReturnType<typeof liveProcess> => liveProcess(create(ExecutionSchema, execution({ tgid, execId })), boot);
  fold.start(one(1));
  fold.start(one(2));
  fold.start(one(2, 2));
  fold.start(one(2, 1));
  fold.end({ tgid: 1, start_ns: seconds(1).toString(), exec_id: 1 });
  const left = fold.take();
  assert.deepEqual(left.started.map((process) => [process.tgid, process.exec_id]), [[2, 2]]);
  assert.deepEqual(left.ended.map((ref) => ref.tgid), [1]);
  assert.deepEqual(fold.take(), { started: [], ended: [] });
});

test('an execution as the API shows it', () => {
  const view = executionView(create(ExecutionSchema, execution({ tgid: 7, parent: { tgid: 1, startBootNs: 5n, execId: 2 } })), boot);
  assert.equal(view.key, `b-7-${seconds(1)}-1`);
  assert.equal(view.parentKey, 'b-1-5-2');
  assert.equal(view.startedAt, '2026-01-01T00:00:01.000Z');
  assert.equal(view.endedAt, null);
  assert.throws(() => executionView(create(ExecutionSchema, {}), boot), RefusedRecord);
});

test('bits are least significant first', () => {
  assert.equal(bitsOf(Uint8Array.of(0b0000_0101, 0b1), 10), '1010000010');
  assert.equal(bitsOf(new Uint8Array(), 3), '000');
});

const priorities: readonly (readonly [string, string])[] = [['Emergency', 'critical'], ['alert', 'critical'], ['error', 'high'], ['Warning', 'medium'], ['notice', 'low'], ['debug', 'low'], ['whatever', 'medium'], ['', 'medium']];
for (const [priority, severity] of priorities) test(`priority ${JSON.stringify(priority)} is ${severity}`, () => assert.equal(severityOf(priority), severity));

const verdicts = [
  [{ mode: 'enforce', action: 'kill', applied: true }, 'killed'], [{ mode: 'enforce', action: 'kill', applied: false }, 'kill-failed'],
  [{ mode: 'shadow', action: 'kill', applied: false }, 'would-have-killed'], [{ mode: 'enforce', action: 'inform', applied: false }, 'seen'],
] as const;
for (const [verdict, outcome] of verdicts) test(`${JSON.stringify(verdict)} is ${outcome}`, () => assert.equal(outcomeOf(verdict), outcome));

test('words', () => {
  assert.equal(verdictTitle('killed', '/tmp/x', 'p'), '/tmp/x was killed by policy p');
  assert.equal(verdictTitle('seen', '', 'p'), 'A program ran against policy p');
  assert.equal(verdictSummary('/tmp/x', 'dropped', '/bin/sh'), '/tmp/x, started by /bin/sh, did not come with the image: it was written after the container started.');
  assert.deepEqual(attackOf(['T1059', 'mitre_execution', 'T1059.004', 'T1059', 'T10']), ['T1059', 'T1059.004']);
  assert.deepEqual(searchWords(['/tmp/X evil.sh', null]), ['/tmp/x', 'tmp', 'x', 'evil.sh', 'evil', 'sh']);
});

const member = (pid: number, command: string): { key: string; pid: number; command: string } => ({ key: `k${pid}`, pid, command });
const trees = [
  [[member(1, 'systemd'), member(50, 'sshd'), member(60, 'bash'), member(61, 'curl')], 'k60'],
  [[member(1, 'systemd'), member(50, 'nginx'), member(61, 'sh')], 'k50'],
  [[member(40, 'containerd-shim'), member(41, 'node')], 'k41'],
  [[member(1, 'systemd')], 'k1'],
  [[], undefined],
] as const;
for (const [tree, root] of trees) test(`the tree of ${tree.map((one) => one.command).join(' → ') || 'nothing'}`, () => assert.equal(treeRoot(tree), root));
