/**
 * A thin client of the Kubernetes API over kept HTTP connections: one call each for get, list, create, patch, apply and
 * delete, and a stream of lines for watches. What the API server refuses and what the network does are values with a
 * sentence. Bounds: bytes of an answer, bytes of one line of a stream, time of a call, connections.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { z } from 'zod';
import type { KubernetesConfig } from './config.ts';
import { KubernetesList, KubernetesObject, objectsOf, Status, type ObjectList } from './objects.ts';

export interface KubernetesProblem {
  readonly kind: 'problem';
  /** The HTTP status; 0: there was no answer. */
  readonly status: number;
  /** Kubernetes' word: NotFound, Forbidden, Conflict, Expired …; Unreachable, Unreadable and TimedOut are ours. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}
export type KubernetesResult<T> = { readonly kind: 'ok'; readonly value: T } | KubernetesProblem;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;
export type PatchKind = 'merge' | 'json' | 'strategic';

export interface ListOptions {
  /** The kind of the items, which come without it. */
  readonly kind: string;
  readonly query?: Query;
  /** Only apiVersion, kind and metadata of each. */
  readonly metadataOnly?: boolean;
}

export interface StreamOptions {
  readonly query?: Query;
  readonly metadataOnly?: boolean;
  readonly signal: AbortSignal;
  /** Awaited before the next line is taken: a slow reader slows the server. */
  readonly onLine: (line: string) => Promise<void> | void;
  /** In all; the server is asked to end before that. */
  readonly timeoutMs: number;
}

/** Paths are as the API has them: /api/v1/namespaces/default/pods/x. */
export interface Kubernetes {
  get(path: string, query?: Query): Promise<KubernetesResult<KubernetesObject>>;
  /** What is no object, as /version. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<KubernetesResult<T>>;
  /** One page; `continue` of the answer leads on. */
  list(path: string, options: ListOptions): Promise<KubernetesResult<ObjectList>>;
  create(path: string, object: unknown, query?: Query): Promise<KubernetesResult<KubernetesObject>>;
  patch(path: string, patch: unknown, kind: PatchKind, query?: Query): Promise<KubernetesResult<KubernetesObject>>;
  /** Server-side apply by the field manager `vedette`. */
  apply(path: string, object: unknown, options?: { readonly force?: boolean; readonly dryRun?: boolean }): Promise<KubernetesResult<KubernetesObject>>;
  /** With `uid` only that very object. */
  delete(path: string, options?: { readonly uid?: string; readonly dryRun?: boolean; readonly propagation?: 'Foreground' | 'Background' | 'Orphan' }): Promise<KubernetesResult<null>>;
  /** Answers when the stream has ended in order. */
  stream(path: string, options: StreamOptions): Promise<KubernetesResult<null>>;
  close(): void;
}

export interface KubernetesBounds {
  readonly answerBytesMax: number;
  readonly lineBytesMax: number;
  readonly callMsMax: number;
  readonly connectionsMax: number;
}
export const kubernetesBounds: KubernetesBounds = { answerBytesMax: 64 * 1024 * 1024, lineBytesMax: 8 * 1024 * 1024, callMsMax: 30_000, connectionsMax: 64 };

const patchTypes: Record<PatchKind | 'apply', string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const fieldManager = 'vedette';
const metadataOf = (what: 'PartialObjectMetadataList' | 'PartialObjectMetadata'): string => `application/json;as=${what};g=meta.k8s.io;v=v1`;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export function openKubernetes(config: KubernetesConfig, bounds: KubernetesBounds = kubernetesBounds): Kubernetes {
  const connection = new Connection(config, bounds);
  const object = (call: Call): Promise<KubernetesResult<KubernetesObject>> => connection.json(call, KubernetesObject);
  return {
    get: (path, query) => object({ method: 'GET', path, query }),
    read: (path, schema) => connection.json({ method: 'GET', path }, schema),
    async list(path, { kind, query, metadataOnly }) {
      const call: Call = { method: 'GET', path, query, ...(metadataOnly === true ? { accept: metadataOf('PartialObjectMetadataList') } : {}) };
      const answer = await connection.json(call, KubernetesList);
      return answer.kind === 'problem' ? answer : { kind: 'ok', value: objectsOf(answer.value, kind) };
    },
    create: (path, body, query) => object({ method: 'POST', path, query: { fieldManager, ...query }, body }),
    patch: (path, body, kind, query) => object({ method: 'PATCH', path, query: { fieldManager, ...query }, body, contentType: patchTypes[kind] }),
    apply: (path, body, { force = true, dryRun = false } = {}) =>
      object({ method: 'PATCH', path, query: { fieldManager, force, dryRun: dryRun ? 'All' : undefined }, body, contentType: patchTypes.apply }),
    async delete(path, { uid, dryRun = false, propagation } = {}) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(uid === undefined ? {} : { preconditions: { uid } }), ...(propagation === undefined ? {} : { propagationPolicy: propagation }) };
      const answer = await connection.text({ method: 'DELETE', path, query: { dryRun: dryRun ? 'All' : undefined }, body });
      return answer.kind === 'problem' ? answer : { kind: 'ok', value: null };
    },
    stream: (path, options) => connection.stream(path, options),
    close: () => connection.close(),
  };
}

class Connection {
  readonly #config: KubernetesConfig;
  readonly #bounds: KubernetesBounds;
  readonly #url: URL;
  #agent: { readonly of: HttpAgent | HttpsAgent; readonly authority: string | undefined } | undefined;

  constructor(config: KubernetesConfig, bounds: KubernetesBounds) {
    this.#config = config;
    this.#bounds = bounds;
    this.#url = new URL(config.server);
  }

