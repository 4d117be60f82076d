/**
 * One question over HTTP to a server that may be hostile, slow or broken: the whole reply, or the reason why there is none. The
 * network is the caller's (`Fetch` is the part of fetch that is used). Bounded in bytes, time, redirects and waiting. Credentials
 * stay with the origin that they were meant for; a redirect never leads from TLS to plain text, nor from elsewhere to this
 * machine's loopback or to link-local addresses (cloud metadata). Names that resolve to such addresses are not noticed here.
 */
import type { ReadableStream } from 'node:stream/web';
import { unknown, type Unknown, type UnknownReason } from '@vedette/model/origin';
import { placeOf, plain } from './plain.ts';

export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}
export interface FetchInit {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: 'manual';
}
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** The world of a question: who carries it, what time it is, how to wait, and for how long at most. */
export interface Asking {
  readonly fetch: Fetch;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** For one attempt, from the first byte sent to the last one received. */
  readonly timeoutMs: number;
  /** All waiting that a busy server may ask for in one question. */
  readonly waitMsMax: number;
}

export interface Question {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The Authorization header; sent to this address's origin only. */
  readonly authorization: string | null;
  readonly bytesMax: number;
}

export interface Reply {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** Where it came from in the end. */
  readonly url: URL;
  header(name: string): string | null;
}

/** What an answer of any kind has: the whole of it (`Reply`), or one that is still coming (`stream.ts`). */
export type Answered = Pick<Reply, 'status' | 'url' | 'header'>;

/** Carries one question to one address, and answers with what came, or with why nothing did. */
export type Exchange<A extends Answered> = (url: URL) => Promise<A | Unknown>;

const redirectsMax = 5;
const attemptsMax = 4;

export function isUnknown<A extends Answered>(outcome: A | Unknown): outcome is Unknown {
  return 'state' in outcome;
}

/** A reply of any status, after waiting out 429 and 503 as long as we may. */
export async function ask(question: Question, asking: Asking): Promise<Reply | Unknown> {
  return await patiently(asking, async () => {
    const signal = AbortSignal.timeout(asking.timeoutMs);
    return await followed(question, (url) => exchange(url, question, asking, signal));
  });
}

export async function patiently<A extends Answered>(asking: Asking, once: () => Promise<A | Unknown>): Promise<A | Unknown> {
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await once();
    if (isUnknown(outcome) || (outcome.status !== 429 && outcome.status !== 503)) return outcome;
    const wait = retryAfterMs(outcome.header('retry-after'), asking.clock()) ?? (outcome.status === 429 ? 1000 * 2 ** (attempt - 1) : null);
    if (wait === null || attempt === attemptsMax || waitedMs + wait > asking.waitMsMax) return outcome;
    waitedMs += wait;
    await asking.sleep(wait);
  }
}

/** Both forms of RFC 9110: seconds, or a date. null: none, or not understood. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) || !/^[A-Z][a-z]{2}, /.test(value) ? null : Math.max(0, at - nowMs);
}

export async function followed<A extends Answered>(question: Question, exchange: Exchange<A>): Promise<A | Unknown> {
  let url = question.url;
  for (let redirects = 0; ; redirects += 1) {
    const outcome = await exchange(url);
    if (isUnknown(outcome)) return outcome;
    const location = outcome.header('location');
    if (![301, 302, 303, 307, 308].includes(outcome.status) || location === null) return outcome;
    const next = URL.parse(location, url);
    const here = placeOf(url);
    if (next === null) return unknown('malformed', `${here} redirects to what is no address`);
    if (redirects === redirectsMax) return unknown('unsafe-redirect', `${here} redirects more than ${redirectsMax} times`);
    if (question.method === 'POST') return unknown('unsafe-redirect', `${here} redirects what was posted to ${placeOf(next)}`);
    const objection = stepObjection(url, next);
    if (objection !== null) return unknown('unsafe-redirect', `${here} redirects to ${placeOf(next)}: ${objection}`);
    url = next;
  }
}

/** Why we do not go from one address to another on the word of the first; null: we do. */
export function stepObjection(from: URL, to: URL): string | null {
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return 'neither http nor https';
  if (from.protocol === 'https:' && to.protocol === 'http:') return 'plain text after TLS';
  if (isInner(to.hostname) && !isInner(from.hostname)) return 'an address inside of this machine or its link';
  if (to.username !== '' || to.password !== '') return 'credentials in the address';
  return null;
}

/** Loopback, link-local and unspecified addresses. URL has already made 0x7f.1 and its like into dotted form. */
export function isInner(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '');
  return host === 'localhost' || host.endsWith('.localhost') || /^(127|0)\.|^169\.254\./.test(host) || /^\[(::1?|fe[89ab].*|::ffff:(7f|0|a9fe).*)\]$/.test(host);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}

