/**
 * The procedures of the link: messages in, the hub's verdict, messages out. The gate decides who may call what before a
 * byte of the body is read: joining is for strangers in limited number, renewing also for a certificate that has
 * expired not long ago, everything else for valid ones. Causes inside the hub are logged there, never told.
 */
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { Code, ConnectError, createContextKey } from '@connectrpc/connect';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CertifyRelayResponseSchema, Command, DeliverResponseSchema, HelloResponseSchema, ImageFactsResponseSchema, JoinRequest, JoinResponseSchema } from '@vedette/model/wire/generated/link_pb';
import { Disposition, Enrollment, Link, PartKind } from '@vedette/model/wire/generated/link_pb';
import type { AttemptLimit } from './attempt-limit.ts';
import type { Authority, IssuedCertificate } from './authority.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { relayServerName, type Part } from './certificate-text.ts';
import type { DeliverVerdict, HelloVerdict, HubHandlers } from './hub-handlers.ts';
import type { Peer } from './peer.ts';
import { whyNotValid } from './peer.ts';
import { bytesOf, deliverWords, helloWords, hex, streamNumber } from './wire.ts';

export const peerKey = createContextKey<Peer>({ kind: 'nobody', reason: 'No client certificate was presented.' });
export const remoteAddressKey = createContextKey<string>('unknown');
export const commandsPath = `/${Link.typeName}/${Link.method.commands.name}`;

/** Set by a cluster part on the calls that it passes on: the id of the sensor whose certificate it has seen. */
export const onBehalfHeader = 'vedette-on-behalf-of';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const joinBytesMax = 64 * 1024;

export interface RouteOptions {
  readonly handlers: HubHandlers;
  readonly bounds: { readonly renewGraceMs: number };
  readonly nowMs: () => number;
  readonly onFault: (error: unknown) => void;
  readonly joins: AttemptLimit;
  readonly trusted: () => readonly [Authority, ...Authority[]];
}

export function routesOf(options: RouteOptions): (router: ConnectRouter) => void {
  const { handlers, nowMs } = options;
  const guarded = guardedBy(options.onFault);
  return (router) => {
    router.service(Enrollment, { join: (request, context) => guarded(() => join(options, request, context)) }, {
      readMaxBytes: joinBytesMax,
      acceptCompression: [],
      requestGate: (context) => {
        // a cluster part has counted the attempts of its own strangers
        if (context.values.get(peerKey).kind === 'cluster') return gate(options, context);
        if (options.joins.take(context.values.get(remoteAddressKey), nowMs())) return;
        throw new ConnectError('Too many attempts to join; wait a minute.', Code.ResourceExhausted);
      },
    });
    router.service(Link, {
      hello: (request, context) => guarded(async () => {
        const words = helloWords(request);
        if (words === undefined) throw malformed('hello');
        return helloMessage(await handlers.hello(await speakerOf(handlers, context), { ...words, node: request.node }), nowMs());
      }),
      deliver: (request, context) => guarded(async () => {
        const words = deliverWords(request);
        if (words === undefined) throw malformed('delivery');
        return deliverMessage(await handlers.deliver(await speakerOf(handlers, context), words));
      }),
      commands: (request, context) => watched(commandsOf(handlers, hex(request.session), context), options.onFault),
      renew: (request, context) => guarded(async () => renew(options, request.certificateRequest, await speakerOf(handlers, context), partOf(context))),
      certifyRelay: (request, context) => guarded(() => certifyRelay(options, request.certificateRequest, context)),
      imageFacts: (request, context) => guarded(() => imageFacts(handlers, context, request.images.map((one) => one.reference))),
    }, { requestGate: (context) => gate(options, context) });
  };
}

function gate(options: RouteOptions, context: HandlerContext): void {
  const peer = context.values.get(peerKey);
  if (peer.kind === 'nobody') throw new ConnectError(peer.reason, Code.Unauthenticated);
  const graceMs = context.method.name === Link.method.renew.name ? options.bounds.renewGraceMs : 0;
  const reason = whyNotValid(peer, options.nowMs(), graceMs);
  if (reason !== undefined) throw new ConnectError(reason, Code.Unauthenticated);
}

