/**
 * A digest → the manifests in Artifactory that have it, by AQL, and of these the one that an image reference means. One digest lies in many
 * places: promotion copies it, a remote repository caches it, a broken push leaves it in `_uploads`. A reference may name a virtual
 * repository where the rows name the physical one, and the digest that runs may be the index's or the platform's: all are asked for at once.
 */
import { z } from 'zod';
import type { ImageDigest } from '@vedette/model/ids';
import { absent, known, unknown, type Answer, type Unknown } from '@vedette/model/origin';
import { jfrogTimeMs, type Platform } from './platform.ts';

export interface ManifestPlace {
  readonly repository: string;
  /** Folder of the manifest: `<image>/<tag>` or `<image>/sha256:<hex>`. */
  readonly path: string;
  readonly name: string;
  readonly digest: ImageDigest;
  readonly image: string;
  /** null: it lies under its digest, as one platform of an index. */
  readonly tag: string | null;
  readonly createdAtMs: number | null;
  readonly createdBy: string | null;
  /** A copy that a remote repository keeps of somebody else's image. */
  readonly isCache: boolean;
  readonly properties: ReadonlyMap<string, readonly string[]>;
}

/** What an image reference says of where in Artifactory its image lies. */
export interface Meant {
  /** Maybe a virtual one; null: the settings do not tell. */
  readonly repository: string | null;
  readonly image: string;
  readonly tag: string | null;
}

const rowsMax = 200;
const text = z.string().max(2048);
const rows = z.object({
  results: z.array(z.object({ repo: text, path: text, name: text, sha256: z.string().regex(/^[0-9a-f]{64}$/), created: text.nullish(), created_by: text.nullish(), properties: z.array(z.object({ key: text, value: z.string().nullish() })).nullish() })).max(rowsMax),
});
const repositorySettings = z.object({ key: text, rclass: text.nullish(), repositories: z.array(text).nullish(), projectKey: text.nullish() });

export async function findManifests(platform: Platform, digests: readonly ImageDigest[]): Promise<Answer<readonly ManifestPlace[]>> {
  if (digests.length === 0) return unknown('not-asked', 'the digest of the image is not known');
  const criteria = { type: 'file', $or: digests.map((one) => ({ sha256: one.slice('sha256:'.length) })) };
  const query = `items.find(${JSON.stringify(criteria)}).include("repo","path","name","sha256","created","created_by","property").limit(${rowsMax})`;
  const found = await platform.json({ method: 'POST', path: 'artifactory/api/search/aql', text: query }, rows);
  if ('why' in found) return found.why;
  const places = found.value.results.filter((one) => !/(^|\/)_uploads(\/|$)/.test(one.path) && /^(list\.)?manifest\.json$/.test(one.name)).map(placeOf);
  if (places.length > 0) return known(places);
  if (found.value.results.length === rowsMax) return unknown('incomplete', `${platform.name} names ${rowsMax} files with this digest, none of the first ones a manifest`);
  return absent(`${platform.name} has no manifest with this digest, or none that the token may see`);
}

function placeOf(row: z.infer<typeof rows>['results'][number]): ManifestPlace {
  const slash = row.path.lastIndexOf('/');
  const last = row.path.slice(slash + 1);
  const properties = new Map<string, string[]>();
  for (const { key, value } of row.properties ?? []) properties.set(key, [...(properties.get(key) ?? []), value ?? '']);
  return {
    repository: row.repo,
    path: row.path,
    name: row.name,
    digest: `sha256:${row.sha256}` as ImageDigest,
    image: slash === -1 ? '' : row.path.slice(0, slash),
    tag: last.startsWith('sha256:') ? null : last,
    createdAtMs: jfrogTimeMs(row.created),
    createdBy: row.created_by ?? null,
    isCache: row.repo.endsWith('-cache'),
    properties,
  };
}

/** Physical repositories behind a name: itself, or a virtual one's members and remote members' caches. */
export async function repositoriesBehind(platform: Platform, name: string): Promise<{ readonly names: readonly string[]; readonly projectKey: string | null } | Unknown> {
  const found = await platform.json({ method: 'GET', path: `artifactory/api/repositories/${encodeURIComponent(name)}` }, repositorySettings);
  if ('why' in found) return found.why;
  const { repositories, projectKey } = found.value;
  const members = repositories ?? [];
  return { names: [name, `${name}-cache`, ...members, ...members.map((one) => `${one}-cache`)], projectKey: projectKey ?? null };
}

/**
 * Finding nothing says something only where the token may look: AQL leaves out rows of other repositories without a word. null: it may read what the
 * reference names; a repository that cannot be read, for whatever reason, is the answer then.
 */
export async function whyBlind(platform: Platform, name: string): Promise<Unknown | null> {
  const found = await platform.json({ method: 'GET', path: `artifactory/api/storage/${encodeURIComponent(name)}` }, z.object({ repo: text.nullish() }));
  if (!('why' in found)) return null;
  return unknown(found.why.reason, `${platform.name} names no manifest with this digest, and whether the token may read ${name} at all is not known: ${found.why.detail}`);
}

/**
 * The best place first. `behind`: the physical repositories of the one that the reference names. An image of one's own goes before a cache,
 * what carries a build before what does not, the oldest before its promotions.
 */
export function rankPlaces(places: readonly ManifestPlace[], meant: Meant, behind: readonly string[]): readonly ManifestPlace[] {
  const points = (one: ManifestPlace) => [
    behind.includes(one.repository) ? 0 : 1,
    one.image === meant.image ? 0 : 1,
    one.tag !== null && one.tag === meant.tag ? 0 : 1,
    one.isCache ? 1 : 0,
    one.properties.has('build.name') ? 0 : 1,
    one.createdAtMs ?? Number.MAX_SAFE_INTEGER,
  ];
  const ranked = places.map((place) => ({ place, points: points(place) }));
  ranked.sort((a, b) => {
    const at = a.points.findIndex((one, index) => one !== b.points[index]);
    return at === -1 ? `${a.place.repository}/${a.place.path}`.localeCompare(`${b.place.repository}/${b.place.path}`, 'en') : a.points[at]! - b.points[at]!;
  });
  return ranked.map((one) => one.place);
}

/** How a server's image references name its repositories; each way has to be told, since none shows in the reference. */
export interface PullNames {
  /** `<host>/<repository>/<image>`. */
  readonly pathHosts: readonly string[];
  /** `<repository>.<domain>/<image>`. */
  readonly domains: readonly string[];
  /** `<host>:<port>/<image>`: which repository each port is. */
  readonly ports: Readonly<Record<string, string>>;
}

/** null: the reference is not to this server. */
export function meantBy(reference: { readonly registry: string; readonly repository: string; readonly tag: string | null }, names: PullNames): Meant | null {
  const { registry, repository, tag } = reference;
  const byPort = names.ports[registry];
  if (byPort !== undefined) return { repository: byPort, image: repository, tag };
  if (names.pathHosts.includes(registry)) {
    const slash = repository.indexOf('/');
    return slash === -1 ? null : { repository: repository.slice(0, slash), image: repository.slice(slash + 1), tag };
  }
  const domain = names.domains.find((one) => registry.endsWith(`.${one}`) && !registry.slice(0, -one.length - 1).includes('.'));
  return domain === undefined ? null : { repository: registry.slice(0, -domain.length - 1), image: repository, tag };
}