  close(): void {
    this.#agent?.of.destroy();
  }

  async json<T>(call: Call, schema: z.ZodType<T>): Promise<KubernetesResult<T>> {
    const answer = await this.text(call);
    if (answer.kind === 'problem') return answer;
    let value: unknown;
    try {
      value = JSON.parse(answer.value);
    } catch {
      return problem(0, 'Unreadable', `The API server answered ${call.method} ${call.path} with something that is not JSON.`);
    }
    const parsed = schema.safeParse(value);
    return parsed.success ? { kind: 'ok', value: parsed.data } : problem(0, 'Unreadable', `The API server answered ${call.method} ${call.path} with something that does not have its form.`);
  }

  async text(call: Call): Promise<KubernetesResult<string>> {
    const timeout = AbortSignal.timeout(this.#bounds.callMsMax);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    try {
      const response = await this.#send({ ...call, signal });
      const text = await bodyOf(response, this.#bounds.answerBytesMax);
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) return refusal(response, text);
      return text === undefined ? problem(statusCode, 'Unreadable', `The API server's answer to ${call.method} ${call.path} is longer than ${this.#bounds.answerBytesMax} bytes.`) : { kind: 'ok', value: text };
    } catch (error) {
      return failure(error, timeout.aborted, call.signal?.aborted === true);
    }
  }

  async stream(path: string, options: StreamOptions): Promise<KubernetesResult<null>> {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = AbortSignal.any([options.signal, timeout]);
    let thrown: { readonly error: unknown } | undefined;
    const onLine = async (line: string): Promise<void> => {
      try {
        await options.onLine(line);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      const accept = options.metadataOnly === true ? `${metadataOf('PartialObjectMetadata')},application/json` : undefined;
      const response = await this.#send({ method: 'GET', path, query: options.query, signal, ...(accept === undefined ? {} : { accept }) });
      if (response.statusCode !== 200) return refusal(response, await bodyOf(response, 1 << 20));
      response.setEncoding('utf8');
      let rest = '';
      for await (const piece of response as AsyncIterable<string>) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > this.#bounds.lineBytesMax) {
          response.destroy();
          return problem(0, 'Unreadable', `A line of the watch on ${path} is longer than ${this.#bounds.lineBytesMax} bytes.`);
        }
        for (const line of lines) if (line !== '') await onLine(line);
      }
      return { kind: 'ok', value: null };
    } catch (error) {
      if (error instanceof StopStream) return error.why;
      // the reader's own fault, which must not look like one of the network
      if (thrown !== undefined) throw thrown.error;
      return failure(error, timeout.aborted, options.signal.aborted);
    }
  }

  async #send(call: Call): Promise<IncomingMessage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value));
    const token = this.#config.token();
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const options: RequestOptions = {
      host: this.#url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: this.#url.port === '' ? (this.#url.protocol === 'https:' ? 443 : 80) : this.#url.port,
      method: call.method,
      path: `${this.#url.pathname.replace(/\/$/, '')}${call.path}${query.size === 0 ? '' : `?${query}`}`,
      agent: this.#agentNow(),
      headers: {
        'accept': call.accept ?? 'application/json',
        'user-agent': 'vedette-cluster',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (this.#url.protocol === 'https:' ? httpsRequest : httpRequest)(options, resolve);
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  /** Another agent when the authority on the disk has been replaced. */
  #agentNow(): HttpAgent | HttpsAgent {
    const authority = this.#config.authority();
    if (this.#agent !== undefined && this.#agent.authority === authority) return this.#agent.of;
    const { certificate, serverName } = this.#config;
    const kept = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: this.#bounds.connectionsMax };
    const of =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({
            ...kept,
            minVersion: 'TLSv1.2',
            ...(authority === undefined ? {} : { ca: authority }),
            ...(certificate === undefined ? {} : { cert: certificate.certificatePem, key: certificate.privateKeyPem }),
            ...(serverName === undefined ? {} : { servername: serverName }),
          })
        : new HttpAgent(kept);
    this.#agent = { of, authority };
    return of;
  }
}

/** Thrown by a stream's reader to end it with this result. */
export class StopStream extends Error {
  readonly why: KubernetesProblem;
  constructor(why: KubernetesProblem) {
    super(why.message);
    this.why = why;
  }
}

/** Undefined when it is longer than the bound. */
async function bodyOf(response: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) {
      response.destroy();
      return undefined;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function refusal(response: IncomingMessage, text: string | undefined): KubernetesProblem {
  const { statusCode = 0, headers } = response;
  let status: Status | undefined;
  try {
    status = Status.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    // a proxy in between answers as it likes
  }
  const seconds = Number(headers['retry-after'] ?? status?.details?.retryAfterSeconds ?? Number.NaN);
  return {
    kind: 'problem',
    status: statusCode,
    reason: status?.reason === undefined || status.reason === '' ? `Status${statusCode}` : status.reason,
    message: status?.message === undefined || status.message === '' ? `The API server answered with status ${statusCode}.` : status.message.slice(0, 2000),
    ...(Number.isFinite(seconds) ? { retryAfterMs: Math.min(60, Math.max(0, seconds)) * 1000 } : {}),
  };
}

function failure(error: unknown, timedOut: boolean, aborted: boolean): KubernetesProblem {
  if (aborted) return problem(0, 'Aborted', 'It was told to stop.');
  if (timedOut) return problem(0, 'TimedOut', 'The API server did not answer in time.');
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return problem(0, 'Unreachable', `The API server cannot be reached: ${code ?? (error instanceof Error ? error.message : String(error))}.`);
}

export function problem(status: number, reason: string, message: string): KubernetesProblem {
  return { kind: 'problem', status, reason, message };
}