function peerOf(context: HandlerContext): Exclude<Peer, { kind: 'nobody' }> {
  const peer = context.values.get(peerKey);
  if (peer.kind === 'nobody') throw new Error('the gate let a stranger through');
  return peer;
}

/** Whose call this is: the peer's own, or that of a sensor for which a cluster part speaks. */
async function speakerOf(handlers: HubHandlers, context: HandlerContext): Promise<string> {
  const peer = peerOf(context);
  const sensorId = context.requestHeader.get(onBehalfHeader);
  if (sensorId === null) return peer.sensorId;
  if (peer.kind !== 'cluster') throw new ConnectError('Only a cluster part may speak for others.', Code.PermissionDenied);
  if (!uuid.test(sensorId)) throw malformed('name of the sensor that is spoken for');
  const answer = await handlers.mayRelay(peer.sensorId, sensorId);
  switch (answer) {
    case 'may':
      return sensorId;
    case 'may-not':
      throw new ConnectError('This sensor is not one of the cluster part that speaks for it.', Code.PermissionDenied);
    case 'part-removed':
      // of the speaker, not of the sensor: it must not be told that it was removed
      throw new ConnectError('This cluster part was removed from the fleet.', Code.Unauthenticated);
    default:
      return answer satisfies never;
  }
}

function partOf(context: HandlerContext): Part {
  return context.requestHeader.get(onBehalfHeader) === null ? peerOf(context).kind : 'sensor';
}

async function* commandsOf(handlers: HubHandlers, session: string, context: HandlerContext): AsyncGenerator<Command> {
  yield* handlers.commands(await speakerOf(handlers, context), session, context.signal);
}

/** What a handler throws is logged, and told to the sensor as nothing but a fault. */
function guardedBy(onFault: (error: unknown) => void): <T>(work: () => Promise<T>) => Promise<T> {
  return async (work) => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      onFault(error);
      throw new ConnectError('The hub met a fault of its own; it is in the log there.', Code.Internal);
    }
  };
}

async function* watched(commands: AsyncIterable<Command>, onFault: (error: unknown) => void): AsyncGenerator<Command> {
  try {
    yield* commands;
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    onFault(error);
    throw new ConnectError('The hub met a fault of its own; it is in the log there.', Code.Internal);
  }
}

async function join(options: RouteOptions, request: JoinRequest, context: HandlerContext): Promise<MessageInitShape<typeof JoinResponseSchema>> {
  const asked = await readCertificateRequest(request.certificateRequest);
  if (asked === undefined) throw malformed('certificate request');
  const [signer, ...others] = options.trusted();
  const part: Part = request.part === PartKind.CLUSTER ? 'cluster' : 'sensor';
  const peer = context.values.get(peerKey);
  const vouched = peer.kind === 'cluster' && request.vouched !== undefined ? { byPartId: peer.sensorId, name: request.vouched.name, uid: request.vouched.uid } : undefined;
  let issued: IssuedCertificate | undefined;
  const joined = await options.handlers.join(
    {
      tokenSecret: request.tokenSecret, keyFingerprint: asked.keyFingerprint, node: request.node,
      remoteAddress: context.values.get(remoteAddressKey), part, cluster: request.cluster, vouched,
    },
    async (sensorId) => {
      issued = await signer.signPart(part, asked, sensorId, options.nowMs());
      return issued;
    },
  );
  if (joined === undefined) throw new ConnectError('The join token is not valid: it was used, has expired, or never was one.', Code.PermissionDenied);
  if ('refused' in joined) throw new ConnectError(joined.refused, Code.PermissionDenied);
  if (issued === undefined) throw new Error('a sensor joined without a certificate');
  return { ...joined, certificate: issued.certificate, authorities: [signer, ...others].map(({ certificate }) => certificate) };
}

async function renew(options: RouteOptions, der: Uint8Array, sensorId: string, part: Part): Promise<{ certificate: Uint8Array; authorities: Uint8Array[] }> {
  const asked = await readCertificateRequest(der);
  if (asked === undefined) throw malformed('certificate request');
  const [signer, ...others] = options.trusted();
  let issued: IssuedCertificate | undefined;
  const outcome = await options.handlers.renew(sensorId, async () => {
    issued = await signer.signPart(part, asked, sensorId, options.nowMs());
    return issued;
  });
  if (outcome === 'removed') throw removed();
  if (issued === undefined) throw new Error('a certificate was renewed and not made');
  return { certificate: issued.certificate, authorities: [signer, ...others].map(({ certificate }) => certificate) };
}

