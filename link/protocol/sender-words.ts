/**
 * What goes into the sender's state machine and what comes out: its events, its effects, its bounds, and the view of
 * it that people see. Words only; the machine is `sender.ts`.
 */
import type { BackoffRange } from './backoff.ts';
import type { Batch, LinkRecord, SpooledBatch, StreamName } from './streams.ts';

export interface SenderBounds {
  readonly deliverBytesMax: number;
  readonly deliverBatchesMax: number;
  readonly helloMsMax: number;
  readonly deliverMsMax: number;
  /** The hub sends a keep-alive on the command stream about every third of this. */
  readonly commandSilenceMsMax: number;
  readonly backoff: BackoffRange;
  /** After a refusal that only a person can resolve, the hello is tried again this rarely. */
  readonly refusedRetryMs: number;
}

export const senderBounds: SenderBounds = {
  deliverBytesMax: 2 * 1024 * 1024,
  deliverBatchesMax: 256,
  helloMsMax: 15_000,
  deliverMsMax: 30_000,
  commandSilenceMsMax: 60_000,
  backoff: { delayMsMin: 500, delayMsMax: 60_000 },
  refusedRetryMs: 600_000,
};

/** The clock is any clock: running backwards it stands still, jumping ahead it costs at most a reconnection. */
export interface Moment {
  readonly nowMs: number;
  /** In [0, 1), fresh for each event. */
  readonly chance: number;
}

export type HelloAnswer =
  | { readonly kind: 'accepted'; readonly session: string; readonly watermarks: Readonly<Record<StreamName, number>> }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly reason: string };

export type Refusal = 'epoch-conflict' | 'schema-too-old' | 'not-admitted';

export type DeliverAnswer =
  | { readonly kind: 'accepted'; readonly watermark: number; readonly duplicates: number; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string };

/** `connection` and `request` repeat what the effect said: an answer to anything but the latest is ignored. */
export type SenderEvent =
  | { readonly kind: 'tick' }
  | { readonly kind: 'spooled'; readonly stream: StreamName; readonly last: number }
  | { readonly kind: 'hello-answered'; readonly connection: number; readonly answer: HelloAnswer }
  | { readonly kind: 'connection-lost'; readonly connection: number; readonly reason: string }
  | { readonly kind: 'stored'; readonly request: number }
  | { readonly kind: 'store-failed'; readonly request: number; readonly reason: string }
  | { readonly kind: 'loaded'; readonly request: number; readonly stream: StreamName; readonly found: number; readonly batches: readonly SpooledBatch[] }
  | { readonly kind: 'load-failed'; readonly request: number; readonly stream: StreamName; readonly reason: string }
  | { readonly kind: 'deliver-answered'; readonly request: number; readonly stream: StreamName; readonly answer: DeliverAnswer }
  | { readonly kind: 'deliver-failed'; readonly request: number; readonly stream: StreamName; readonly reason: string }
  | { readonly kind: 'commands-heard'; readonly connection: number }
  /** `stale`: the hub does not know the session any more; only a new hello can tell where both stand. */
  | { readonly kind: 'commands-ended'; readonly connection: number; readonly reason: string; readonly stale: boolean }
  /** Connects anew at once, also when the certificate before was not admitted. */
  | { readonly kind: 'credentials-renewed' }
  | { readonly kind: 'stopped'; readonly reason: string };

export type SenderEffect =
  /** Open a connection; it is used by what follows with the same number. The one before it has been disconnected. */
  | { readonly kind: 'connect'; readonly connection: number }
  | { readonly kind: 'disconnect'; readonly connection: number; readonly reason: string }
  /** `again`: the hello before this one was not answered: present the same nonce. Otherwise draw a fresh one. */
  | { readonly kind: 'hello'; readonly connection: number; readonly epoch: string; readonly session: string; readonly again: boolean }
  /** Durable, or failed: nothing is delivered before it is `stored`. */
  | { readonly kind: 'store'; readonly request: number; readonly record: LinkRecord }
  | { readonly kind: 'load'; readonly request: number; readonly stream: StreamName; readonly from: number; readonly bytesMax: number; readonly batchesMax: number }
  | { readonly kind: 'deliver'; readonly connection: number; readonly request: number; readonly stream: StreamName; readonly epoch: string; readonly session: string; readonly batches: readonly Batch[] }
  | { readonly kind: 'release'; readonly stream: StreamName; readonly through: number }
  | { readonly kind: 'open-commands'; readonly connection: number; readonly session: string }
  /** Send a tick after this long; it replaces the wake asked for before. */
  | { readonly kind: 'wake'; readonly afterMs: number };

/** For the coverage page. `sentence` is the last thing that went wrong, in words; it stays until a delivery succeeds. */
export interface SenderView {
  readonly phase: 'waiting' | 'greeting' | 'storing' | 'ready' | 'refused' | 'stopped';
  readonly refusal: Refusal | undefined;
  readonly sentence: string | undefined;
  readonly failures: number;
  readonly streams: Readonly<Record<StreamName, LaneView>>;
}

export interface LaneView {
  /** Positions: the last in the spool, and the last the hub has stored. */
  readonly last: number;
  readonly delivered: number;
  readonly lost: number;
  readonly watermark: number;
}
