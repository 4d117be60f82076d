/**
 * Many events to few records: executions and connections folded by key within one commit, so that a storm of them
 * costs a handful of rows. The hub adds the counts in the transaction that moves the watermark, which makes the sums
 * exact. The number of keys in one fold is bounded; when it is reached the owner commits early, nothing is dropped.
 */
import { create } from '@bufbuild/protobuf';
import type { SocketEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { ExecutionCountSchema, FlowCountSchema, FlowCount_Direction, type ExecutionCount, type FlowCount } from '@vedette/model/wire/generated/record_pb';
import { wireExecution, wireNs, wireOrigin } from './wire.ts';

const hourMs = 3_600_000;
export const foldKeysMax = 20_000;

/** The whole hour of the wall clock that a moment of the boot clock falls into. */
export function hourStartMs(bootNs: number, wallOffsetNs: number): number {
  const wallMs = (bootNs + wallOffsetNs) / 1e6;
  return wallMs - (wallMs % hourMs);
}

interface ExecutionFold {
  readonly hourStartMs: number;
  readonly sample: Execution;
  readonly pending: boolean;
  /** Of the sample when it was added, which a later call may change. */
  readonly containerId: string | null;
  readonly path: string;
  readonly parentPath: string;
  readonly uid: number;
  readonly origin: Execution['origin'];
  count: number;
  first: number;
  last: number;
}

function isAlike(one: ExecutionFold, execution: Execution, pending: boolean, hour: number): boolean {
  return (
    one.path === execution.path && one.uid === execution.uid && one.containerId === execution.containerId && one.origin === execution.origin &&
    one.pending === pending && one.hourStartMs === hour && one.parentPath === (execution.parent?.path ?? '')
  );
}

export class ExecutionFolder {
  readonly #folds = new Map<string, ExecutionFold>();
  /** The one before, which a storm mostly repeats: found without making its key. */
  #last: ExecutionFold | null = null;

  get keys(): number {
    return this.#folds.size;
  }

  add(execution: Execution, pending: boolean, atBootNs: number, wallOffsetNs: number): void {
    const hour = hourStartMs(atBootNs, wallOffsetNs);
    if (this.#last !== null && isAlike(this.#last, execution, pending, hour)) {
      this.#last.count += 1;
      this.#last.last = atBootNs;
      return;
    }
    const parentPath = execution.parent?.path ?? '';
    const key = `${hour}\0${execution.containerId ?? ''}\0${execution.path}\0${parentPath}\0${execution.uid}\0${execution.origin}\0${pending ? 1 : 0}`;
    const known = this.#folds.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.last = atBootNs;
      this.#last = known;
      return;
    }
    const fold: ExecutionFold = {
      hourStartMs: hour, sample: execution, pending, count: 1, first: atBootNs, last: atBootNs,
      containerId: execution.containerId, path: execution.path, parentPath, uid: execution.uid, origin: execution.origin,
    };
    this.#folds.set(key, fold);
    this.#last = fold;
  }

  take(): ExecutionCount[] {
    const out = [...this.#folds.values()].map((one) =>
      create(ExecutionCountSchema, {
        hourStartMs: BigInt(one.hourStartMs),
        containerId: one.sample.containerId ?? '',
        path: one.sample.path,
        parentPath: one.sample.parent?.path ?? '',
        uid: one.sample.uid,
        origin: wireOrigin(one.sample),
        identityPending: one.pending,
        count: BigInt(one.count),
        firstBootNs: wireNs(one.first),
        lastBootNs: wireNs(one.last),
        sample: wireExecution(one.sample),
      }),
    );
    this.#last = null;
    this.#folds.clear();
    return out;
  }
}

const directions = { connect: FlowCount_Direction.OUT, accept: FlowCount_Direction.IN, listen: FlowCount_Direction.LISTEN } as const;
const protocols: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp', 262: 'mptcp' };
/** Linux: a connection that is under way is not a failed one. */
const inProgress = -115;

interface FlowFold {
  readonly hourStartMs: number;
  readonly containerId: string;
  readonly processPath: string;
  readonly kind: SocketEvent['kind'];
  readonly address: Uint8Array;
  readonly port: number;
  readonly protocol: string;
  readonly protocolNumber: number;
  count: number;
  failed: number;
  first: number;
  last: number;
}

/** Whether it is the same to the folder, bytes of the address and all. */
function isAlikeFlow(one: FlowFold, event: SocketEvent, address: Uint8Array, port: number, processPath: string, containerId: string, hour: number): boolean {
  if (one.port !== port || one.protocolNumber !== event.protocol || one.hourStartMs !== hour || one.processPath !== processPath || one.containerId !== containerId) return false;
  if (one.address === address) return true;
  for (let at = 0; at < one.address.length; at++) if (one.address[at] !== address[at]) return false;
  return true;
}

export class FlowFolder {
  readonly #folds = new Map<string, FlowFold>();
  /** The one before of each kind, which a busy client or server mostly repeats: found without making its key. */
  readonly #last: Record<SocketEvent['kind'], FlowFold | null> = { connect: null, accept: null, listen: null };

  get keys(): number {
    return this.#folds.size;
  }

  add(event: SocketEvent, execution: Execution | null, containerId: string | null, wallOffsetNs: number): void {
    const hour = hourStartMs(event.timeBootNs, wallOffsetNs);
    const address = event.kind === 'listen' ? event.localAddress : event.remoteAddress;
    const port = event.kind === 'connect' ? event.remotePort : event.localPort;
    const processPath = execution?.path ?? '';
    const failed = event.result < 0 && event.result !== inProgress ? 1 : 0;
    const last = this.#last[event.kind];
    const known = last !== null && isAlikeFlow(last, event, address, port, processPath, containerId ?? '', hour) ? last : this.#of(event, address, port, processPath, containerId ?? '', hour);
    known.count += 1;
    known.failed += failed;
    known.last = event.timeBootNs;
    this.#last[event.kind] = known;
  }

  #of(event: SocketEvent, address: Uint8Array, port: number, processPath: string, containerId: string, hour: number): FlowFold {
    const key = `${hour}\0${containerId}\0${processPath}\0${event.kind}\0${address.toString()}\0${port}\0${event.protocol}`;
    const known = this.#folds.get(key);
    if (known !== undefined) return known;
    const fold: FlowFold = {
      hourStartMs: hour,
      containerId,
      processPath,
      kind: event.kind,
      address,
      port,
      protocol: protocols[event.protocol] ?? `ip-${event.protocol}`,
      protocolNumber: event.protocol,
      count: 0,
      failed: 0,
      first: event.timeBootNs,
      last: event.timeBootNs,
    };
    this.#folds.set(key, fold);
    return fold;
  }

  take(): FlowCount[] {
    const out = [...this.#folds.values()].map((one) =>
      create(FlowCountSchema, {
        hourStartMs: BigInt(one.hourStartMs),
        containerId: one.containerId,
        processPath: one.processPath,
        direction: directions[one.kind],
        address: one.address,
        port: one.port,
        protocol: one.protocol,
        count: BigInt(one.count),
        firstBootNs: wireNs(one.first),
        lastBootNs: wireNs(one.last),
        failed: BigInt(one.failed),
      }),
    );
    this.#last.connect = this.#last.accept = this.#last.listen = null;
    this.#folds.clear();
    return out;
  }
}
