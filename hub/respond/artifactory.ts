/**
 * A property on every manifest in Artifactory that has the image's digest: a desired state, so it is read first, set where it is another, and read back.
 * Taken back by what was read first, and only where nobody has changed it since. Caches of remote repositories take no property and are left out.
 */
import { z } from 'zod';
import type { Outcome } from './machine.ts';

export interface PropertyStore {
  readonly url: string;
  readonly token: string | null;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
}

export interface PropertyOrder {
  readonly digests: readonly string[];
  readonly property: string;
  readonly value: string;
}

const manifestsMax = 200;
const answerBytesMax = 8 * 2 ** 20;
const Rows = z.object({ results: z.array(z.object({ repo: z.string().max(300), path: z.string().max(2048), name: z.string().max(300) })).max(manifestsMax) });
const Properties = z.object({ properties: z.record(z.string(), z.array(z.string())) });
const Before = z.object({ places: z.array(z.object({ place: z.string(), before: z.array(z.string()).nullable() })) });

/** Artifactory's own marks between values; a value of ours is one word or sentence. */
const plain = (value: string): string => value.replace(/[,;|=\\[\]{}()]/g, ' ').trim();

class NotAnswered extends Error {
  readonly outcome: 'refused' | 'failed' | 'unanswered';

  constructor(outcome: 'refused' | 'failed' | 'unanswered', detail: string) {
    super(detail);
    this.outcome = outcome;
  }
}

export async function setProperty(store: PropertyStore, order: PropertyOrder, undo: boolean, before: unknown, note: (evidence: object) => Promise<void>): Promise<Outcome> {
  try {
    return undo ? await takeBack(store, order, before) : await set(store, order, before, note);
  } catch (error) {
    if (error instanceof NotAnswered) return { kind: error.outcome, detail: error.message, evidence: null };
    throw error;
  }
}

/** What stood there is noted before anything is changed: after a crash it could not be told from what was set. */
async function set(store: PropertyStore, order: PropertyOrder, noted: unknown, note: (evidence: object) => Promise<void>): Promise<Outcome> {
  const value = plain(order.value);
  const places = await placesOf(store, order.digests);
  if (places.length === 0) return { kind: 'refused', detail: 'Artifactory has no manifest with this digest, or none that the token may see', evidence: null };
  const known = Before.safeParse(noted);
  const former = new Map(known.success ? known.data.places.map((one) => [one.place, one.before]) : []);
  for (const place of places) if (!former.has(place)) former.set(place, await read(store, place, order.property));
  const evidence = { places: [...former].map(([place, before]) => ({ place, before })) };
  await note(evidence);
  const isOurs = (held: readonly string[] | null | undefined): boolean => held?.length === 1 && held[0] === value;
  for (const place of places) {
    if (isOurs(await read(store, place, order.property))) continue;
    await write(store, place, order.property, [value]);
    if (!isOurs(await read(store, place, order.property))) return { kind: 'failed', detail: `${place} does not have the property after it was set`, evidence };
  }
  const sentence = `${order.property}=${value} on ${places.length === 1 ? 'the manifest' : `${places.length} manifests`}`;
  const wasThere = places.every((place) => isOurs(former.get(place)));
  return wasThere ? { kind: 'not-needed', detail: `${sentence} already`, evidence } : { kind: 'applied', detail: `${sentence}, read back`, evidence };
}

async function takeBack(store: PropertyStore, order: PropertyOrder, before: unknown): Promise<Outcome> {
  const parsed = Before.safeParse(before);
  if (!parsed.success) return { kind: 'refused', detail: 'what stood there before is not known', evidence: null };
  const value = plain(order.value);
  const kept: string[] = [];
  let changed = 0;
  for (const { place, before: former } of parsed.data.places) {
    const held = await read(store, place, order.property);
    if (former?.length === 1 && former[0] === value) continue;
    if (held?.length !== 1 || held[0] !== value) {
      if (JSON.stringify(held) !== JSON.stringify(former)) kept.push(place);
      continue;
    }
    if (former === null) await call(store, 'DELETE', `artifactory/api/storage/${encodePath(place)}?properties=${encodeURIComponent(order.property)}`);
    else await write(store, place, order.property, former);
    changed += 1;
  }
  const detail = kept.length > 0 ? `left as it is where somebody has changed it since: ${kept.join(', ')}` : 'as it was before';
  return { kind: changed === 0 ? 'not-needed' : 'applied', detail, evidence: { changed, kept } };
}

async function placesOf(store: PropertyStore, digests: readonly string[]): Promise<string[]> {
  const wanted = digests.filter((one) => /^sha256:[0-9a-f]{64}$/.test(one)).map((one) => ({ sha256: one.slice(7) }));
  if (wanted.length === 0) return [];
  const query = `items.find(${JSON.stringify({ type: 'file', $or: wanted })}).include("repo","path","name").limit(${manifestsMax})`;
  const answer = await call(store, 'POST', 'artifactory/api/search/aql', query);
  const rows = Rows.safeParse(answer.json);
  if (!rows.success) throw new NotAnswered('failed', 'Artifactory answered something that cannot be read');
  return rows.data.results
    .filter((one) => /^(list\.)?manifest\.json$/.test(one.name) && !/(^|\/)_uploads(\/|$)/.test(one.path) && !one.repo.endsWith('-cache'))
    .map((one) => `${one.repo}/${one.path}/${one.name}`)
    .sort();
}

async function read(store: PropertyStore, place: string, property: string): Promise<string[] | null> {
  const answer = await call(store, 'GET', `artifactory/api/storage/${encodePath(place)}?properties=${encodeURIComponent(property)}`, undefined, [404]);
  const parsed = Properties.safeParse(answer.json);
  return parsed.success ? (parsed.data.properties[property] ?? null) : null;
}

async function write(store: PropertyStore, place: string, property: string, values: readonly string[]): Promise<void> {
  await call(store, 'PUT', `artifactory/api/storage/${encodePath(place)}?properties=${encodeURIComponent(property)}=${values.map((one) => encodeURIComponent(one)).join(',')}&recursive=0`);
}

const encodePath = (place: string): string => place.split('/').map(encodeURIComponent).join('/');

/** `also`: statuses that are an answer too. */
async function call(store: PropertyStore, method: string, path: string, text?: string, also: readonly number[] = []): Promise<{ status: number; json: unknown }> {
  const url = `${store.url.replace(/\/+$/, '')}/${path}`;
  let response: Response;
  let body: string;
  try {
    response = await store.fetch(url, { method, redirect: 'manual', signal: AbortSignal.timeout(store.timeoutMs), headers: { 'user-agent': 'vedette', accept: 'application/json', ...(text === undefined ? {} : { 'content-type': 'text/plain' }), ...(store.token === null ? {} : { authorization: `Bearer ${store.token}` }) }, ...(text === undefined ? {} : { body: text }) });
    body = await response.text();
  } catch (error) {
    throw new NotAnswered('unanswered', `Artifactory did not answer (${error instanceof Error ? error.name : 'unknown'})`);
  }
  const { status } = response;
  if ((status < 200 || status > 299) && !also.includes(status)) throw new NotAnswered(status === 429 || status >= 500 ? 'failed' : 'refused', `Artifactory answered ${status}${status === 401 || status === 403 ? ': the token may not do this' : ''}`);
  let json: unknown = null;
  try {
    json = body.length > answerBytesMax || body === '' ? null : JSON.parse(body);
  } catch {
    json = null;
  }
  return { status, json };
}
