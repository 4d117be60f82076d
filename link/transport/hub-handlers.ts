/**
 * What the hub supplies to the link's listener: it decides, the listener carries. Every verdict is a value; a handler
 * that throws has met a fault of the hub, and the sensor asks again later.
 */
import type { ClusterFacts, Command, NodeFacts } from '@vedette/model/wire/generated/link_pb';
import type { IssuedCertificate } from './authority.ts';
import type { Part } from './certificate-text.ts';
import type { DeliverWords, HelloWords } from './wire.ts';

export interface JoinAttempt {
  readonly tokenSecret: string;
  /** SHA-256 of the key in the certificate request: the same one again is a joiner whose answer was lost. */
  readonly keyFingerprint: string;
  readonly node: NodeFacts | undefined;
  readonly remoteAddress: string;
  readonly part: Part;
  /** Of a cluster part. */
  readonly cluster: ClusterFacts | undefined;
  /** Instead of a token: a cluster part, by its certificate, says on which node of its cluster the joiner runs. */
  readonly vouched: { readonly byPartId: string; readonly name: string; readonly uid: string } | undefined;
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
  | {
      readonly kind: 'accepted';
      readonly session: string;
      readonly watermarks: readonly { readonly stream: string; readonly sequence: number }[];
      readonly kubernetesNode?: string;
    }
  | { readonly kind: 'epoch-conflict' | 'schema-too-old'; readonly reason: string }
  | { readonly kind: 'removed' };

export type DeliverVerdict =
  | { readonly kind: 'accepted'; readonly watermark: number; readonly duplicates: number }
  | { readonly kind: 'gap'; readonly watermark: number; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'removed' };

export interface ImageAnswered {
  readonly reference: string;
  readonly digest: string;
  readonly factsJson: string;
  readonly learnedAtMs: number;
  readonly problem: string;
}

export interface HubHandlers {
  /**
   * Uses the token up and gives the sensor its ids, or refuses: with undefined for a token that is no good, else with a
   * sentence. `certify` signs for the new id; its certificate is to be recorded in the same transaction, so that a failure
   * there leaves the token unused.
   */
  join(attempt: JoinAttempt, certify: (sensorId: string) => Promise<IssuedCertificate>): Promise<Joined | { readonly refused: string } | undefined>;
  /** Whether this cluster part may speak for this sensor; `part-removed` when the part itself may not speak. */
  mayRelay(partId: string, sensorId: string): Promise<'may' | 'may-not' | 'part-removed'>;
  /** The id of the cluster whose part this is; undefined when it was removed. */
  clusterOfPart(partId: string): Promise<string | undefined>;
  hello(sensorId: string, said: HelloSaid): Promise<HelloVerdict>;
  deliver(sensorId: string, delivery: DeliverWords): Promise<DeliverVerdict>;
  /**
   * Ends at once without a command when the session is not held. Otherwise it begins with a command and yields one, if
   * only a keep-alive, at least every 20 seconds. It ends when the signal is aborted.
   */
  commands(sensorId: string, session: string, signal: AbortSignal): AsyncIterable<Command>;
  /** Calls `certify` and records the certificate, unless the sensor was removed. */
  renew(sensorId: string, certify: () => Promise<IssuedCertificate>): Promise<'renewed' | 'removed'>;
  /** What is known of images, in the order they were asked, before the asker stops waiting; left out: this hub answers no such questions. */
  imageFacts?(sensorId: string, references: readonly string[], waitMs: number): Promise<readonly ImageAnswered[] | 'removed'>;
}
