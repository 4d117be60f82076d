/**
 * The hub of the simulation: the real rules (`judgeHello`, `judgeDelivery`, `admit`) over a database that is a map of
 * immutable rows, so that a transaction either happened or did not, and a backup is a copy of the map. It checks at
 * every delivery what must hold at every step: nothing applied twice, order kept, no watermark going back.
 */
import { admit } from '@vedette/link/protocol/admit';
import type { SessionState } from '@vedette/link/protocol/hello';
import { holdsSession, judgeDelivery, judgeHello } from '@vedette/link/protocol/hello';
import type { DeliverAnswer, HelloAnswer } from '@vedette/link/protocol/sender-words';
import type { Batch, StreamName } from '@vedette/link/protocol/streams';
import type { Mutation } from './mutation.ts';
import type { Random } from './random.ts';

export interface Payload {
  /** The ids of the records in this batch, of the machine that made them, in the order they were made. */
  readonly ids: readonly number[];
  /** Batches of telemetry whose refusal this batch reports, for the machine that says so. */
  readonly drops: number;
  readonly machine: number;
}

export interface HelloCall {
  readonly sensor: number;
  readonly epoch: string;
  readonly session: string;
  readonly nonce: string;
}

export interface DeliverCall {
  readonly sensor: number;
  readonly epoch: string;
  readonly session: string;
  readonly stream: StreamName;
  readonly batches: readonly Batch[];
}

interface Row {
  readonly session: SessionState | undefined;
  readonly watermarks: ReadonlyMap<string, number>;
}

interface Applied extends Payload {
  readonly sensor: number;
  readonly stream: StreamName;
  readonly epoch: string;
}

interface Backup {
  readonly rows: ReadonlyMap<number, Row>;
  readonly applied: number;
}

export class SimHub {
  up = true;
  /** Rises with every restart: calls that were under way before are gone. */
  incarnation = 0;
  restores = 0;
  /** Ids that were applied once and taken back by a restore. */
  readonly takenBack = new Set<number>();
  readonly #random: Random;
  readonly #mutation: Mutation | undefined;
  #rows: Map<number, Row> = new Map();
  #applied: Applied[] = [];
  #appliedIds = new Set<number>();
  #backup: Backup | undefined;

  constructor(random: Random, mutation: Mutation | undefined) {
    this.#random = random;
    this.#mutation = mutation;
  }

  hello(call: HelloCall): HelloAnswer {
    const row = this.#row(call.sensor);
    const judgement = judgeHello(row.session, { ...call, schemaVersion: 1 }, { schemaVersionMin: 1, chance: this.#random.hex(32) });
    if (judgement.kind !== 'accepted') return { kind: 'refused', refusal: judgement.kind, reason: judgement.reason };
    if (judgement.state.offers.length > 4) throw new Error('too many open offers are remembered');
    this.#rows.set(call.sensor, { ...row, session: judgement.state });
    const watermark = (stream: StreamName) => row.watermarks.get(`${call.epoch}/${stream}`) ?? 0;
    return { kind: 'accepted', session: judgement.session, watermarks: { detection: watermark('detection'), telemetry: watermark('telemetry') } };
  }

  deliver(call: DeliverCall): DeliverAnswer {
    const row = this.#row(call.sensor);
    const session = this.#judgeDelivery(row.session, call);
    if (session === undefined) return { kind: 'stale', reason: 'The session is stale.' };
    const key = `${call.epoch}/${call.stream}`;
    const before = row.watermarks.get(key) ?? 0;
    const admission = this.#admit(before, call.batches);
    if (admission.kind === 'gap') {
      this.#rows.set(call.sensor, { ...row, session });
      return { kind: 'accepted', watermark: before, duplicates: 0, reason: 'There is a gap.' };
    }
    if (admission.watermark < before) throw new Error('a watermark went back');
    for (const batch of admission.apply) this.#apply(call, batch);
    this.#rows.set(call.sensor, { session, watermarks: new Map(row.watermarks).set(key, admission.watermark) });
    return { kind: 'accepted', watermark: admission.watermark, duplicates: admission.duplicates, reason: '' };
  }

  listens(sensor: number, session: string): boolean {
    return holdsSession(this.#row(sensor).session, session);
  }

  restart(): void {
    this.incarnation += 1;
    this.up = true;
  }

  takeBackup(): void {
    this.#backup = { rows: new Map(this.#rows), applied: this.#applied.length };
  }

  /** The database as it was at the backup, under a new hub process. */
  restore(): void {
    if (this.#backup === undefined) return;
    this.#rows = new Map(this.#backup.rows);
    for (const { ids } of this.#applied.slice(this.#backup.applied)) for (const id of ids) this.takenBack.add(id);
    this.#applied = this.#applied.slice(0, this.#backup.applied);
    this.#appliedIds = new Set(this.#applied.flatMap(({ ids }) => ids));
    this.restores += 1;
    this.incarnation += 1;
  }

  has(id: number): boolean {
    return this.#appliedIds.has(id);
  }

  dropsReportedBy(machine: number): number {
    return this.#applied.reduce((sum, applied) => sum + (applied.machine === machine ? applied.drops : 0), 0);
  }

  #row(sensor: number): Row {
    return this.#rows.get(sensor) ?? { session: undefined, watermarks: new Map() };
  }

  #judgeDelivery(known: SessionState | undefined, call: DeliverCall): SessionState | undefined {
    if (this.#mutation === 'hub-ignores-sessions') return known;
    if (this.#mutation === 'hub-lets-the-used-session-deliver-beside-an-offer' && known?.used === call.session) return known;
    const judgement = judgeDelivery(known, call);
    return judgement.kind === 'ours' ? judgement.state : undefined;
  }

  #admit(before: number, batches: readonly Batch[]): ReturnType<typeof admit<Batch>> {
    const last = batches.at(-1)?.sequence ?? before;
    if (this.#mutation === 'hub-applies-duplicates') return { kind: 'admitted', apply: batches, duplicates: 0, watermark: Math.max(before, last) };
    if (this.#mutation === 'hub-jumps-gaps') {
      return { kind: 'admitted', apply: batches.filter(({ sequence }) => sequence > before), duplicates: 0, watermark: Math.max(before, last) };
    }
    return admit(before, batches);
  }

  #apply(call: DeliverCall, batch: Batch): void {
    const payload = JSON.parse(new TextDecoder().decode(batch.payload)) as Payload;
    for (const id of payload.ids) {
      if (this.#appliedIds.has(id)) throw new Error(`record ${id} was applied twice`);
      this.#appliedIds.add(id);
    }
    this.#checkOrder(call, payload);
    this.#applied.push({ ...payload, sensor: call.sensor, stream: call.stream, epoch: call.epoch });
  }

  /** The records of one machine arrive in the order they were made, within a stream of an epoch. */
  #checkOrder({ sensor, stream, epoch }: DeliverCall, payload: Payload): void {
    const first = payload.ids[0];
    if (first === undefined) return;
    for (let i = this.#applied.length - 1; i >= 0; i -= 1) {
      const earlier = this.#applied[i]!;
      if (earlier.sensor !== sensor || earlier.stream !== stream || earlier.epoch !== epoch || earlier.machine !== payload.machine) continue;
      const last = earlier.ids.at(-1);
      if (last === undefined) continue;
      if (last >= first) throw new Error(`record ${first} of machine ${payload.machine} was applied after record ${last}`);
      return;
    }
  }
}
