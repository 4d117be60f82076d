/**
 * What the hub supplies to the link's listener: it decides, the listener carries. Every verdict is a value; a handler
 * that throws has met a fault of the hub, and the sensor asks again later.
 */
import type { Command, NodeFacts } from '@vedette/model/wire/generated/link_pb';
import type { IssuedCertificate } from './authority.ts';
import type { DeliverWords, HelloWords } from './wire.ts';

export interface JoinAttempt {
  readonly tokenSecret: string;
  /** SHA-256 of the key in the certificate request: the same one again is a joiner whose answer was lost. */
  readonly keyFingerprint: string;
  readonly node: NodeFacts | undefined;
  readonly remoteAddress: string;
}

export interface Joined {
  readonly sensorId: string;
  readonly nodeId: string;
  readonly clusterId: string;
}

export interface HelloSaid extends HelloWords {
  readonly node: NodeFacts | undefined;
}

export type HelloVerdict =
  | { readonly kind: 'accepted'; readonly session: string; readonly watermarks: readonly { readonly stream: string; readonly sequence: number }[] }
  | { readonly kind: 'epoch-conflict' | 'schema-too-old'; readonly reason: string }
  | { readonly kind: 'removed' };

export type DeliverVerdict =
  | { readonly kind: 'accepted'; readonly watermark: number; readonly duplicates: number }
  | { readonly kind: 'gap'; readonly watermark: number; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'removed' };

export interface HubHandlers {
  /**
   * Uses the token up and gives the sensor its ids, or refuses with undefined. `certify` signs for the new id; its
   * certificate is to be recorded in the same transaction, so that a failure there leaves the token unused.
   */
  join(attempt: JoinAttempt, certify: (sensorId: string) => Promise<IssuedCertificate>): Promise<Joined | undefined>;
  hello(sensorId: string, said: HelloSaid): Promise<HelloVerdict>;
  deliver(sensorId: string, delivery: DeliverWords): Promise<DeliverVerdict>;
  /**
   * Ends at once without a command when the session is not held. Otherwise it begins with a command and yields one, if
   * only a keep-alive, at least every 20 seconds. It ends when the signal is aborted.
   */
  commands(sensorId: string, session: string, signal: AbortSignal): AsyncIterable<Command>;
  /** Calls `certify` and records the certificate, unless the sensor was removed. */
  renew(sensorId: string, certify: () => Promise<IssuedCertificate>): Promise<'renewed' | 'removed'>;
}
