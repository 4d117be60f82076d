/**
 * The state of one sender: which phase the connection is in, and for each stream (a lane) what is in the spool, what
 * the hub has, and what is under way. It holds positions and deadlines, and payloads only while a lane stores a new
 * numbering: at most one load (`deliverBytesMax`) a lane.
 */
import type { LinkRecord, SpooledBatch, StreamName, StreamRecord } from './streams.ts';
import { streamNames } from './streams.ts';
import type { Refusal, SenderBounds, SenderEffect, SenderView } from './sender-words.ts';

export type Phase =
  /** No connection until then. */
  | { readonly kind: 'waiting'; readonly untilMs: number }
  | { readonly kind: 'greeting'; readonly deadlineMs: number }
  /** The hub accepted; its session and the numbering must be durable before anything is delivered. */
  | { readonly kind: 'storing'; readonly session: string; readonly request: number; readonly retryMs: number | undefined }
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly untilMs: number }
  | { readonly kind: 'stopped' };

export type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'loading'; readonly request: number }
  | { readonly kind: 'storing'; readonly request: number; readonly batches: readonly SpooledBatch[] }
  | { readonly kind: 'delivering'; readonly request: number; readonly deadlineMs: number }
  | { readonly kind: 'waiting'; readonly untilMs: number };

export type Commands =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly silentUntilMs: number }
  | { readonly kind: 'waiting'; readonly untilMs: number };

export interface Lane {
  readonly name: StreamName;
  stream: StreamRecord;
  /** The shift that is known to be durable. Nothing is delivered under another. */
  shiftStored: number;
  /** The last position that may be delivered. */
  last: number;
  /** The next position to deliver; everything before it is at the hub or lost. */
  next: number;
  activity: Activity;
  failures: number;
}

export interface Sender {
  readonly bounds: SenderBounds;
  readonly epoch: string;
  /** The last session known to be durable. Presenting one that is not could lock the sensor out: the hub would take the
   *  one before it for used up, and a crash would bring exactly that one back. */
  session: string;
  phase: Phase;
  /** Numbers of the current connection and of the latest request: answers to others are ignored. */
  connection: number;
  request: number;
  helloUnanswered: boolean;
  commands: Commands;
  commandFailures: number;
  failures: number;
  sentence: string | undefined;
  readonly lanes: Readonly<Record<StreamName, Lane>>;
  /** The sum of all forward steps of the clock; deadlines are in it. */
  clockMs: number;
  seenMs: number | undefined;
  wakeMs: number | undefined;
}

/** What one `advance` works with. */
export interface Turn {
  readonly sender: Sender;
  readonly chance: number;
  readonly effects: SenderEffect[];
}

export interface SenderStart {
  /** As it stands in the durable store, after `recordAtStart`. */
  readonly record: LinkRecord;
  /** The last position in each spool that may be delivered. */
  readonly last: Readonly<Record<StreamName, number>>;
  readonly bounds: SenderBounds;
}

export function startSender(start: SenderStart): Sender {
  const lane = (name: StreamName): Lane => {
    const stream = start.record.streams[name];
    return { name, stream, shiftStored: stream.shift, last: start.last[name], next: start.last[name] + 1, activity: { kind: 'idle' }, failures: 0 };
  };
  return {
    bounds: start.bounds,
    epoch: start.record.epoch,
    session: start.record.session,
    phase: { kind: 'waiting', untilMs: 0 },
    connection: 0,
    request: 0,
    helloUnanswered: false,
    commands: { kind: 'closed' },
    commandFailures: 0,
    failures: 0,
    sentence: undefined,
    lanes: { detection: lane('detection'), telemetry: lane('telemetry') },
    clockMs: 0,
    seenMs: undefined,
    wakeMs: undefined,
  };
}

export function lanesOf(sender: Sender): readonly Lane[] {
  return streamNames.map((name) => sender.lanes[name]);
}

export function nextRequest(sender: Sender): number {
  sender.request += 1;
  return sender.request;
}

/** The record that makes this session and the present numbering durable. */
export function recordOf(sender: Sender, session: string): LinkRecord {
  const { detection, telemetry } = sender.lanes;
  return {
    epoch: sender.epoch, session, delivering: true,
    streams: { detection: detection.stream, telemetry: telemetry.stream },
  };
}

export function senderView(sender: Sender): SenderView {
  const lane = ({ last, next, stream }: Lane) => ({ last, delivered: next - 1, lost: stream.lost, watermark: next - 1 + stream.shift });
  return {
    phase: sender.phase.kind,
    refusal: sender.phase.kind === 'refused' ? sender.phase.refusal : undefined,
    sentence: sender.sentence,
    failures: sender.failures,
    streams: { detection: lane(sender.lanes.detection), telemetry: lane(sender.lanes.telemetry) },
  };
}
