/**
 * The tables of this sensor with their bounds, as the coverage page shows them: those of the kernel as the loader told, those of the sensor process
 * by what an entry of theirs takes at most (measured with long paths and 32 arguments, rounded up), and what lies on the disk.
 */
import { create } from '@bufbuild/protobuf';
import { TableFillSchema, type TableFill } from '@vedette/model/wire/generated/record_pb';
import type { ReportFacts } from './coverage-report.ts';
import { lossRowsMax } from './enrich/cgroup-losses.ts';
import { cgroupsMax } from './enrich/cgroup-table.ts';
import type { Pipeline } from './pipeline.ts';
import { foldKeysMax } from './ship/fold.ts';

interface Table {
  readonly name: string;
  readonly entries: number;
  readonly entriesMax: number;
  readonly entryBytesMax: number;
  readonly dropped?: number;
}

/** What each table of the kernel holds, in words. */
const kernelNames: Readonly<Record<string, string>> = {
  vd_ring: 'ring of records',
  vd_marks: 'first opens and mappings already told',
  vd_decisions: 'decisions by cgroup',
  vd_watched: 'watched paths',
  vd_shares: 'shares of the ring by cgroup and class',
  vd_cgroup_losses: 'losses by cgroup, class and cause',
  vd_connects: 'connections being made',
  vd_call_entries: 'texts of calls under way',
  vd_process_names: 'names of processes',
};

export function tableFills(pipeline: Pipeline, facts: Pick<ReportFacts, 'spoolBytes' | 'spoolBytesMax' | 'telemetryBatchesDropped'>): TableFill[] {
  const { coverage, processes, cgroups, names, shipment, detector, effectBook } = pipeline;
  const kernel = coverage.tables.map((one) =>
    create(TableFillSchema, {
      name: kernelNames[one.name] ?? one.name,
      place: 'kernel',
      entries: BigInt(one.entries ?? 0),
      entriesUnknown: one.entries === null,
      entriesMax: BigInt(one.entriesMax ?? 0),
      bytes: BigInt(one.bytes),
      bytesMax: BigInt(one.bytesMax),
    }),
  );
  const own: readonly Table[] = [
    { name: 'processes', entries: processes.size, entriesMax: processes.sizeMax, entryBytesMax: 2048, dropped: processes.forgotten },
    { name: 'cgroups', entries: cgroups.size, entriesMax: cgroupsMax, entryBytesMax: 512, dropped: cgroups.refused },
    { name: 'names of addresses', entries: names.size, entriesMax: names.sizeMax, entryBytesMax: 512 },
    { name: 'detections waiting for an identity', entries: detector.held.length, entriesMax: detector.heldMax, entryBytesMax: 8192 },
    { name: 'kinds of detections', entries: shipment.bound.size, entriesMax: shipment.bound.sizeMax, entryBytesMax: 160 },
    { name: 'executions and connections to be sent', entries: shipment.executions.keys + shipment.flows.keys, entriesMax: 2 * foldKeysMax, entryBytesMax: 2048 },
    { name: 'losses by container and class', entries: coverage.owned.rows, entriesMax: lossRowsMax, entryBytesMax: 256, dropped: coverage.owned.refused },
    { name: 'effects in force or done', entries: effectBook.size, entriesMax: effectBook.sizeMax, entryBytesMax: 2048 },
  ];
  const spool = create(TableFillSchema, { name: 'spool of what the hub has not taken', place: 'disk', bytes: BigInt(facts.spoolBytes), bytesMax: BigInt(facts.spoolBytesMax), dropped: BigInt(facts.telemetryBatchesDropped) });
  return [...kernel, ...own.map(ownFill), windowFill(pipeline), spool];
}

/** Bounded in bytes: how many sets of values that is depends on what they are. */
function windowFill({ detector }: Pipeline): TableFill {
  const { bytes, bytesMax, rules } = detector.windows.report();
  const sum = (of: 'keys' | 'evicted') => BigInt(rules.reduce((total, one) => total + one[of], 0));
  return create(TableFillSchema, { name: 'unfinished sequences and counts of rules', place: 'sensor', entries: sum('keys'), bytes: BigInt(bytes), bytesMax: BigInt(bytesMax), dropped: sum('evicted') });
}

function ownFill({ name, entries, entriesMax, entryBytesMax, dropped }: Table): TableFill {
  return create(TableFillSchema, { name, place: 'sensor', entries: BigInt(entries), entriesMax: BigInt(entriesMax), bytesMax: BigInt(entriesMax * entryBytesMax), dropped: BigInt(dropped ?? 0) });
}
