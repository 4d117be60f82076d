/**
 * An image reference as people and runtimes write it → registry, repository, tag, digest, by the grammar of the distribution project:
 * without a registry it is docker.io, there without a folder it is library/, without tag and digest it is :latest. Digests are
 * sha256 only. Anything else is refused with a sentence.
 */
import { isImageDigest, type ImageDigest } from '@vedette/model/ids';

export interface ImageReference {
  /** Host, with its port if one was given: `docker.io`, `registry.example:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  /** null only when a digest was given. */
  readonly tag: string | null;
  readonly digest: ImageDigest | null;
}

export interface NoReference {
  readonly problem: string;
}

const namePart = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${namePart}(?:/${namePart})*$`);
const hostPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const registryPattern = new RegExp(`^(?:${hostPart}(?:\\.${hostPart})*|\\[[0-9a-fA-F:]+\\])(?::([0-9]{1,5}))?$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const nameLengthMax = 255;

export function parseReference(text: string): ImageReference | NoReference {
  const shown = JSON.stringify(text.slice(0, 300));
  if (text === '' || text.length > 1024) return { problem: `${shown} is not an image reference` };
  if (/^[0-9a-f]{64}$/.test(text)) return { problem: `${shown} is an image id, not a reference: no registry can be asked for it` };
  if (/^[a-z]+:\/\//i.test(text)) return { problem: `${shown} is an address; write the reference without https://` };
  const at = text.indexOf('@');
  const digest = at === -1 ? null : text.slice(at + 1);
  if (digest !== null && !isImageDigest(digest)) return { problem: `${shown}: after @ there must be sha256: and 64 hex digits` };
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  // a colon before the last slash belongs to the registry's port
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : null;
  if (tag !== null && !tagPattern.test(tag)) return { problem: `${shown}: the tag may hold letters, digits, _ . - and at most 128 of them` };
  return placed(hasTag ? named.slice(0, colon) : named, tag ?? (digest === null ? 'latest' : null), digest, shown);
}

function placed(name: string, tag: string | null, digest: ImageDigest | null, shown: string): ImageReference | NoReference {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isRegistry = /[.:A-Z]/.test(first) || first === 'localhost';
  const given = isRegistry ? first : 'docker.io';
  const port = registryPattern.exec(given);
  if (port === null || !URL.canParse(`https://${given}/`)) return { problem: `${shown}: ${JSON.stringify(given)} is not a host` };
  const registry = given === 'index.docker.io' ? 'docker.io' : given;
  const path = isRegistry ? name.slice(slash + 1) : name;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!repositoryPattern.test(repository)) return { problem: `${shown}: ${JSON.stringify(path)} is not a repository's name (lower case letters, digits, and . _ - between them)` };
  if (registry.length + 1 + repository.length > nameLengthMax) return { problem: `${shown}: the name is longer than ${nameLengthMax} characters` };
  return { registry, repository, tag, digest };
}

/** The whole form, with nothing left to defaults. */
export function formatReference(reference: ImageReference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

/** Where the registry's API answers: Docker's own does at another name than its images carry. */
export function apiHostOf(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry;
}
