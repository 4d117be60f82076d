/**
 * A check's two talks with a hub: the policies and exceptions to go by, and the result to keep. The token comes from a file or from
 * VEDETTE_TOKEN, never from the command line; it is sent to the hub's own address only. A hub that does not answer is a sentence, and what
 * follows from it is decided by who asked. What comes from a hub is checked like a file.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { CheckSetView, type CheckReport } from '@vedette/model/api/checks';
import { wordsOf } from '@vedette/model/origin';
import { ask, isUnknown, jsonOf, type Question } from '@vedette/origin/ask/ask';
import { parsePolicies } from '@vedette/policy/parse';
import type { Exception } from '@vedette/model/exception';
import type { ImagePolicyInForce } from '@vedette/policy/stage';
import { CannotCheck } from './files.ts';

export interface Hub {
  readonly url: URL;
  readonly token: string;
}

export interface HubSet {
  readonly policies: readonly ImagePolicyInForce[];
  readonly exceptions: readonly Exception[];
}

/** `ok: false`: the hub is away, or says no, in words. */
export type HubAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

const setBytesMax = 32 * 2 ** 20;
const answerBytesMax = 64 * 1024;

export function hubOf(url: string, tokenFile: string | undefined, variables: Readonly<Record<string, string | undefined>>): Hub {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw new CannotCheck(`--hub must be the address of a hub, such as https://vedette.example.com, not ${url}`);
  if (parsed.username !== '' || parsed.password !== '') throw new CannotCheck('--hub must not hold credentials: use --token-file or VEDETTE_TOKEN');
  const token = tokenFile === undefined ? variables['VEDETTE_TOKEN'] : tokenIn(tokenFile);
  if (token === undefined || token.trim() === '') throw new CannotCheck('the hub needs a token with the role pipeline: --token-file FILE, or VEDETTE_TOKEN in the environment');
  if (!/^[\u0021-\u007e]{1,500}$/.test(token.trim())) throw new CannotCheck('what was given as the hub’s token is none');
  return { url: parsed, token: token.trim() };
}

function tokenIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotCheck(`${path} cannot be read (${String(error.code)})`);
  }
}

export async function askForSet(hub: Hub): Promise<HubAnswer<HubSet>> {
  const answer = await talk(hub, { url: new URL('/api/v1/checks/set', hub.url), bytesMax: setBytesMax }, 200, CheckSetView);
  if (!answer.ok) return answer;
  const policies: ImagePolicyInForce[] = [];
  for (const one of answer.value.policies) {
    const { policies: found, problems } = parsePolicies(`${hub.url.host}: ${one.name}`, one.yaml);
    // A hub of a newer version may have policies that this one does not understand: passing them over would open the gate.
    const [problem] = problems;
    if (problem !== undefined) throw new CannotCheck(`the hub's policy ${one.name} cannot be used by this version: line ${problem.line}: ${problem.message}. ${problem.advice}`);
    policies.push(...found.map((policy) => ({ policy, mode: one.mode })));
  }
  return { ok: true, value: { policies, exceptions: answer.value.exceptions } };
}

export async function keep(hub: Hub, report: CheckReport): Promise<HubAnswer<null>> {
  const { z } = await import('zod');
  const answer = await talk(hub, { url: new URL('/api/v1/checks', hub.url), method: 'POST', body: JSON.stringify(report), headers: { 'content-type': 'application/json' }, bytesMax: answerBytesMax }, 201, z.object({ id: z.string() }));
  return answer.ok ? { ok: true, value: null } : answer;
}

async function talk<T>(hub: Hub, question: Omit<Question, 'authorization'>, expected: number, shape: z.ZodType<T>): Promise<HubAnswer<T>> {
  const asking = { fetch, clock: () => Date.now(), sleep: async (ms: number) => void (await sleep(ms)), timeoutMs: 15_000, waitMsMax: 10_000 };
  const reply = await ask({ ...question, authorization: `Bearer ${hub.token}` }, asking);
  if (isUnknown(reply)) return { ok: false, reason: `${wordsOf(reply.reason)}: ${reply.detail}` };
  const body = jsonOf(reply);
  if (reply.status !== expected) return { ok: false, reason: refusal(hub, reply.status, 'json' in body ? body.json : null) };
  const parsed = 'json' in body ? shape.safeParse(body.json) : null;
  return parsed?.success === true ? { ok: true, value: parsed.data } : { ok: false, reason: `${hub.url.host} answers with what is not a hub's answer` };
}

function refusal({ url }: Hub, status: number, body: unknown): string {
  const field = (name: string): string => (typeof body === 'object' && body !== null && name in body ? String((body as Record<string, unknown>)[name]).slice(0, 300) : '');
  const words = [field('title'), field('detail')].filter((one) => one !== '').join(' ');
  const remedy = status === 401 ? '; the token is wrong or has expired' : status === 403 ? '; make a token with the role pipeline' : status === 404 ? '; is this a hub of this version?' : '';
  return `${url.host} answers with ${status}${words === '' ? '' : ` (${words})`}${remedy}`;
}
