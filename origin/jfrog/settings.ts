/** A file that says where a JFrog platform is, with which token it is asked and how image references name its repositories → settings, or what is wrong with it. */
import { z } from 'zod';
import { stepObjection } from '../ask/ask.ts';
import type { PullNames } from './manifest.ts';

export interface JfrogSettings {
  readonly url: URL;
  readonly token: string;
  readonly projects: readonly string[];
  readonly names: PullNames;
}

const host = z.string().min(1).max(255).regex(/^[^/\s]+$/, 'is a host, without https:// and path');
const settings = z.strictObject({
  url: z.string().max(2048),
  token: z.string().min(1).max(65_536).regex(/^[\u0021-\u007e]+$/, 'holds a character that no token has'),
  projects: z.array(z.string().min(1).max(64)).max(100).default([]),
  pathHosts: z.array(host).max(100).optional(),
  domains: z.array(host).max(100).default([]),
  ports: z.record(host, z.string().min(1).max(255)).default({}),
});

/** The problem names places in the file, never what stands there. */
export function parseJfrogSettings(text: string): JfrogSettings | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'it is no JSON' };
  }
  const parsed = settings.safeParse(json);
  if (!parsed.success) return { problem: parsed.error.issues.map((one) => `${one.path.join('.') || 'the document'}: ${one.message}`).slice(0, 3).join('; ') };
  const { token, projects, pathHosts, domains, ports } = parsed.data;
  const url = URL.parse(parsed.data.url);
  if (url === null || stepObjection(url, url) !== null) return { problem: 'url: is no http or https address without credentials in it' };
  // people copy it with the path that Artifactory answers under
  url.pathname = url.pathname.replace(/\/artifactory\/?$/, '/');
  return { url, token, projects, names: { pathHosts: pathHosts ?? [url.host], domains, ports } };
}
