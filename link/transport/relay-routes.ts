/**
 * The link as a cluster part offers it to the sensors of its nodes: each call is judged by the sensor's certificate, then
 * passed on over the part's one connection in that sensor's name. What the hub answers goes back as it is; while the hub is
 * away the sensor hears `unavailable` with the mark that the relay itself is well, so that it keeps its connection and its
 * spool. Joining is for pods that the part can vouch for, never by a token of the hub.
 */
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import { Enrollment, Link, PartKind, type Command, type CommandsRequest, type JoinRequest, type JoinResponse } from '@vedette/model/wire/generated/link_pb';
import type { AttemptLimit } from './attempt-limit.ts';
import { failureOf, hubAwayHeader } from './failure.ts';
import { serviceAccountMark } from './join.ts';
import { whyNotValid } from './peer.ts';
import { RelayedCommands, type LocalCommand } from './relayed-commands.ts';
import { onBehalfHeader, peerKey, remoteAddressKey } from './routes.ts';
import type { Upstream } from './upstream.ts';

export type Vouching =
  | { readonly kind: 'vouched'; readonly node: { readonly name: string; readonly uid: string } }
  | { readonly kind: 'refused'; readonly reason: string }
  /** It cannot be told just now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface RelayDoors {
  readonly upstream: Upstream;
  readonly nowMs: () => number;
  /** A service-account token: whose pod it is, and on which node. */
  readonly vouch: (token: string) => Promise<Vouching>;
  /** The hub has said on which node of the cluster this sensor is. */
  readonly placed: (sensorId: string, node: string) => void;
  /** What the cluster part itself has to say to a sensor: at once what holds now, then what changes, until the signal. */
  readonly local: (sensorId: string, signal: AbortSignal) => AsyncIterable<LocalCommand>;
  readonly connected: (sensorId: string, isConnected: boolean) => void;
  readonly renewGraceMs: number;
  readonly joins: AttemptLimit;
}

const callMsMax = 30_000;
const joinBytesMax = 64 * 1024;

export function relayRoutesOf(doors: RelayDoors): (router: ConnectRouter) => void {
  const { upstream } = doors;
  const streams = new Map<string, RelayedCommands>();
  const options = (context: HandlerContext) => ({ headers: { [onBehalfHeader]: sensorOf(context) }, timeoutMs: callMsMax, signal: context.signal });
  return (router) => {
    router.service(Enrollment, { join: (request, context) => join(doors, request, context) }, {
      readMaxBytes: joinBytesMax,
      acceptCompression: [],
      requestGate: (context) => {
        if (doors.joins.take(context.values.get(remoteAddressKey), doors.nowMs())) return;
        throw new ConnectError('Too many attempts to join; wait a minute.', Code.ResourceExhausted);
      },
    });
    router.service(Link, {
      hello: (request, context) => passedOn(async () => {
        const answer = await upstream.link.hello(request, options(context));
        if (answer.kubernetesNode !== '') doors.placed(sensorOf(context), answer.kubernetesNode);
        return answer;
      }),
      deliver: (request, context) => passedOn(() => upstream.link.deliver(request, options(context))),
      renew: (request, context) => passedOn(() => upstream.link.renew(request, options(context))),
      commands: (request, context) => commands(doors, streams, request, context),
    }, { requestGate: (context) => gate(doors, context) });
  };
}

function gate(doors: RelayDoors, context: HandlerContext): void {
  const peer = context.values.get(peerKey);
  if (peer.kind === 'nobody') throw new ConnectError(peer.reason, Code.Unauthenticated);
  if (peer.kind !== 'sensor') throw new ConnectError('Only sensors are passed on.', Code.PermissionDenied);
  if (context.requestHeader.has(onBehalfHeader)) throw new ConnectError('A sensor speaks for itself only.', Code.PermissionDenied);
  const reason = whyNotValid(peer, doors.nowMs(), context.method.name === Link.method.renew.name ? doors.renewGraceMs : 0);
  if (reason !== undefined) throw new ConnectError(reason, Code.Unauthenticated);
}

function sensorOf(context: HandlerContext): string {
  const peer = context.values.get(peerKey);
  if (peer.kind !== 'sensor') throw new Error('the gate let a stranger through');
  return peer.sensorId;
}

async function passedOn<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw towardsSensor(error);
  }
}

/** What failed on the way to the hub, or was refused to the cluster part itself, is no word about the sensor. */
export function towardsSensor(error: unknown): ConnectError {
  const { scope, reason } = failureOf(error);
  const { code, rawMessage } = ConnectError.from(error);
  const isOwn = scope === 'connection' || code === Code.Unauthenticated;
  return isOwn ? hubAway(reason) : new ConnectError(rawMessage, code);
}

function hubAway(reason: string): ConnectError {
  return new ConnectError(`The cluster part has no hub at the moment: ${reason}`, Code.Unavailable, { [hubAwayHeader]: '1' });
}

async function join(doors: RelayDoors, request: JoinRequest, context: HandlerContext): Promise<JoinResponse> {
  if (request.part === PartKind.CLUSTER || !request.tokenSecret.startsWith(serviceAccountMark)) {
    throw new ConnectError('Here sensors join by the token of their service account; whatever has a join token joins at the hub.', Code.PermissionDenied);
  }
  const vouching = await doors.vouch(request.tokenSecret.slice(serviceAccountMark.length));
  switch (vouching.kind) {
    case 'refused':
      throw new ConnectError(vouching.reason, Code.PermissionDenied);
    case 'unavailable':
      throw new ConnectError(vouching.reason, Code.Unavailable);
    case 'vouched': {
      const { certificateRequest, node } = request;
      const answer = await passedOn(() =>
        doors.upstream.enrollment.join(
          { certificateRequest, part: PartKind.SENSOR, vouched: vouching.node, ...(node === undefined ? {} : { node }) },
          { timeoutMs: callMsMax, signal: context.signal },
        ),
      );
      doors.placed(answer.sensorId, vouching.node.name);
      return answer;
    }
    default:
      return vouching satisfies never;
  }
}

/** A newer stream of a sensor ends its older one. */
async function* commands(doors: RelayDoors, streams: Map<string, RelayedCommands>, request: CommandsRequest, context: HandlerContext): AsyncGenerator<Command> {
  const sensorId = sensorOf(context);
  streams.get(sensorId)?.end();
  const stream = new RelayedCommands({
    open: (signal) => doors.upstream.link.commands(request, { headers: { [onBehalfHeader]: sensorId }, signal }),
    local: (signal) => doors.local(sensorId, signal),
    towardsSensor,
    nowMs: doors.nowMs,
    signal: context.signal,
  });
  streams.set(sensorId, stream);
  doors.connected(sensorId, true);
  try {
    yield* stream.commands();
  } finally {
    stream.end();
    if (streams.get(sensorId) === stream) {
      streams.delete(sensorId);
      doors.connected(sensorId, false);
    }
  }
}
