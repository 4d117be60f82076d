/**
 * One JFrog platform, asked with one token: a call and its JSON, or why there is none. Artifactory and Xray are quiet about rights: rows and
 * builds that the token may not see are left out or "not found". So a 404 here is never taken for "there is none"; the caller who knows
 * better says so.
 */
import { z } from 'zod';
import { unknown, type Unknown } from '@vedette/model/origin';
import { ask, isUnknown, jsonOf, unknownOf, type Asking, type Reply } from '../ask/ask.ts';
import { placeOf } from '../ask/plain.ts';

export interface PlatformOptions {
  /** `https://acme.example`, without /artifactory. */
  readonly url: URL;
  /** Access, identity or reference token. */
  readonly token: string | null;
  /** Projects whose builds may be asked for beside the default one's. */
  readonly projects: readonly string[];
  readonly asking: Asking;
}

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** AQL travels as plain text. */
  readonly text?: string;
}

export interface Platform {
  readonly name: string;
  readonly projects: readonly string[];
  readonly clock: () => number;
  /** `schema`: the parts that are read; anything else may stand beside them. */
  json<T>(call: Call, schema: z.ZodType<T>): Promise<{ readonly value: T } | NotAnswered>;
}

export interface NotAnswered {
  readonly status: number | null;
  readonly why: Unknown;
}

const answerBytesMax = 32 * 2 ** 20;
const envelope = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) });

export function openPlatform({ url, token, projects, asking }: PlatformOptions): Platform {
  const base = url.href.endsWith('/') ? url : new URL(`${url.href}/`);
  return {
    name: base.host,
    projects,
    clock: asking.clock,
    async json(call, schema) {
      const headers = { accept: 'application/json', ...(call.text !== undefined ? { 'content-type': 'text/plain' } : call.body !== undefined ? { 'content-type': 'application/json' } : {}) };
      const body = call.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
      const reply = await ask({ url: new URL(call.path, base), method: call.method, headers, ...(body === undefined ? {} : { body }), authorization: token === null ? null : `Bearer ${token}`, bytesMax: answerBytesMax }, asking);
      if (isUnknown(reply)) return { status: null, why: reply };
      if (reply.status < 200 || reply.status > 299) return { status: reply.status, why: unknownOf(reply, token !== null, wordsIn(reply)) };
      const read = jsonOf(reply);
      if ('state' in read) return { status: reply.status, why: read };
      const parsed = schema.safeParse(read.json);
      if (parsed.success) return { value: parsed.data };
      const first = parsed.error.issues[0];
      return { status: reply.status, why: unknown('malformed', `${placeOf(reply.url)}: ${first?.path.join('.') || 'the answer'}: ${first?.message ?? 'does not fit'}`) };
    },
  };
}

function wordsIn(reply: Reply): string | null {
  const read = jsonOf(reply);
  const parsed = 'state' in read ? null : envelope.safeParse(read.json);
  return parsed?.success === true ? parsed.data.errors[0]!.message : null;
}

/** Both of Artifactory's spellings: `…Z` of AQL and `…+0000` of build info. null: neither. */
export function jfrogTimeMs(text: string | null | undefined): number | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:?\d\d)$/.exec(text ?? '');
  if (match === null) return null;
  const at = Date.parse(`${match[1]}${match[2]!.replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(at) ? null : at;
}
