/**
 * One simulated machine: a disk that outlives its sensor processes, the records its world makes, and the truth about
 * them that the invariants are checked against. Its sensor process is the real spools and the real state machine,
 * driven the way a sensor drives them; any disk call may kill it (`SimulatedCrash`).
 */
import { advance, startSender } from '@vedette/link/protocol/sender';
import type { Sender } from '@vedette/link/protocol/sender';
import type { SenderBounds, SenderEffect, SenderEvent } from '@vedette/link/protocol/sender-words';
import type { LinkRecord, StreamName } from '@vedette/link/protocol/streams';
import { streamNames } from '@vedette/link/protocol/streams';
import { failed } from '@vedette/link/spool/disk';
import type { SpoolBounds, Spools } from '@vedette/link/spool/spools';
import { openSpools } from '@vedette/link/spool/spools';
import type { Agenda } from './agenda.ts';
import type { SimDisk } from './disk.ts';
import { SimulatedCrash } from './disk.ts';
import type { Payload } from './hub.ts';
import type { Mutation } from './mutation.ts';
import type { OwnerFile, OwnerState } from './owner.ts';
import { openOwnerFile } from './owner.ts';
import type { Random } from './random.ts';

export const simSenderBounds: SenderBounds = {
  deliverBytesMax: 500, deliverBatchesMax: 6, helloMsMax: 2000, deliverMsMax: 3000, commandSilenceMsMax: 9000,
  backoff: { delayMsMin: 100, delayMsMax: 2000 }, refusedRetryMs: 20_000,
};
export const simSpoolBounds: SpoolBounds = {
  bytesMax: { detection: 6000, telemetry: 2500 }, segmentBytesMax: 600, entryBytesMax: 400, syncMsMin: 1000,
};

/** What a process asks of the world around it. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly mutation: Mutation | undefined;
  /** Effects that go to the hub or open and close connections. */
  remote(machine: SimMachine, process: SimProcess, effect: SenderEffect): void;
}

export interface SimProcess {
  readonly spools: Spools;
  readonly sender: Sender;
  readonly ownerFile: OwnerFile;
  owner: OwnerState;
  nonce: string;
  wake: number;
  /** A power failure can bring released segments back, beyond the bound; then nothing is appended before they go. */
  readonly bytesAtBoot: Readonly<Record<StreamName, number>>;
}

interface Attempt {
  readonly commit: number;
  readonly dropped: number[];
  readonly batches: number[][];
}

export class SimMachine {
  readonly index: number;
  readonly sensor: number;
  readonly disk: SimDisk;
  process: SimProcess | undefined;
  clockOffsetMs = 0;
  /** How many records of each stream the world has made. */
  readonly made: Record<StreamName, number> = { detection: 0, telemetry: 0 };
  /** Ids of telemetry records whose batch was refused in a commit that stands. */
  readonly dropped = new Set<number>();
  droppedBatches = 0;
  /** The ids of each batch of a commit that stands. */
  readonly batches: number[][] = [];
  /** Ids that a power failure or a rotten entry may have taken. */
  readonly excused = new Set<number>();
  readonly #world: Surroundings;
  /** Records that were in a commit when everything was last synced. */
  #synced: Record<StreamName, number> = { detection: 0, telemetry: 0 };
  /** Records made before the power failed are in no kernel any more. */
  #lostUntil: Record<StreamName, number> = { detection: 0, telemetry: 0 };
  #attempt: Attempt | undefined;

  constructor(index: number, sensor: number, disk: SimDisk, world: Surroundings) {
    this.index = index;
    this.sensor = sensor;
    this.disk = disk;
    this.#world = world;
  }

  idOf(stream: StreamName, n: number): number {
    return this.index * 1_000_000 + (stream === 'detection' ? 0 : 500_000) + n;
  }

