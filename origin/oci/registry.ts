/**
 * A registry by the OCI distribution specification, for reading: manifests by tag and by digest, blobs, referrers. Whatever is named by a digest
 * is checked against it, byte by byte, before anyone looks into it. An answer is the thing, or that the registry says it has no such
 * thing, or why nothing is known; a 404 that carries none of the specification's codes is the last of these, since anything can answer so.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { imageDigestOf, isImageDigest, type ImageDigest } from '@vedette/model/ids';
import { absent, known, unknown, type Answer, type Unknown } from '@vedette/model/origin';
import { ask, isLoopback, isUnknown, jsonOf, unknownOf, type Answered, type Asking, type Reply } from '../ask/ask.ts';
import { placeOf } from '../ask/plain.ts';
import { askForStream, isStreaming, type Streaming } from '../ask/stream.ts';
import { makeAuthorizer } from './authorization.ts';
import type { Credentials } from './credentials.ts';
import { imageMediaTypes, indexMediaTypes, parseConfig, parseManifest, type Descriptor, type ImageConfig, type ImageManifest, type Manifest } from './manifest.ts';
import { apiHostOf } from './reference.ts';

/** The specification asks registries to take at least this much. */
const manifestBytesMax = 4 * 2 ** 20;
const configBytesMax = 8 * 2 ** 20;
/** Of what a registry says where it sends no blob. */
const errorBytesMax = 64 * 1024;
const pagesMax = 10;
const referrersMax = 500;

export interface RegistryOptions {
  /** As in a reference: `docker.io`, `r.example:5000`. */
  readonly registry: string;
  readonly credentials: Credentials | null;
  readonly asking: Asking;
  /** Without TLS. A registry on this machine's loopback never has it. */
  readonly plainHttp: boolean;
}

export interface Registry {
  readonly name: string;
  /** Is a registry there that lets us in? What it may be asked for in it, only a repository can tell. */
  ping(): Promise<Answer<{ readonly status: number }>>;
  /** `which`: a tag or a digest. */
  manifest(repository: string, which: string): Promise<Answer<Manifest>>;
  blob(repository: string, digest: ImageDigest, bytesMax: number): Promise<Answer<Uint8Array>>;
  /** The bytes of a blob from one of them on, as they come and unchecked: whoever takes them checks the digest. */
  pieces(repository: string, digest: string, fromByte: number): Promise<Answer<AsyncIterable<Uint8Array>>>;
  config(repository: string, manifest: ImageManifest): Promise<Answer<ImageConfig>>;
  /** Everything that says it belongs to a digest. Known and empty: the registry was asked and names nothing. */
  referrers(repository: string, digest: ImageDigest): Promise<Answer<readonly Descriptor[]>>;
}

interface Session {
  readonly base: URL;
  /** A reply that is not 401. */
  get(path: string, repository: string, accept: string, bytesMax: number): Promise<Reply | Unknown>;
  stream(path: string, repository: string, headers: Readonly<Record<string, string>>): Promise<Streaming | Reply | Unknown>;
  unknownOf(reply: Reply): Unknown;
}

export function openRegistry(options: RegistryOptions): Registry {
  const session = sessionOf(options);
  return {
    name: options.registry,
    ping: () => ping(session),
    manifest: (repository, which) => readManifest(session, repository, which),
    blob: (repository, digest, bytesMax) => readBlob(session, repository, digest, bytesMax),
    pieces: (repository, digest, fromByte) => readPieces(session, repository, digest, fromByte),
    referrers: (repository, digest) => readReferrers(session, repository, digest),
    async config(repository, manifest) {
      const bytes = await readBlob(session, repository, manifest.config.digest, configBytesMax);
      if (bytes.state !== 'known') return bytes;
      const body = jsonOf({ status: 200, bytes: bytes.value, url: session.base, header: () => null });
      if ('state' in body) return unknown('malformed', `image configuration ${manifest.config.digest} is no JSON`);
      const config = parseConfig(body.json, manifest.config.digest);
      return 'state' in config ? config : known(config);
    },
  };
}