/** Up to the headers of the response. */
export async function begin(url: URL, question: Question, asking: Asking, signal: AbortSignal): Promise<FetchResponse | Unknown> {
  const isHome = url.origin === question.url.origin;
  const headers: Record<string, string> = { 'accept-encoding': 'identity', ...question.headers };
  if (isHome && question.authorization !== null) headers['authorization'] = question.authorization;
  try {
    return await asking.fetch(url.href, { method: question.method ?? 'GET', headers, ...(question.body === undefined ? {} : { body: question.body }), signal, redirect: 'manual' });
  } catch (error) {
    return signal.aborted ? tooSlow(url, asking) : unknown('unreachable', `${placeOf(url)} cannot be reached: ${causeOf(error)}`);
  }
}

async function exchange(url: URL, question: Question, asking: Asking, signal: AbortSignal): Promise<Reply | Unknown> {
  const response = await begin(url, question, asking, signal);
  if ('state' in response) return response;
  return await wholeOf(response, url, question, asking, signal);
}

export async function wholeOf(response: FetchResponse, url: URL, question: Question, asking: Asking, signal: AbortSignal): Promise<Reply | Unknown> {
  try {
    const bytes = await bodyOf(response, url, question.bytesMax);
    if (!(bytes instanceof Uint8Array)) return bytes;
    return { status: response.status, bytes, url, header: (name) => response.headers.get(name) };
  } catch (error) {
    return signal.aborted ? tooSlow(url, asking) : unknown('incomplete', `${placeOf(url)} broke off in the middle of its answer: ${causeOf(error)}`);
  }
}

async function bodyOf(response: FetchResponse, url: URL, bytesMax: number): Promise<Uint8Array | Unknown> {
  const body = response.body as ReadableStream<Uint8Array> | null;
  const tooLarge = unknown('too-large', `${placeOf(url)} answers with more than ${bytesMax} bytes`);
  const declared = Number(response.headers.get('content-length') ?? Number.NaN);
  if (body === null) return new Uint8Array();
  if (declared > bytesMax) {
    await body.cancel();
    return tooLarge;
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    // leaving the loop cancels the stream, and with it the connection
    if (length > bytesMax) return tooLarge;
    parts.push(part);
  }
  if (length < declared && response.headers.get('content-encoding') === null) return unknown('incomplete', `${placeOf(url)} broke off after ${length} of ${declared} bytes`);
  return new Uint8Array(Buffer.concat(parts));
}

export function tooSlow(url: URL, asking: Asking): Unknown {
  return unknown('timeout', `${placeOf(url)} did not answer within ${asking.timeoutMs} ms`);
}

export function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return plain(cause instanceof Error ? cause.message || code || cause.name : String(cause));
}

const reasonOfStatus: Readonly<Record<number, UnknownReason>> = { 403: 'forbidden', 404: 'not-found', 408: 'timeout', 429: 'rate-limited', 504: 'timeout' };

/** What a reply that is no answer means. `said`: the server's own words, if it has any that can be read. */
export function unknownOf(reply: Reply, hadCredentials: boolean, said: string | null = null): Unknown {
  const words = said === null || said === '' ? '' : ` (it says: ${plain(said)})`;
  const place = placeOf(reply.url);
  if (reply.status === 401) {
    return hadCredentials ? unknown('wrong-credentials', `${place} refuses the credentials with 401${words}`) : unknown('unauthenticated', `${place} wants credentials (401), and none are configured${words}`);
  }
  const retry = reply.header('retry-after');
  const when = retry === null ? '' : `, try again after ${plain(retry, 40)}${/^\d+$/.test(retry) ? ' s' : ''}`;
  const reason = reasonOfStatus[reply.status] ?? (reply.status >= 500 ? 'unavailable' : 'malformed');
  return unknown(reason, `${place} answers with ${reply.status}${when}${words}`);
}

/** JSON of a reply; what ends too early is half an answer, anything else that is no JSON is not understood. */
export function jsonOf(reply: Reply): { readonly json: unknown } | Unknown {
  const text = new TextDecoder('utf-8').decode(reply.bytes);
  try {
    return { json: JSON.parse(text) as unknown };
  } catch (error) {
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    // where the reader gave up: at the very end, or on a string that nobody closed
    const isCut = /^\s*([[{]|$)/.test(text) && (position === undefined || Number(position) >= text.trimEnd().length || /Unterminated/.test((error as Error).message));
    return isCut ? unknown('incomplete', `${placeOf(reply.url)} ends in the middle of its JSON`) : unknown('malformed', `${placeOf(reply.url)} answers with what is no JSON`);
  }
}
