/**
 * The sensor's end of one connection to the hub: TLS 1.3 with its own certificate, the hub proved by the authorities
 * the sensor was given. Connects with the first call; every call has a time-out; every message a bound in bytes. What
 * goes wrong is a value with a sentence in it. A client is for one connection: after `close` nothing works any more.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { createClient, type Transport } from '@connectrpc/connect';
import { compressionGzip, createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { Command, ImageFactsAnswer, NodeFactsSchema } from '@vedette/model/wire/generated/link_pb';
import { Disposition, Link } from '@vedette/model/wire/generated/link_pb';
import type { DeliverAnswer, HelloAnswer } from '../protocol/sender-words.ts';
import type { Credentials } from './credentials.ts';
import { pem } from './certificate-text.ts';
import type { LinkFailure } from './failure.ts';
import { failed, failureOf } from './failure.ts';
import type { DeliverWords, HelloWords } from './wire.ts';
import { bytesOf, deliverMessage, epochNumber, helloAnswer, safeNumber } from './wire.ts';

export interface ClientBounds {
  readonly requestMsMax: number;
  readonly messageBytesMax: number;
  readonly pingMs: number;
  readonly pingMsMax: number;
}

export const clientBounds: ClientBounds = { requestMsMax: 30_000, messageBytesMax: 4 * 1024 * 1024, pingMs: 20_000, pingMsMax: 10_000 };

export type NodeFactsInit = MessageInitShape<typeof NodeFactsSchema>;

export interface CommandsEnd {
  readonly reason: string;
  /** It ended in order and before the first command: the hub does not hold this session. */
  readonly stale: boolean;
  /** The connection under it is of no use any more. */
  readonly broken: boolean;
}

export interface RenewedCertificate {
  readonly kind: 'renewed';
  readonly certificatePem: string;
  readonly authoritiesPem: readonly string[];
}

export interface ImageFactsAnswers {
  readonly kind: 'answered';
  /** In the order of the question. */
  readonly images: readonly ImageFactsAnswer[];
}

export interface LinkClient {
  hello(words: HelloWords, node: NodeFactsInit): Promise<HelloAnswer | LinkFailure>;
  deliver(words: DeliverWords): Promise<DeliverAnswer | LinkFailure>;
  /** Resolves when the stream has ended, for whatever reason. */
  commands(session: string, onCommand: (command: Command) => void): Promise<CommandsEnd>;
  renew(request: Uint8Array): Promise<RenewedCertificate | LinkFailure>;
  /** At most 6 images a call: what is known of one may be half a megabyte, and a message holds four. */
  imageFacts(images: readonly { readonly reference: string; readonly namespace: string }[]): Promise<ImageFactsAnswers | LinkFailure>;
  close(): void;
}

/** One HTTP/2 connection, made with the first call and anew after it broke. */
export interface LinkConnection {
  readonly transport: Transport;
  close(): void;
}

export function connectLink(credentials: Credentials, bounds: ClientBounds = clientBounds): LinkConnection {
  const { pingMs, pingMsMax, messageBytesMax } = bounds;
  const manager = new Http2SessionManager(
    credentials.hubUrl,
    // Without pings a connection whose other end vanished would look alive for many minutes.
    { pingIntervalMs: pingMs, pingTimeoutMs: pingMsMax },
    { cert: credentials.certificatePem, key: credentials.privateKeyPem, ca: [...credentials.authoritiesPem], minVersion: 'TLSv1.3', ...serverNameOf(credentials) },
  );
  const transport = createConnectTransport({
    baseUrl: credentials.hubUrl, httpVersion: '2', sessionManager: manager,
    readMaxBytes: messageBytesMax, writeMaxBytes: messageBytesMax, acceptCompression: [compressionGzip], sendCompression: compressionGzip,
  });
  return { transport, close: () => manager.abort() };
}

/** What TLS is to check the other end's certificate for, when it is not the name in its address. */
export function serverNameOf({ serverName }: { readonly serverName?: string | undefined }): { servername?: string } {
  return serverName === undefined ? {} : { servername: serverName };
}

export function createLinkClient(credentials: Credentials, bounds: ClientBounds = clientBounds): LinkClient {
  const connection = connectLink(credentials, bounds);
  return linkClientOver(connection.transport, () => connection.close(), bounds);
}

export function linkClientOver(transport: Transport, onClose: () => void, { requestMsMax }: ClientBounds = clientBounds): LinkClient {
  const link = createClient(Link, transport);
  const closing = new AbortController();
  const limits = () => ({ timeoutMs: requestMsMax, signal: closing.signal });
  return {
    hello: (words, node) => settle(async () => {
      const { epoch, session, nonce, schemaVersion, sentAtMs } = words;
      const request = { epoch: epochNumber(epoch), session: bytesOf(session), nonce: bytesOf(nonce), schemaVersion, sentAtMs: BigInt(Math.round(sentAtMs)), node };
      const answer = helloAnswer(await link.hello(request, limits()));
      return answer ?? failed('connection', 'The hub answered the hello with something that does not have its form.');
    }),
    deliver: (words) => settle(async () => {
      const response = await link.deliver(deliverMessage(words), limits());
      const watermark = safeNumber(response.watermark);
      const { reason, batchesDuplicate: duplicates } = response;
      if (response.disposition === Disposition.EPOCH_CONFLICT) return { kind: 'stale', reason };
      if (response.disposition === Disposition.ACCEPTED && watermark !== undefined) return { kind: 'accepted', watermark, duplicates, reason };
      return failed('connection', 'The hub answered a delivery with something that does not have its form.');
    }),
    commands: async (session, onCommand) => {
      let heard = false;
      try {
        // No time-out: the machine above watches for silence, and pings notice a connection that is gone.
        for await (const command of link.commands({ session: bytesOf(session) }, { signal: closing.signal })) {
          heard = true;
          onCommand(command);
        }
        return { reason: 'The hub ended the command stream.', stale: !heard, broken: false };
      } catch (error) {
        const { reason, scope } = failureOf(error);
        return { reason, stale: false, broken: scope !== 'request' };
      }
    },
    renew: (certificateRequest) => settle(async () => {
      const { certificate, authorities } = await link.renew({ certificateRequest }, limits());
      return { kind: 'renewed' as const, certificatePem: pem(certificate), authoritiesPem: authorities.map((authority) => pem(authority)) };
    }),
    imageFacts: (images) => settle(async () => ({ kind: 'answered' as const, images: (await link.imageFacts({ images: images.map((one) => ({ ...one })) }, limits())).images })),
    close() {
      closing.abort();
      onClose();
    },
  };
}

async function settle<T>(call: () => Promise<T | LinkFailure>): Promise<T | LinkFailure> {
  try {
    return await call();
  } catch (error) {
    return failureOf(error);
  }
}
