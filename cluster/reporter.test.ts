import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import type { SpoolOutcome } from '@vedette/link/spool/spools';
import { BatchPayloadSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { Reporter, type ReporterOptions } from './reporter.ts';

const report = (version: string): WireRecord => create(RecordSchema, { kind: { case: 'clusterReport', value: { kubernetesVersion: version } } });

class Memory {
  readonly published: string[] = [];
  readonly answers: SpoolOutcome['kind'][] = [];
  #pending: string[] = [];
  append(stream: string, commit: number, payload: Uint8Array): SpoolOutcome {
    const kind = this.answers.shift() ?? 'spooled';
    if (kind === 'full') return { kind, because: 'bound', reason: 'full' };
    if (kind === 'too-large') return { kind, reason: 'too large' };
    const records = fromBinary(BatchPayloadSchema, payload).records.map(({ kind: one }) => (one.case === 'clusterReport' ? one.value.kubernetesVersion : ''));
    this.#pending.push(`${commit} ${stream}: ${records.join(' ')}`);
    return { kind, position: 1 };
  }
  mend(): undefined {}
  publish(): void {
    this.published.push(...this.#pending.splice(0));
  }
  rollback(): undefined {
    this.#pending = [];
  }
}

function bench(): { spools: Memory; reporter: Reporter; logged: string[] } {
  const spools = new Memory();
  const logged: string[] = [];
  const options: ReporterOptions = { spools, bootId: 'b', nowMs: () => 1000, log: (_level, message) => void logged.push(message), gatherMs: 1, fullWaitMs: 1 };
  return { spools, reporter: new Reporter(options), logged };
}

test('what is reported within a moment is one commit, detections first', async () => {
  const { spools, reporter } = bench();
  await Promise.all([reporter.report(report('1'), 'telemetry'), reporter.report(report('2'), 'detection'), reporter.report(report('3'), 'telemetry')]);
  await reporter.report(report('4'), 'telemetry');
  assert.deepEqual(spools.published, ['1001 detection: 2', '1001 telemetry: 1 3', '1002 telemetry: 4']);
  assert.equal(reporter.reported, 4);
});

test('a full spool makes the callers wait; nothing is stored twice or dropped, and it is said once', async () => {
  const { spools, reporter, logged } = bench();
  spools.answers.push('spooled', 'full', 'full', 'full');
  await Promise.all([reporter.report(report('1'), 'detection'), reporter.report(report('2'), 'telemetry')]);
  assert.deepEqual(spools.published, ['1001 detection: 1', '1001 telemetry: 2']);
  assert.deepEqual([logged.length, reporter.problem], [1, undefined]);
});

test('what no batch can hold is counted and holds nothing up', async () => {
  const { spools, reporter } = bench();
  spools.answers.push('too-large');
  await reporter.report(report('1'), 'telemetry');
  await reporter.report(report('2'), 'telemetry');
  assert.deepEqual([spools.published, reporter.tooLarge, reporter.reported], [['1002 telemetry: 2'], 1, 1]);
});

test('closing stores what waits, and does not wait for a spool that is full', async () => {
  const { spools, reporter } = bench();
  const first = reporter.report(report('1'), 'telemetry');
  await reporter.close();
  await first;
  assert.deepEqual(spools.published, ['1001 telemetry: 1']);
  const other = bench();
  other.spools.answers.push(...Array.from({ length: 1000 }, () => 'full' as const));
  void other.reporter.report(report('1'), 'telemetry');
  await other.reporter.close();
  assert.deepEqual(other.spools.published, []);
});
