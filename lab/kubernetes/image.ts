/**
 * Small OCI images for labs: a static busybox with its links, with the files that a lab wants in it (one layer each) and, where
 * asked for, a dpkg database of packages that are only claimed and npm packages that are really installed. Published as real
 * images are: an index over one platform. Made once, kept in the cache under a key of everything that is in it. The static
 * busybox has no name service: its wget crashes, its nc reaches addresses only.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached, npmApplication } from '../containers/debian-root.ts';
import { imageOf, wrapInIndex } from '../containers/image.ts';
import { run } from '../containers/run.ts';
import type { Tools } from './tools.ts';

export interface SmallImageWish {
  /** Names it in the cache, and for people. */
  readonly name: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** By path; an executable one begins with "#!" or says so. */
  readonly files?: Readonly<Record<string, string | { readonly content: string | Uint8Array; readonly executable: boolean }>>;
  /** Trees of this machine to be laid into the image, by path in it. */
  readonly trees?: Readonly<Record<string, string>>;
  /** The dpkg database then claims that these are installed: enough for who reads what an image has. */
  readonly debianPackages?: readonly { readonly name: string; readonly version: string }[];
  /** Installed in /srv/app by npm, exact versions. */
  readonly npmPackages?: Readonly<Record<string, string>>;
}

export interface SmallImage {
  /** Directory of the OCI layout. */
  readonly layout: string;
  /** The tag in the layout. */
  readonly tag: string;
  readonly indexDigest: string;
  readonly platformDigest: string;
}

const tag = 'lab';

async function busyboxTree(busybox: string, root: string): Promise<void> {
  for (const one of ['bin', 'tmp', 'etc', 'root', 'proc', 'sys', 'dev']) mkdirSync(join(root, one), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(busybox, join(root, 'bin', 'busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const one of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')) symlinkSync('busybox', join(root, 'bin', one));
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
}

function put(root: string, path: string, content: string | Uint8Array, executable: boolean): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  chmodSync(target, executable ? 0o755 : 0o644);
}

function ownFiles(wish: SmallImageWish, root: string): boolean {
  const { files = {}, debianPackages = [] } = wish;
  for (const [path, file] of Object.entries(files)) {
    if (typeof file === 'string') put(root, path, file, file.startsWith('#!'));
    else put(root, path, file.content, file.executable);
  }
  if (debianPackages.length > 0) {
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const stanzas = debianPackages.map(({ name, version }) => `Package: ${name}\nStatus: install ok installed\nMaintainer: Vedette lab <lab@vedette.test>\nArchitecture: ${architecture}\nVersion: ${version}\nDescription: claimed by a lab\n`);
    put(root, '/var/lib/dpkg/status', stanzas.join('\n'), false);
    put(root, '/etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n', false);
  }
  return Object.keys(files).length > 0 || debianPackages.length > 0;
}

function configArgs({ entrypoint = [], command, environment = {}, labels = {}, user }: SmallImageWish): string[] {
  const effective = command ?? (entrypoint.length === 0 ? ['/bin/sh'] : []);
  return [
    ...entrypoint.flatMap((one) => ['--config.entrypoint', one]),
    ...effective.flatMap((one) => ['--config.cmd', one]),
    ...Object.entries({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...environment }).flatMap(([name, value]) => ['--config.env', `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--config.label', `${name}=${value}`]),
    ...(user === undefined ? [] : ['--config.user', user]),
  ];
}

/** What is in `trees` is taken as it was when an image of this wish was first made. */
export async function smallImage(tools: Pick<Tools, 'busybox'>, wish: SmallImageWish): Promise<SmallImage> {
  const serialized = JSON.stringify(wish, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value));
  const place = await cached(`small-image-${wish.name.replaceAll(/[^\w.-]/g, '_')}`, [tools.busybox, serialized, 'v1'], async (path) => {
    const layout = join(path, 'layout');
    const image = `${layout}:${tag}`;
    mkdirSync(path, { recursive: true });
    await run('umoci', ['init', '--layout', layout]);
    await run('umoci', ['new', '--image', image]);
    const busybox = join(path, 'busybox');
    await busyboxTree(tools.busybox, busybox);
    await run('umoci', ['insert', '--image', image, busybox, '/']);
    const own = join(path, 'own');
    mkdirSync(own);
    if (ownFiles(wish, own)) await run('umoci', ['insert', '--image', image, own, '/']);
    for (const [target, tree] of Object.entries(wish.trees ?? {})) await run('umoci', ['insert', '--image', image, tree, target]);
    if (wish.npmPackages !== undefined) {
      const application = await npmApplication({ name: wish.name.replaceAll(/[^a-z0-9-]/g, '-'), dependencies: wish.npmPackages, main: '' });
      await run('umoci', ['insert', '--image', image, application, '/srv/app']);
    }
    await run('umoci', ['config', '--image', image, ...configArgs(wish)]);
    await run('umoci', ['gc', '--layout', layout]);
    for (const one of [busybox, own]) rmSync(one, { recursive: true, force: true });
    wrapInIndex(layout, tag, wish.name);
  });
  const layout = join(place, 'layout');
  return { layout, tag, ...imageOf(layout) };
}

/** An archive of the image that holds a Pod's namespaces, for containerd to import. */
export async function pauseImage(tools: Tools): Promise<string> {
  const image = await smallImage(tools, { name: 'pause', entrypoint: ['/bin/busybox', 'sleep', '2147483647'] });
  const place = await cached('pause-archive', [image.indexDigest, 'v1'], async (path) => {
    mkdirSync(path, { recursive: true });
    await run('skopeo', ['--insecure-policy', 'copy', '--quiet', `oci:${image.layout}:${image.tag}`, `oci-archive:${join(path, 'pause.tar')}:localhost/pause:1`]);
  });
  return join(place, 'pause.tar');
}
