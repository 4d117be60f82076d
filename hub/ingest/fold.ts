/**
 * Folds one batch before it meets the database: executions and flows by key (a doubled key would be an error in one
 * statement), process starts and ends to what is left of them. Pure: what comes out depends on the records alone.
 */
import type { ExecutionCount, FlowCount, FlowCount_Direction } from '@vedette/model/wire/generated/record_pb';
import { FlowCount_Direction as Direction } from '@vedette/model/wire/generated/record_pb';
import { originWord } from '@vedette/model/origin-words';
import { addressText } from '@vedette/rules/address';
import type { ExecutionHour, FlowHour } from '../store/counts.ts';
import type { LiveProcess, ProcessRef } from '../store/processes.ts';
import { count, keyOf, plausible, RefusedRecord, text, wallTime } from './clean.ts';
import { executionView, type Boot } from './execution.ts';

const hourMs = 3_600_000;

/** An hour that no honest clock shows becomes the hour of receipt: the count is true even when the clock is not. */
function hourOf(ms: bigint, receivedAt: Date): Date {
  return new Date(Math.floor(plausible(Number(ms), receivedAt).getTime() / hourMs) * hourMs);
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}

function later(a: Date, b: Date): Date {
  return a > b ? a : b;
}

export class ExecutionFold {
  readonly #rows = new Map<string, ExecutionHour>();

  add(record: ExecutionCount, boot: Boot): void {
    const hour = hourOf(record.hourStartMs, boot.receivedAt);
    const words = {
      container_id: text(record.containerId, 256),
      path: text(record.path, 4096),
      parent_path: text(record.parentPath, 4096),
      uid: record.uid,
      origin: originWord(record.origin) ?? 'unjudged',
      identity_pending: record.identityPending,
    };
    const key = keyOf(Object.values(words));
    const one: ExecutionHour = {
      key,
      hour,
      ...words,
      count: count(record.count, 'a count of executions'),
      first_seen: wallTime(record.firstBootNs, boot),
      last_seen: wallTime(record.lastBootNs, boot),
      sample: record.sample === undefined ? null : executionView(record.sample, boot),
    };
    if (one.count === 0) throw new RefusedRecord('a count of no executions');
    const at = `${hour.getTime()} ${key}`;
    const before = this.#rows.get(at);
    this.#rows.set(at, before === undefined ? one : unite(before, one));
  }

  rows(): ExecutionHour[] {
    return [...this.#rows.values()];
  }
}

function unite<T extends { readonly count: number; readonly first_seen: Date; readonly last_seen: Date }>(a: T, b: T): T {
  return { ...a, count: a.count + b.count, first_seen: earlier(a.first_seen, b.first_seen), last_seen: later(a.last_seen, b.last_seen) };
}

const directions: Partial<Record<FlowCount_Direction, string>> = { [Direction.OUT]: 'out', [Direction.IN]: 'in', [Direction.LISTEN]: 'listen' };

export class FlowFold {
  readonly #rows = new Map<string, FlowHour>();

  add(record: FlowCount, boot: Boot): void {
    const direction = directions[record.direction];
    if (direction === undefined) throw new RefusedRecord('a flow without direction');
    if (record.address.length !== 16) throw new RefusedRecord('a flow whose address is not 16 bytes');
    if (record.port > 65_535) throw new RefusedRecord('a flow whose port is out of range');
    const words = {
      container_id: text(record.containerId, 256),
      process_path: text(record.processPath, 4096),
      direction,
      address: addressText(record.address),
      port: record.port,
      protocol: text(record.protocol, 16),
    };
    const hour = hourOf(record.hourStartMs, boot.receivedAt);
    const key = keyOf(Object.values(words));
    const one: FlowHour = {
      key,
      hour,
      ...words,
      count: count(record.count, 'a count of flows'),
      failed: count(record.failed, 'a count of flows'),
      first_seen: wallTime(record.firstBootNs, boot),
      last_seen: wallTime(record.lastBootNs, boot),
    };
    const at = `${hour.getTime()} ${key}`;
    const before = this.#rows.get(at);
    this.#rows.set(at, before === undefined ? one : { ...unite(before, one), failed: before.failed + one.failed });
  }

  rows(): FlowHour[] {
    return [...this.#rows.values()];
  }
}

/** What the starts and ends of a batch leave: each process once, with the program it runs last. */
export class ProcessFold {
  readonly #started = new Map<string, LiveProcess>();
  readonly #ended = new Map<string, ProcessRef>();

  start(process: LiveProcess): void {
    const key = `${process.tgid} ${process.start_ns}`;
    const before = this.#started.get(key);
    if (before === undefined || before.exec_id <= process.exec_id) this.#started.set(key, process);
  }

  end(ref: ProcessRef): void {
    const key = `${ref.tgid} ${ref.start_ns}`;
    this.#started.delete(key);
    this.#ended.set(key, ref);
  }

  /** Hands out what is left and begins anew. */
  take(): { started: LiveProcess[]; ended: ProcessRef[] } {
    const left = { started: [...this.#started.values()], ended: [...this.#ended.values()] };
    this.#started.clear();
    this.#ended.clear();
    return left;
  }
}
