/** What intake did since the hub started, for /metrics. Kinds and reasons come from fixed lists, so their number is bounded. */
const reasonsMax = 200;

export class IntakeCounters {
  batchesApplied = 0;
  batchesRejected = 0;
  duplicates = 0;
  gaps = 0;
  readonly recordsByKind = new Map<string, number>();
  readonly refusedByReason = new Map<string, number>();

  applied(records: ReadonlyMap<string, number>, refused: ReadonlyMap<string, number>): void {
    this.batchesApplied += 1;
    add(this.recordsByKind, records);
    add(this.refusedByReason, refused);
  }
}

function add(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [name, count] of from) {
    const key = into.has(name) || into.size < reasonsMax ? name : 'other';
    into.set(key, (into.get(key) ?? 0) + count);
  }
}
