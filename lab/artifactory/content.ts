/**
 * What the Artifactory and Xray double holds: repositories, items laid out as Artifactory lays images out, builds, scan results. Pushing over a tag
 * takes the old single manifest away and leaves the manifests of an old index, copying is promotion, and an upload that was never finished
 * leaves a row behind. Test code: it never ships.
 */
import { createHash } from 'node:crypto';

export interface Repository {
  readonly key: string;
  readonly rclass: 'local' | 'remote' | 'virtual';
  readonly members: readonly string[];
  readonly projectKey: string | null;
}

export interface Item {
  readonly repo: string;
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly created: Date;
  readonly createdBy: string;
  readonly sha1: string;
  readonly md5: string;
  readonly sha256: string;
  readonly properties: Map<string, string[]>;
}

export interface PlatformImage {
  readonly architecture: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly layer?: string;
}

export interface Pushed {
  /** The tag's: the index's where there are several platforms. */
  readonly digest: string;
  readonly platforms: readonly string[];
}

const hash = (name: 'sha1' | 'md5' | 'sha256', bytes: Buffer) => createHash(name).update(bytes).digest('hex');
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Files at a repository's root lie in the folder ".". */
export function fullPath({ repo, path, name }: Item): string {
  return path === '.' ? `${repo}/${name}` : `${repo}/${path}/${name}`;
}

export function placeOf(full: string): { readonly repo: string; readonly path: string; readonly name: string } {
  const [repo = '', ...parts] = full.split('/');
  const name = parts.pop() ?? '';
  return { repo, path: parts.join('/') || '.', name };
}

export class Content {
  readonly repositories = new Map<string, Repository>();
  items: Item[] = [];
  readonly bytes = new Map<string, Buffer>();
  /** By `project/name/number`; project is empty for the default one. */
  readonly builds = new Map<string, Record<string, unknown>>();
  now = new Date('2026-03-03T23:10:43.559Z');

  repository(key: string, rclass: Repository['rclass'] = 'local', options: { members?: readonly string[]; projectKey?: string } = {}): void {
    this.repositories.set(key, { key, rclass, members: options.members ?? [], projectKey: options.projectKey ?? null });
  }

  /** Where what a name shows really lies: a virtual repository's members, a remote one's cache. */
  physical(key: string): readonly string[] {
    const repository = this.repositories.get(key);
    if (repository?.rclass === 'virtual') return repository.members.flatMap((one) => this.physical(one));
    return repository?.rclass === 'remote' ? [`${key}-cache`] : [key];
  }

  put(repo: string, path: string, name: string, content: string | Uint8Array, properties: Record<string, string> = {}, createdBy = 'ci-publisher'): Item {
    const bytes = Buffer.from(content);
    const item: Item = {
      repo, path, name, size: bytes.length, created: this.now, createdBy, sha1: hash('sha1', bytes), md5: hash('md5', bytes), sha256: hash('sha256', bytes),
      properties: new Map(Object.entries(properties).map(([key, value]) => [key, [value]])),
    };
    this.bytes.set(item.sha256, bytes);
    this.items = [...this.items.filter((one) => one.repo !== repo || one.path !== path || one.name !== name), item];
    return item;
  }

