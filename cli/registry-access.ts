/**
 * How commands reach registries: the network, credentials from a file as docker and podman write it, public keys from files. A file that
 * cannot be used is said in a sentence (`Unusable`, exit code 2); a helper program for credentials is never run.
 */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asking } from '@vedette/origin/ask/ask';
import { parsePublicKey, type SignerKey } from '@vedette/origin/cosign/key';
import { noCredentials, parseRegistryConfig } from '@vedette/origin/oci/credentials';
import { openRegistry, type Registry } from '@vedette/origin/oci/registry';
import { complain } from './commands/command.ts';

const fileBytesMax = 2 ** 20;
export const asking: Asking = { fetch, clock: () => Date.now(), sleep: async (ms) => void (await sleep(ms)), timeoutMs: 15_000, waitMsMax: 20_000 };

/** A file that cannot be used: said in a sentence, exit code 2. */
export class Unusable extends Error {}

export function readUsable<T extends object>(path: string, what: string, parse: (text: string) => T | { readonly problem: string }): T {
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > fileBytesMax) throw new Unusable(`${path} is larger than ${fileBytesMax} bytes: it is not ${what}`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : '';
    throw new Unusable(code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${String(code)}).`);
  }
  const parsed = parse(text);
  if ('problem' in parsed) throw new Unusable(`${path} is not usable as ${what}: ${parsed.problem}.`);
  return parsed;
}

export function readKeys(paths: readonly string[], nameOf: (path: string) => string = (path) => path): SignerKey[] {
  return paths.map((path) => readUsable(path, 'a public key', (text) => parsePublicKey(text, nameOf(path))));
}

export function registryWith(registry: string, options: { readonly configPath: string | undefined; readonly plainHttp: boolean }): Registry {
  const { configPath } = options;
  const book = configPath === undefined ? noCredentials : readUsable(configPath, 'a registry configuration', parseRegistryConfig);
  if (book.leftToHelpers.includes(registry)) complain(`  ! ${configPath} leaves the credentials for ${registry} to a helper program, which is not run: asked without.`);
  return openRegistry({ registry, credentials: book.of(registry), asking, plainHttp: options.plainHttp });
}
