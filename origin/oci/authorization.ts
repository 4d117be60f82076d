/**
 * From a registry's challenge to the header that answers it: basic credentials, or a token fetched from the token server that the
 * challenge names and kept until it expires, one for each repository. The token server is named by the registry, so it is asked only
 * over the same safeguards as the registry itself, and what it answers is bounded.
 */
import { z } from 'zod';
import { unknown, type Unknown } from '@vedette/model/origin';
import { ask, isUnknown, jsonOf, stepObjection, unknownOf, type Asking, type Question } from '../ask/ask.ts';
import { placeOf } from '../ask/plain.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';

const tokenBytesMax = 128 * 1024;
/** What the specification says of a token that names no end. */
const tokenSecondsDefault = 60;
const earlierMs = 5000;
const tokensMax = 1000;

const tokenText = z.string().min(1).max(65_536).regex(/^[\u0021-\u007e]+$/);
const tokenAnswer = z.object({ token: tokenText.nullish(), access_token: tokenText.nullish(), expires_in: z.number().min(0).max(1e9).nullish() });

export interface Authorizer {
  /** The header to try with at first; null: none is known yet. */
  current(scope: string): string | null;
  /** The header that answers a 401. */
  answer(challenge: string | null, scope: string, registry: URL): Promise<{ readonly header: string } | Unknown>;
  readonly hasCredentials: boolean;
}

export function makeAuthorizer(credentials: Credentials | null, asking: Asking): Authorizer {
  const tokens = new Map<string, { readonly header: string; readonly untilMs: number }>();
  const basic = credentials?.kind === 'basic' ? `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` : null;
  const fixed = credentials?.kind === 'bearer' ? `Bearer ${credentials.token}` : null;
  let isBasic = false;
  return {
    hasCredentials: credentials !== null,
    current(scope) {
      if (fixed !== null) return fixed;
      if (isBasic) return basic;
      const kept = tokens.get(scope);
      return kept !== undefined && kept.untilMs > asking.clock() ? kept.header : null;
    },
    async answer(header, scope, registry) {
      const challenges = parseChallenges(header);
      const bearer = challenges.find((one) => one.scheme === 'bearer' && one.parameters.has('realm'));
      if (fixed !== null) return unknown('wrong-credentials', `${placeOf(registry)} refuses the token with 401`);
      if (bearer !== undefined) {
        const token = await fetchToken(bearer, scope, registry, credentials, basic, asking);
        if ('state' in token) return token;
        if (tokens.size >= tokensMax) tokens.clear();
        tokens.set(scope, { header: token.header, untilMs: asking.clock() + token.seconds * 1000 - earlierMs });
        return { header: token.header };
      }
      if (challenges.some((one) => one.scheme === 'basic')) {
        if (basic === null) return unknown('unauthenticated', `${placeOf(registry)} wants a user and a password (401), and none are configured`);
        if (isBasic) return unknown('wrong-credentials', `${placeOf(registry)} refuses the user and password with 401`);
        isBasic = true;
        return { header: basic };
      }
      return unknown(credentials === null ? 'unauthenticated' : 'unsupported', `${placeOf(registry)} answers with 401 and asks for ${challenges.map((one) => one.scheme).join(', ') || 'nothing'}: neither token nor basic authentication`);
    },
  };
}

async function fetchToken(challenge: Challenge, scope: string, registry: URL, credentials: Credentials | null, basic: string | null, asking: Asking): Promise<{ readonly header: string; readonly seconds: number } | Unknown> {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  if (realm === null) return unknown('malformed', `${placeOf(registry)} names a token server that is no address`);
  const objection = stepObjection(registry, realm);
  if (objection !== null) return unknown('unsafe-redirect', `${placeOf(registry)} sends us for a token to ${placeOf(realm)}: ${objection}`);
  const reply = await ask(questionFor(realm, challenge.parameters.get('service') ?? null, scope, credentials, basic), asking);
  if (isUnknown(reply)) return reply;
  // a token server answers a wrong password with 401, 403 or (OAuth 2) 400
  if (credentials !== null && [400, 401, 403].includes(reply.status)) return unknown('wrong-credentials', `${placeOf(realm)} refuses the credentials with ${reply.status}`);
  if (reply.status !== 200) return unknownOf(reply, credentials !== null);
  const body = jsonOf(reply);
  if ('state' in body) return body;
  const parsed = tokenAnswer.safeParse(body.json);
  const token = parsed.data?.token ?? parsed.data?.access_token ?? null;
  if (token === null) return unknown('malformed', `${placeOf(realm)} answers without a token`);
  return { header: `Bearer ${token}`, seconds: Math.max(parsed.data?.expires_in ?? 0, tokenSecondsDefault) };
}

function questionFor(realm: URL, service: string | null, scope: string, credentials: Credentials | null, basic: string | null): Question {
  const asked = new URL(realm);
  if (credentials?.kind === 'identity') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: credentials.token, client_id: 'vedette', scope, ...(service === null ? {} : { service }) });
    return { url: asked, method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString(), authorization: null, bytesMax: tokenBytesMax };
  }
  if (service !== null) asked.searchParams.set('service', service);
  if (scope !== '') asked.searchParams.append('scope', scope);
  return { url: asked, authorization: basic, bytesMax: tokenBytesMax };
}
