/**
 * What the matrix of access asks: every endpoint of the table by its address, each list in its widest form, each filter that takes a text, the ids that
 * answers hold, and for each id one of its form that does not exist. For the test that knows every row of the hub, and for a lab that asks a hub in use.
 */
import { endpoints, type Endpoint, type EndpointName } from '@vedette/model/api/table';
import type { z } from 'zod';

export type Named = readonly [EndpointName, Endpoint];
export const table = Object.entries(endpoints) as unknown as readonly Named[];
export const lists = table.filter(([, endpoint]) => endpoint.method === 'GET' && endpoint.permission !== 'public' && !endpoint.path.includes('{'));
export const withId = table.filter(([, endpoint]) => endpoint.path.includes('{'));

const idKeys = /^(id|name|key|node|cluster|namespace|workload|hostname|image|containerId|containerName|indexDigest|platformDigest|vulnerability|object|actor|source|user)$/;

/** What names something in an answer. */
export function gather(value: unknown, found: Set<string>, key = ''): Set<string> {
  if (typeof value === 'string' && idKeys.test(key) && value !== '' && value.length <= 200) found.add(value);
  if (Array.isArray(value)) for (const one of value) gather(one, found, key);
  else if (typeof value === 'object' && value !== null) for (const [inner, one] of Object.entries(value)) gather(one, found, inner);
  return found;
}

export function addressOf(endpoint: Endpoint, id = ''): string {
  // the number of a step is not an id
  return endpoint.path.replace('{number}', '0').replaceAll(/\{\w+\}/g, encodeURIComponent(id));
}

/** The widest question a list takes. */
export function wide(endpoint: Endpoint): string {
  const shape = endpoint.query?.shape ?? {};
  const query = new URLSearchParams();
  if ('limit' in shape) query.set('limit', '200');
  if ('state' in shape && (shape['state'] as z.ZodType).safeParse('all').success) query.set('state', 'all');
  if ('facets' in shape) query.set('facets', 'include');
  if ('ended' in shape) query.set('ended', 'include');
  return `${endpoint.path}?${query.toString()}`;
}

/** By name, the parts of a question that take any text. */
export function textFilters(endpoint: Endpoint): string[] {
  return Object.entries(endpoint.query?.shape ?? {}).filter(([key, type]) => key !== 'cursor' && (type as z.ZodType).safeParse('any text').success).map(([key]) => key);
}

/** One of the same form that does not exist. */
export function madeUp(id: string): string {
  if (/^\d{1,15}$/.test(id)) return '987654321';
  return id.replaceAll(/[a-z0-9]/g, (character) => (/[0-8]/.test(character) ? String(Number(character) + 1) : /[a-e]/.test(character) ? String.fromCharCode(character.charCodeAt(0) + 1) : character === '9' ? '0' : character === 'f' ? 'a' : 'z'));
}

interface AnswerText {
  readonly status: number;
  readonly text: string;
}

/** Without what the time alone changes. */
export function still<A extends AnswerText>(answer: A): A {
  return { ...answer, text: answer.text.replaceAll(/(\d+ \w+ old \()?\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/"(ageSeconds|observedSeconds)":[\d.]+/g, '"$1":0') };
}

/** The answer without the ids that were asked, which an answer may repeat; short numbers stand in it for other things. */
export function sameBut(answer: AnswerText, ...ids: readonly string[]): string {
  let { text } = answer;
  for (const id of ids) {
    if (id.length >= 4) text = text.replaceAll(JSON.stringify(id).slice(1, -1), 'ID');
    else if (/^[a-z]+$/.test(id)) text = text.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'ID');
  }
  return `${answer.status} ${text}`;
}
