/**
 * A registry configuration file (the `auths` of Docker's config.json, as docker, podman and crane write it) → who we are at each registry. Helper
 * programs are not run: a registry whose credentials are left to one has none here, and says so.
 */
import { z } from 'zod';

export type Credentials =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  /** Exchanged for access tokens at the token server. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

export interface CredentialBook {
  of(registry: string): Credentials | null;
  /** Registries whose credentials a helper program would give. */
  readonly leftToHelpers: readonly string[];
}

export const noCredentials: CredentialBook = { of: () => null, leftToHelpers: [] };

// a character of a header's value that is none would let one secret write a second header
const secret = z.string().max(65_536).regex(/^[^\u0000-\u001f\u007f]*$/, 'holds a control character');
const entry = z.object({ auth: secret.nullish(), username: secret.nullish(), password: secret.nullish(), identitytoken: secret.nullish(), registrytoken: secret.nullish() });
const file = z.object({ auths: z.record(z.string(), entry).nullish(), credHelpers: z.record(z.string(), z.string()).nullish(), credsStore: z.string().nullish() });

/** `https://index.docker.io/v1/` and `r.example/` → the registry's name in a reference. */
function registryOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return ['index.docker.io', 'registry-1.docker.io', 'docker.io'].includes(host) ? 'docker.io' : host;
}

function credentialsOf(one: z.infer<typeof entry>): Credentials | null {
  if (one.registrytoken) return { kind: 'bearer', token: one.registrytoken };
  if (one.identitytoken) return { kind: 'identity', token: one.identitytoken };
  if (one.auth) {
    const text = Buffer.from(one.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = text.indexOf(':');
    if (colon < 1) return null;
    return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  return one.username && one.password ? { kind: 'basic', user: one.username, password: one.password } : null;
}

/** The problem names places in the file, never what stands there. */
export function parseRegistryConfig(text: string): CredentialBook | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'it is no JSON' };
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) return { problem: parsed.error.issues.map((one) => `${one.path.join('.') || 'the document'}: ${one.message}`).slice(0, 3).join('; ') };
  const book = new Map<string, Credentials>();
  const helped = new Set(Object.keys(parsed.data.credHelpers ?? {}).map(registryOf));
  for (const [key, one] of Object.entries(parsed.data.auths ?? {})) {
    const credentials = credentialsOf(one);
    if (credentials !== null) book.set(registryOf(key), credentials);
    else if (parsed.data.credsStore) helped.add(registryOf(key));
    else if (Object.values(one).some((value) => value != null && value !== '')) return { problem: `auths.${key} holds neither user:password in base64 nor a token` };
  }
  return { of: (registry) => book.get(registry) ?? null, leftToHelpers: [...helped].filter((one) => !book.has(one)) };
}