  /** Starts the sensor process if it is down; a disk that refuses leaves it down. */
  boot(): void {
    if (this.process !== undefined) return;
    this.#guarded(() => {
      const ownerFile = openOwnerFile(this.disk);
      if (failed(ownerFile)) return;
      const owner = this.#ownerState(ownerFile.state);
      this.#settleAttempt(owner.commit);
      const keepsUncommitted = this.#world.mutation === 'spool-keeps-uncommitted-entries';
      const spools = openSpools({
        disk: this.disk, bounds: simSpoolBounds, freshEpoch: this.#world.random.hex(16),
        lastCommit: keepsUncommitted ? Number.MAX_SAFE_INTEGER : owner.commit,
        drops: owner.dropsBatches === 0 ? undefined : { batches: owner.dropsBatches, records: owner.dropsRecords, firstBootNs: 0n, lastBootNs: 0n },
      });
      if (failed(spools)) return;
      const sender = startSender({ record: this.#startRecord(spools.record), last: spools.last(), bounds: simSenderBounds });
      const bytesAtBoot = { detection: spools.bytes('detection'), telemetry: spools.bytes('telemetry') };
      const process: SimProcess = { spools, sender, ownerFile, owner, nonce: '', wake: 0, bytesAtBoot };
      this.process = process;
      spools.onPublished((stream, last) => this.#send(process, { kind: 'spooled', stream, last }));
      this.#send(process, { kind: 'tick' });
    });
  }

  /** The process is gone; what it wrote stays. */
  kill(): void {
    this.process = undefined;
  }

  losePower(): void {
    this.kill();
    for (const stream of streamNames) {
      for (let n = this.#synced[stream] + 1; n <= this.made[stream]; n += 1) this.excused.add(this.idOf(stream, n));
    }
    this.disk.losePower();
    this.#attempt = undefined;
    this.#lostUntil = { ...this.made };
  }

  /** Everything in the spools is gone, and so is the memory of what was said to the hub. */
  wipe(): void {
    this.kill();
    for (const stream of streamNames) {
      for (let n = 1; n <= this.made[stream]; n += 1) this.excused.add(this.idOf(stream, n));
    }
    for (const name of this.disk.names()) if (name !== 'owner.state') this.disk.erase(name);
  }

  make(stream: StreamName, count: number): void {
    this.made[stream] += count;
  }

  /** One commit of the sensor, as far as the disk lets it. */
  work(): void {
    const process = this.process;
    if (process !== undefined) this.#guarded(() => this.#commit(process));
  }

  sync(): void {
    const process = this.process;
    if (process === undefined) return;
    this.#guarded(() => {
      const { owner } = process;
      if (process.spools.sync() === undefined && process.ownerFile.sync() === undefined) this.#synced = { ...owner.consumed };
    });
  }

  /** Hands the process an event; nothing happens when it is not that process any more. */
  tell(process: SimProcess, event: SenderEvent): void {
    if (this.process === process) this.#guarded(() => this.#send(process, event));
  }

