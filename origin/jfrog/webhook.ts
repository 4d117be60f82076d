/**
 * A webhook of Artifactory → is it from the one who shares the secret, and what does it say. The header carries either the secret itself or an HMAC
 * of the body, as the subscription was made; which one is configuration. To accept either would let whoever saw one body forge another.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export interface WebhookSettings {
  readonly secret: string;
  /** `use_secret_for_signing` of the subscription. */
  readonly form: 'secret' | 'hmac';
}

export interface WebhookEvent {
  readonly domain: string;
  readonly type: string;
  readonly repository: string | null;
  readonly path: string | null;
  readonly sha256: string | null;
  readonly buildName: string | null;
  readonly buildNumber: string | null;
}

const text = z.string().max(2048);
const envelope = z.object({
  domain: text,
  event_type: text,
  data: z.object({ repo_key: text.nullish(), path: text.nullish(), sha256: z.string().regex(/^[0-9a-f]{64}$/).nullish(), build_name: text.nullish(), build_number: text.nullish() }),
});

/** `header`: X-JFrog-Event-Auth; `body`: the bytes as they came. */
export function isAuthentic(header: string | null, body: Uint8Array, settings: WebhookSettings): boolean {
  if (header === null || header === '' || settings.secret === '') return false;
  const expected = settings.form === 'secret' ? settings.secret : createHmac('sha256', settings.secret).update(body).digest('hex');
  const given = settings.form === 'hmac' ? header.toLowerCase() : header;
  // hashes have one length, so that comparing tells nothing about the secret's
  const fold = (one: string) => createHash('sha256').update(one).digest();
  return timingSafeEqual(fold(given), fold(expected));
}

export function parseWebhook(body: Uint8Array): WebhookEvent | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { problem: 'it is no JSON' };
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return { problem: parsed.error.issues.map((one) => `${one.path.join('.') || 'the document'}: ${one.message}`).slice(0, 2).join('; ') };
  const { domain, event_type: type, data } = parsed.data;
  return { domain, type, repository: data.repo_key ?? null, path: data.path ?? null, sha256: data.sha256 ?? null, buildName: data.build_name ?? null, buildNumber: data.build_number ?? null };
}