  push(repo: string, image: string, tag: string, platforms: readonly PlatformImage[], properties: Record<string, string> = {}): Pushed {
    // one tag holds one thing: what was there goes, what an index led to stays
    this.items = this.items.filter((one) => one.repo !== repo || one.path !== `${image}/${tag}`);
    const isMany = platforms.length > 1;
    const pushed = platforms.map((one) => {
      const layer = one.layer ?? 'a layer';
      const config = JSON.stringify({ os: 'linux', architecture: one.architecture, config: { Labels: one.labels ?? {} }, rootfs: { type: 'layers', diff_ids: [`sha256:${hash('sha256', Buffer.from(layer))}`] } });
      const part = (mediaType: string, text: string) => ({ mediaType, digest: `sha256:${hash('sha256', Buffer.from(text))}`, size: Buffer.byteLength(text) });
      const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: part('application/vnd.oci.image.config.v1+json', config), layers: [part('application/vnd.oci.image.layer.v1.tar+gzip', layer)] });
      const folder = isMany ? `${image}/sha256:${hash('sha256', Buffer.from(manifest))}` : `${image}/${tag}`;
      for (const text of [config, layer]) this.put(repo, folder, `sha256__${hash('sha256', Buffer.from(text))}`, text);
      const item = this.put(repo, folder, 'manifest.json', manifest);
      for (const [key, value] of Object.entries({ 'docker.manifest.digest': `sha256:${item.sha256}`, 'docker.manifest.type': manifestType, 'docker.repoName': image, ...(isMany ? {} : { 'docker.manifest': tag, ...properties }) })) item.properties.set(key, [value]);
      return { digest: `sha256:${item.sha256}`, entry: { ...part(manifestType, manifest), platform: { os: 'linux', architecture: one.architecture } } };
    });
    const digests = pushed.map((one) => one.digest);
    if (!isMany) return { digest: digests[0]!, platforms: digests };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: pushed.map((one) => one.entry) });
    const item = this.put(repo, `${image}/${tag}`, 'list.manifest.json', index, { 'docker.manifest': tag, 'docker.repoName': image, ...properties });
    item.properties.set('docker.manifest.digest', [`sha256:${item.sha256}`]);
    return { digest: `sha256:${item.sha256}`, platforms: digests };
  }

  /** Promotion: the same bytes in another repository, later. */
  copy(from: string, image: string, to: string): void {
    this.now = new Date(this.now.getTime() + 3_600_000);
    const copies = this.items.filter((one) => one.repo === from && (one.path === image || one.path.startsWith(`${image}/`)));
    this.items.push(...copies.map((one) => ({ ...one, repo: to, created: this.now, createdBy: 'promoter', properties: new Map(one.properties) })));
  }

  /** Files at a path or below it, to another place; what was there is replaced. The number of files. */
  transfer(from: string, to: string, mode: 'copy' | 'move'): number {
    const files = this.below(from);
    for (const one of files) {
      const rest = fullPath(one).slice(from.length);
      const target = placeOf(`${to}${rest}`);
      this.items = [...this.items.filter((other) => fullPath(other) !== `${to}${rest}` && (mode === 'copy' || other !== one)), { ...one, ...target, properties: new Map(one.properties) }];
    }
    return files.length;
  }

  /** Where a full path ends in a folder, everything in it. */
  below(path: string): readonly Item[] {
    return this.items.filter((one) => fullPath(one) === path || fullPath(one).startsWith(`${path}/`));
  }

  /** One tag into another repository, and with an index the platforms that it leads to. The number of files. */
  promoteTag(from: string, image: string, tag: string, to: string, target: { readonly image: string; readonly tag: string }, mode: 'copy' | 'move'): number {
    const index = this.items.find((one) => one.repo === from && one.path === `${image}/${tag}` && one.name === 'list.manifest.json');
    const entries = index === undefined ? [] : (JSON.parse(this.bytes.get(index.sha256)!.toString()) as { manifests: { digest: string }[] }).manifests;
    const platforms = entries.map(({ digest }) => this.transfer(`${from}/${image}/${digest}`, `${to}/${target.image}/${digest}`, mode));
    return platforms.reduce((sum, one) => sum + one, this.transfer(`${from}/${image}/${tag}`, `${to}/${target.image}/${target.tag}`, mode));
  }

  /** What a broken push leaves: the same digest in a temporary folder. */
  leaveUpload(repo: string, image: string, digest: string): void {
    const origin = this.items.find((one) => `sha256:${one.sha256}` === digest)!;
    this.items.unshift({ ...origin, repo, path: `${image}/_uploads`, name: 'b51c6cf8', properties: new Map() });
  }

  remove(repo: string, path: string): void {
    this.items = this.items.filter((one) => one.repo !== repo || (one.path !== path && !one.path.startsWith(`${path}/`)));
  }

  publish(build: { name: string; number: string; [key: string]: unknown }, project = ''): void {
    this.builds.set(`${project}/${build.name}/${build.number}`, build);
  }

  /** SHA-1 of what a build lists, of every project: that is how items and builds are joined. */
  filesOfBuild(name: string, number: string | null, part: 'artifacts' | 'dependencies'): ReadonlySet<string> {
    const builds = [...this.builds.values()].filter((one) => one['name'] === name && (number === null || one['number'] === number));
    const modules = builds.flatMap((one) => (one['modules'] ?? []) as { artifacts?: { sha1?: string }[]; dependencies?: { sha1?: string }[] }[]);
    return new Set(modules.flatMap((one) => one[part] ?? []).flatMap((one) => (one.sha1 === undefined ? [] : [one.sha1])));
  }

  /** The files of a build into another repository; null: there is no such build. */
  promoteBuild(name: string, number: string, project: string, { from, to, mode }: { readonly from: string | null; readonly to: string; readonly mode: 'copy' | 'move' }): number | null {
    if (!this.builds.has(`${project}/${name}/${number}`)) return null;
    const files = this.filesOfBuild(name, number, 'artifacts');
    const found = this.items.filter((one) => files.has(one.sha1) && one.repo !== to && (from === null || one.repo === from));
    return found.reduce((sum, one) => sum + this.transfer(fullPath(one), fullPath({ ...one, repo: to }), mode), 0);
  }

  find(repo: string, path: string): Item | null {
    for (const key of this.physical(repo)) {
      const found = this.items.find((one) => fullPath(one) === `${key}/${path}`);
      if (found !== undefined) return found;
    }
    return null;
  }
}