const imagesMax = 6;
const referenceCharactersMax = 512;

async function imageFacts(handlers: HubHandlers, context: HandlerContext, references: readonly string[]): Promise<MessageInitShape<typeof ImageFactsResponseSchema>> {
  if (handlers.imageFacts === undefined) throw new ConnectError('This hub answers no questions about images.', Code.Unimplemented);
  const peer = peerOf(context);
  if (peer.kind !== 'cluster') throw new ConnectError('Only a cluster part is told what is known of images.', Code.PermissionDenied);
  if (references.length > imagesMax || references.some((one) => one.length > referenceCharactersMax)) throw malformed('question about images');
  const answers = await handlers.imageFacts(peer.sensorId, references, context.timeoutMs() ?? Number.POSITIVE_INFINITY);
  if (answers === 'removed') throw removed();
  return { images: answers.map(({ learnedAtMs, ...one }) => ({ ...one, learnedAtMs: BigInt(learnedAtMs) })) };
}

async function certifyRelay(options: RouteOptions, der: Uint8Array, context: HandlerContext): Promise<MessageInitShape<typeof CertifyRelayResponseSchema>> {
  const peer = peerOf(context);
  if (peer.kind !== 'cluster') throw new ConnectError('Only a cluster part is given the certificate of a relay.', Code.PermissionDenied);
  const asked = await readCertificateRequest(der);
  if (asked === undefined) throw malformed('certificate request');
  const clusterId = await options.handlers.clusterOfPart(peer.sensorId);
  if (clusterId === undefined) throw new ConnectError('This cluster part was removed from the fleet.', Code.Unauthenticated);
  const [signer, ...others] = options.trusted();
  const serverName = relayServerName(clusterId);
  const { certificate } = await signer.signRelay(asked, serverName, options.nowMs());
  return { certificate, authorities: [signer, ...others].map((one) => one.certificate), serverName };
}

function helloMessage(verdict: HelloVerdict, nowMs: number): MessageInitShape<typeof HelloResponseSchema> {
  const receivedAtMs = BigInt(Math.round(nowMs));
  switch (verdict.kind) {
    case 'accepted': {
      const watermarks = verdict.watermarks.flatMap(({ stream, sequence }) =>
        stream === 'detection' || stream === 'telemetry' ? [{ stream: streamNumber(stream), sequence: BigInt(sequence) }] : []);
      return { disposition: Disposition.ACCEPTED, session: bytesOf(verdict.session), watermarks, receivedAtMs, kubernetesNode: verdict.kubernetesNode ?? '' };
    }
    case 'epoch-conflict':
      return { disposition: Disposition.EPOCH_CONFLICT, reason: verdict.reason, receivedAtMs };
    case 'schema-too-old':
      return { disposition: Disposition.SCHEMA_TOO_OLD, reason: verdict.reason, receivedAtMs };
    case 'removed':
      throw removed();
    default:
      return verdict satisfies never;
  }
}

function deliverMessage(verdict: DeliverVerdict): MessageInitShape<typeof DeliverResponseSchema> {
  switch (verdict.kind) {
    case 'accepted':
      return { disposition: Disposition.ACCEPTED, watermark: BigInt(verdict.watermark), batchesDuplicate: verdict.duplicates };
    case 'gap':
      return { disposition: Disposition.ACCEPTED, watermark: BigInt(verdict.watermark), reason: verdict.reason };
    case 'stale':
      return { disposition: Disposition.EPOCH_CONFLICT, reason: verdict.reason };
    case 'removed':
      throw removed();
    default:
      return verdict satisfies never;
  }
}

function malformed(what: string): ConnectError {
  return new ConnectError(`The ${what} does not have its form.`, Code.InvalidArgument);
}

function removed(): ConnectError {
  return new ConnectError('This sensor was removed from the fleet.', Code.PermissionDenied);
}