function sessionOf({ registry, credentials, asking, plainHttp }: RegistryOptions): Session {
  const host = apiHostOf(registry);
  const isPlain = plainHttp || isLoopback(new URL(`https://${host}`).hostname);
  const base = new URL(`${isPlain ? 'http' : 'https'}://${host}/v2/`);
  const authorizer = makeAuthorizer(credentials, asking);
  // where a redirect led, the credentials were not sent
  const whyNot = (reply: Reply) => unknownOf(reply, authorizer.hasCredentials && reply.url.origin === base.origin, errorsOf(reply).words);
  const authorized = async <A extends Answered>(repository: string, asked: (authorization: string | null) => Promise<A | Unknown>, refused: (answer: A) => Unknown): Promise<A | Unknown> => {
    const scope = repository === '' ? '' : `repository:${repository}:pull`;
    const first = await asked(authorizer.current(scope));
    // a 401 from where a redirect led is not the registry's
    if (isUnknown(first) || first.status !== 401 || first.url.origin !== base.origin) return first;
    const answer = await authorizer.answer(first.header('www-authenticate'), scope, base);
    if ('state' in answer) return answer;
    const second = await asked(answer.header);
    return isUnknown(second) || second.status !== 401 ? second : refused(second);
  };
  return {
    base,
    unknownOf: whyNot,
    get: (path, repository, accept, bytesMax) =>
      authorized(repository, (authorization) => ask({ url: new URL(path, base), headers: { accept }, bytesMax, authorization }, asking), whyNot),
    stream: (path, repository, headers) =>
      authorized<Streaming | Reply>(
        repository,
        (authorization) => askForStream({ url: new URL(path, base), headers, bytesMax: errorBytesMax, authorization }, asking),
        (reply) => (isStreaming(reply) ? unknown('malformed', `${placeOf(reply.url)} refuses with what is no refusal`) : whyNot(reply)),
      ),
  };
}

/** The root of the API answers 200 to whoever is let in (distribution specification, "determining support"). */
async function ping(session: Session): Promise<Answer<{ readonly status: number }>> {
  const reply = await session.get('', '', 'application/json', 64 * 1024);
  if (isUnknown(reply)) return reply;
  if (reply.status !== 200) return session.unknownOf(reply);
  const says = reply.header('docker-distribution-api-version') ?? '';
  const isJson = reply.bytes.length === 0 || !('state' in jsonOf(reply));
  return says !== '' || isJson ? known({ status: reply.status }) : unknown('malformed', `${session.base.host} answers, but not as a registry`);
}

const errorBody = z.object({ errors: z.array(z.object({ code: z.string().max(100).nullish(), message: z.string().nullish() })).max(100) });

function errorsOf(reply: Reply): { readonly codes: readonly string[]; readonly words: string | null } {
  if (reply.bytes.length > 64 * 1024) return { codes: [], words: null };
  const body = jsonOf(reply);
  const parsed = 'state' in body ? null : errorBody.safeParse(body.json);
  if (parsed === null || !parsed.success) return { codes: [], words: null };
  return { codes: parsed.data.errors.map((one) => one.code ?? ''), words: parsed.data.errors[0]?.message ?? parsed.data.errors[0]?.code ?? null };
}

/** 404 with a code of the specification is the registry's own word that there is no such thing; any other 404 is not. */
function missing(session: Session, reply: Reply, what: string): Answer<never> {
  const { codes } = errorsOf(reply);
  if (codes.some((one) => ['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN'].includes(one))) return absent(`${session.base.host} has no ${what}`);
  if (codes.includes('NAME_UNKNOWN')) return absent(`${session.base.host} has no such repository, or none that we may see: no ${what}`);
  return session.unknownOf(reply);
}