  /** The ids in the spool, delivered or not. */
  spooledIds(): Set<number> {
    const ids = new Set<number>();
    for (const stream of streamNames) {
      for (let from = 1; ;) {
        const loaded = this.process?.spools.perform({ kind: 'load', request: 0, stream, from, bytesMax: 1e9, batchesMax: 1e9 });
        if (loaded?.kind !== 'loaded' || loaded.batches.length === 0) break;
        for (const { payload } of loaded.batches) for (const id of payloadOf(payload).ids) ids.add(id);
        from = loaded.batches.at(-1)!.position + 1;
      }
    }
    return ids;
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
      this.kill();
    }
  }

  #ownerState(found: OwnerState | undefined): OwnerState {
    // On a copied disk: the commits go on, the world is another.
    const own = found?.machine === this.index ? found : undefined;
    const consumed = (stream: StreamName) => Math.max(own?.consumed[stream] ?? 0, this.#lostUntil[stream]);
    return {
      machine: this.index, commit: found?.commit ?? 0, consumed: { detection: consumed('detection'), telemetry: consumed('telemetry') },
      dropsBatches: own?.dropsBatches ?? 0, dropsRecords: own?.dropsRecords ?? 0,
    };
  }

  #startRecord(record: LinkRecord): LinkRecord {
    if (this.#world.mutation !== 'sender-trusts-any-watermark') return record;
    const { detection, telemetry } = record.streams;
    const offered = Number.MAX_SAFE_INTEGER;
    return { ...record, streams: { detection: { ...detection, offered }, telemetry: { ...telemetry, offered } } };
  }

  #commit(process: SimProcess): void {
    const { spools, owner } = process;
    const commit = owner.commit + 1;
    const attempt: Attempt = { commit, dropped: [], batches: [] };
    const detection = this.#append(process, 'detection', attempt);
    const telemetry = this.#append(process, 'telemetry', attempt);
    if (this.#world.mutation === 'spool-shows-entries-before-the-commit') spools.publish(commit);
    const drops = this.#world.mutation === 'owner-forgets-drops' ? undefined : spools.drops();
    const next: OwnerState = {
      machine: this.index, commit, consumed: { detection, telemetry }, dropsBatches: drops?.batches ?? 0, dropsRecords: drops?.records ?? 0,
    };
    this.#attempt = attempt;
    if (spools.mend() !== undefined || process.ownerFile.write(next) !== undefined) {
      this.#attempt = undefined;
      spools.rollback();
      return;
    }
    process.owner = next;
    this.#settleAttempt(commit);
    spools.publish(commit);
  }

  /** Appends what is not in a commit yet, in small batches; yields how far it came. */
  #append(process: SimProcess, stream: StreamName, attempt: Attempt): number {
    const { random } = this.#world;
    let consumed = process.owner.consumed[stream];
    while (consumed < this.made[stream]) {
      const end = Math.min(this.made[stream], consumed + random.between(1, 3));
      const ids: number[] = [];
      for (let n = consumed + 1; n <= end; n += 1) ids.push(this.idOf(stream, n));
      const drops = stream === 'telemetry' ? (process.spools.drops()?.batches ?? 0) : 0;
      const payload: Payload = { ids, drops, machine: this.index };
      const bytes = new TextEncoder().encode(JSON.stringify(payload) + ' '.repeat(random.below(120)));
      const outcome = process.spools.append(stream, attempt.commit, bytes, { records: ids.length, firstBootNs: BigInt(consumed), lastBootNs: BigInt(end) });
      if (outcome.kind === 'too-large') throw new Error('the simulation made a batch that no spool takes');
      if (outcome.kind === 'spooled') {
        attempt.batches.push(ids);
        if (drops > 0) process.spools.dropsReported();
      } else if (stream === 'detection') {
        return consumed;
      } else {
        attempt.dropped.push(...ids);
        attempt.batches.push([]);
      }
      consumed = end;
    }
    return consumed;
  }

  /** A commit that reached the owner's file stands, even when the process died before it knew. */
  #settleAttempt(commit: number): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined || commit < attempt.commit) return;
    for (const id of attempt.dropped) this.dropped.add(id);
    for (const ids of attempt.batches) {
      if (ids.length === 0) this.droppedBatches += 1;
      else this.batches.push(ids);
    }
  }

  #send(process: SimProcess, event: SenderEvent): void {
    const { agenda, random, mutation } = this.#world;
    const queue: SenderEvent[] = [event];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const effects = advance(process.sender, next, { nowMs: agenda.nowMs + this.clockOffsetMs, chance: random.next() });
      for (const effect of effects) {
        if (mutation === 'sender-releases-before-the-answer' && effect.kind === 'deliver') {
          process.spools.perform({ kind: 'release', stream: effect.stream, through: process.sender.lanes[effect.stream].stream.offered });
        }
        const answer = this.#perform(process, effect);
        if (answer === undefined) continue;
        // The disk usually answers at once, sometimes much later than the network.
        if (random.happens(0.9)) queue.push(answer);
        else agenda.after(random.between(1, 400), () => this.tell(process, answer));
      }
      if (queue.length > 50) throw new Error('the state machine does not come to rest');
    }
  }

  #perform(process: SimProcess, effect: SenderEffect): SenderEvent | undefined {
    const { agenda, mutation } = this.#world;
    switch (effect.kind) {
      case 'store':
        if (mutation === 'sender-uses-a-session-before-it-is-stored') return { kind: 'stored', request: effect.request };
        return process.spools.perform(effect);
      case 'load':
      case 'release':
        return process.spools.perform(effect);
      case 'wake': {
        process.wake += 1;
        const { wake } = process;
        agenda.after(effect.afterMs, () => {
          if (process.wake === wake) this.tell(process, { kind: 'tick' });
        });
        return undefined;
      }
      case 'connect':
      case 'disconnect':
      case 'hello':
      case 'deliver':
      case 'open-commands':
        this.#world.remote(this, process, effect);
        return undefined;
      default:
        return effect satisfies never;
    }
  }
}

export function payloadOf(bytes: Uint8Array): Payload {
  return JSON.parse(new TextDecoder().decode(bytes)) as Payload;
}
