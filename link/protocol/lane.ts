/**
 * One stream of the sender: load from the spool, deliver, release what the hub has stored. One delivery is under way
 * at a time, so the hub sees each stream in order. Lanes never wait for each other: a telemetry delivery that hangs
 * holds up no detection.
 */
import { agree, skipHole } from './agreement.ts';
import { backoffMs } from './backoff.ts';
import type { Lane, Turn } from './sender-state.ts';
import { nextRequest, recordOf } from './sender-state.ts';
import type { DeliverAnswer } from './sender-words.ts';
import type { SpooledBatch } from './streams.ts';

/** After a hello: start where the hub's watermark says, and let go of what it has. */
export function agreeLane(turn: Turn, lane: Lane, watermark: number): void {
  const agreement = agree(lane.stream, watermark);
  lane.stream = agreement.stream;
  lane.next = agreement.next;
  lane.activity = { kind: 'idle' };
  lane.failures = 0;
  release(turn, lane);
}

/** Starts a load when there is something to deliver and nothing under way. */
export function pumpLane(turn: Turn, lane: Lane): void {
  const { sender } = turn;
  if (lane.activity.kind === 'waiting' && lane.activity.untilMs <= sender.clockMs) lane.activity = { kind: 'idle' };
  if (lane.activity.kind !== 'idle' || lane.next > lane.last) return;
  const request = nextRequest(sender);
  lane.activity = { kind: 'loading', request };
  const { deliverBytesMax: bytesMax, deliverBatchesMax: batchesMax } = sender.bounds;
  turn.effects.push({ kind: 'load', request, stream: lane.name, from: lane.next, bytesMax, batchesMax });
}

export function laneLoaded(turn: Turn, lane: Lane, found: number, batches: readonly SpooledBatch[]): void {
  if (batches.length === 0 && found <= lane.last) return failLane(turn, lane, 'The spool holds a batch and did not give it out.');
  lane.stream = skipHole(lane.stream, lane.next, found);
  lane.next = found;
  if (batches.length === 0) {
    lane.activity = { kind: 'idle' };
    return;
  }
  if (lane.stream.shift === lane.shiftStored) return deliver(turn, lane, batches);
  const request = nextRequest(turn.sender);
  lane.activity = { kind: 'storing', request, batches };
  turn.effects.push({ kind: 'store', request, record: recordOf(turn.sender, turn.sender.session) });
}

export function laneStored(turn: Turn, lane: Lane, batches: readonly SpooledBatch[]): void {
  lane.shiftStored = lane.stream.shift;
  deliver(turn, lane, batches);
}

function deliver(turn: Turn, lane: Lane, spooled: readonly SpooledBatch[]): void {
  const { sender } = turn;
  const batches = spooled.map(({ position, payload }, index) => {
    if (position !== lane.next + index) throw new Error(`the spool gave position ${position} where ${lane.next + index} was due`);
    return { sequence: position + lane.stream.shift, payload };
  });
  const request = nextRequest(sender);
  lane.stream = { ...lane.stream, offered: Math.max(lane.stream.offered, lane.next + batches.length - 1) };
  lane.activity = { kind: 'delivering', request, deadlineMs: sender.clockMs + sender.bounds.deliverMsMax };
  turn.effects.push({
    kind: 'deliver', connection: sender.connection, request, stream: lane.name, epoch: sender.epoch, session: sender.session, batches,
  });
}

/** Yields a sentence when the answer can only be understood after a new hello. */
export function laneAnswered(turn: Turn, lane: Lane, answer: DeliverAnswer): string | undefined {
  if (answer.kind === 'stale') return answer.reason;
  const position = answer.watermark - lane.stream.shift;
  if (position > lane.stream.offered) return 'The hub says it has batches that were never delivered to it.';
  if (position < lane.next - 1) return 'The hub has less than it confirmed before.';
  if (position === lane.next - 1) {
    failLane(turn, lane, answer.reason === '' ? 'The hub took none of the batches.' : answer.reason);
    return undefined;
  }
  lane.next = position + 1;
  lane.activity = { kind: 'idle' };
  lane.failures = 0;
  release(turn, lane);
  return undefined;
}

/** Tries again later, on the same connection. */
export function failLane(turn: Turn, lane: Lane, reason: string): void {
  const { sender } = turn;
  lane.activity = { kind: 'waiting', untilMs: sender.clockMs + backoffMs(lane.failures, sender.bounds.backoff, turn.chance) };
  lane.failures += 1;
  sender.sentence = reason;
}

function release(turn: Turn, lane: Lane): void {
  if (lane.next > 1) turn.effects.push({ kind: 'release', stream: lane.name, through: lane.next - 1 });
}