export function digestOf(bytes: Uint8Array): ImageDigest {
  return imageDigestOf(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

async function readManifest(session: Session, repository: string, which: string): Promise<Answer<Manifest>> {
  const what = `manifest ${which} in ${repository}`;
  const reply = await session.get(`${repository}/manifests/${which}`, repository, [...indexMediaTypes, ...imageMediaTypes].join(', '), manifestBytesMax);
  if (isUnknown(reply)) return reply;
  if (reply.status === 404) return missing(session, reply, what);
  if (reply.status !== 200) return session.unknownOf(reply);
  const digest = digestOf(reply.bytes);
  const promised = isImageDigest(which) ? which : reply.header('docker-content-digest');
  if (promised !== null && promised !== digest && (isImageDigest(which) || isImageDigest(promised))) return unknown('digest-mismatch', `${session.base.host} sends bytes with digest ${digest} as ${promised}`);
  const body = jsonOf(reply);
  if ('state' in body) return body;
  const manifest = parseManifest(body.json, { digest, bytes: reply.bytes, said: reply.header('content-type') });
  return 'state' in manifest ? manifest : known(manifest);
}

async function readBlob(session: Session, repository: string, digest: ImageDigest, bytesMax: number): Promise<Answer<Uint8Array>> {
  const reply = await session.get(`${repository}/blobs/${digest}`, repository, '*/*', bytesMax);
  if (isUnknown(reply)) return reply;
  if (reply.status === 404) return missing(session, reply, `blob ${digest} in ${repository}`);
  if (reply.status !== 200) return session.unknownOf(reply);
  const found = digestOf(reply.bytes);
  return found === digest ? known(reply.bytes) : unknown('digest-mismatch', `${placeOf(reply.url)} sends bytes with digest ${found} as ${digest}`);
}

async function readPieces(session: Session, repository: string, digest: string, fromByte: number): Promise<Answer<AsyncIterable<Uint8Array>>> {
  const reply = await session.stream(`${repository}/blobs/${digest}`, repository, { accept: '*/*', ...(fromByte === 0 ? {} : { range: `bytes=${fromByte}-` }) });
  if (isUnknown(reply)) return reply;
  if (!isStreaming(reply)) return reply.status === 404 ? missing(session, reply, `blob ${digest} in ${repository}`) : session.unknownOf(reply);
  // who does not know ranges sends everything again
  return known(reply.status === 206 ? reply.pieces : afterBytes(reply.pieces, fromByte));
}

async function* afterBytes(pieces: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const piece of pieces) {
    const rest = piece.subarray(left);
    left = Math.max(0, left - piece.length);
    if (rest.length > 0) yield rest;
  }
}

/** By the referrers API; where a registry has none, and where it names nothing, by the index under the tag that stands in for it. */
async function readReferrers(session: Session, repository: string, digest: ImageDigest): Promise<Answer<readonly Descriptor[]>> {
  const out: Descriptor[] = [];
  let path: string | null = `${repository}/referrers/${digest}`;
  for (let page = 0; path !== null; page += 1) {
    if (page === pagesMax) return unknown('too-large', `${session.base.host} names what belongs to ${digest} on more than ${pagesMax} pages`);
    const reply = await session.get(path, repository, indexMediaTypes[0]!, manifestBytesMax);
    if (isUnknown(reply)) return reply;
    if (page === 0 && [400, 404, 405].includes(reply.status)) break;
    if (reply.status !== 200) return session.unknownOf(reply);
    const body = jsonOf(reply);
    if ('state' in body) return body;
    const manifest = parseManifest(body.json, { digest: digestOf(reply.bytes), bytes: reply.bytes, said: null });
    if ('state' in manifest) return manifest;
    if (manifest.kind !== 'index') return unknown('malformed', `${placeOf(reply.url)} answers with an image where an index belongs`);
    out.push(...manifest.manifests);
    if (out.length > referrersMax) return unknown('too-large', `${session.base.host} names more than ${referrersMax} things that belong to ${digest}`);
    const next = nextPage(reply, session.base);
    if (next !== null && typeof next !== 'string') return next;
    path = next;
  }
  return out.length > 0 ? known(out) : await referrersByTag(session, repository, digest);
}

async function referrersByTag(session: Session, repository: string, digest: ImageDigest): Promise<Answer<readonly Descriptor[]>> {
  const index = await readManifest(session, repository, digest.replace(':', '-'));
  if (index.state === 'absent') return known([]);
  if (index.state === 'unknown') return index;
  if (index.value.kind !== 'index') return unknown('malformed', `the tag ${digest.replace(':', '-')} in ${repository} holds an image where an index belongs`);
  const all = index.value.manifests;
  return all.length > referrersMax ? unknown('too-large', `the tag ${digest.replace(':', '-')} in ${repository} names more than ${referrersMax} things`) : known(all);
}

/** The Link header's next page, on this registry only. */
function nextPage(reply: Reply, base: URL): string | null | Unknown {
  const link = /<([^<>]{1,4096})>\s*;\s*rel="?next"?/.exec(reply.header('link') ?? '');
  if (link === null) return null;
  const next = URL.parse(link[1] ?? '', reply.url);
  if (next === null || next.origin !== base.origin || !next.pathname.startsWith(base.pathname)) return unknown('unsafe-redirect', `${placeOf(reply.url)} names a next page that is not its own`);
  return next.href;
}
