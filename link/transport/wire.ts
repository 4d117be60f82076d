/**
 * Between the words of the protocol and the messages of the wire: epochs, sessions and nonces are hex here and bytes
 * there, sequences numbers here and 64-bit integers there. What comes from the other side and does not fit is refused
 * as `undefined`; the caller says so to whoever sent it.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { DeliverRequest, DeliverRequestSchema, HelloRequest, HelloResponse } from '@vedette/model/wire/generated/link_pb';
import { Disposition, Stream } from '@vedette/model/wire/generated/link_pb';
import type { Batch, StreamName } from '../protocol/streams.ts';
import type { HelloAnswer } from '../protocol/sender-words.ts';

export const deliverBatchesMax = 1024;
const sessionBytes = 24;
const nonceBytes = 16;

export interface HelloWords {
  readonly epoch: string;
  /** Empty for the first of an epoch. */
  readonly session: string;
  readonly nonce: string;
  readonly schemaVersion: number;
  readonly sentAtMs: number;
}

export interface DeliverWords {
  readonly epoch: string;
  readonly session: string;
  readonly stream: StreamName;
  readonly batches: readonly Batch[];
}

export function helloWords(request: HelloRequest): HelloWords | undefined {
  if (request.session.length !== 0 && request.session.length !== sessionBytes) return undefined;
  if (request.nonce.length !== nonceBytes) return undefined;
  const { schemaVersion } = request;
  return { epoch: epochText(request.epoch), session: hex(request.session), nonce: hex(request.nonce), schemaVersion, sentAtMs: Number(request.sentAtMs) };
}

export function deliverWords(request: DeliverRequest): DeliverWords | undefined {
  const stream = streamName(request.stream);
  if (stream === undefined || request.session.length !== sessionBytes || request.batches.length > deliverBatchesMax) return undefined;
  const batches: Batch[] = [];
  for (const { sequence, payload } of request.batches) {
    const number = safeNumber(sequence);
    if (number === undefined) return undefined;
    batches.push({ sequence: number, payload });
  }
  return { epoch: epochText(request.epoch), session: hex(request.session), stream, batches };
}

export function deliverMessage(words: DeliverWords): MessageInitShape<typeof DeliverRequestSchema> {
  return {
    epoch: epochNumber(words.epoch), session: bytesOf(words.session), stream: streamNumber(words.stream),
    batches: words.batches.map(({ sequence, payload }) => ({ sequence: BigInt(sequence), payload })),
  };
}

export function helloAnswer(response: HelloResponse): HelloAnswer | undefined {
  switch (response.disposition) {
    case Disposition.ACCEPTED: {
      const watermarks = { detection: 0, telemetry: 0 };
      for (const { stream, sequence } of response.watermarks) {
        const name = streamName(stream);
        const number = safeNumber(sequence);
        if (name === undefined || number === undefined) return undefined;
        watermarks[name] = number;
      }
      return response.session.length === sessionBytes ? { kind: 'accepted', session: hex(response.session), watermarks } : undefined;
    }
    case Disposition.EPOCH_CONFLICT:
      return { kind: 'refused', refusal: 'epoch-conflict', reason: response.reason };
    case Disposition.SCHEMA_TOO_OLD:
      return { kind: 'refused', refusal: 'schema-too-old', reason: response.reason };
    default:
      return undefined;
  }
}

export function streamName(stream: Stream): StreamName | undefined {
  if (stream === Stream.DETECTION) return 'detection';
  return stream === Stream.TELEMETRY ? 'telemetry' : undefined;
}

export function streamNumber(name: StreamName): Stream {
  return name === 'detection' ? Stream.DETECTION : Stream.TELEMETRY;
}

export function safeNumber(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

export function epochText(epoch: bigint): string {
  return epoch.toString(16).padStart(16, '0');
}

export function epochNumber(epoch: string): bigint {
  return BigInt(`0x${epoch}`);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
