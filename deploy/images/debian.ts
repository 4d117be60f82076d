/**
 * A few Debian packages → a root with nothing else in it: no package manager, no maintainer scripts, no shell unless it is
 * asked for. The packages come from the sources that apt is configured with, in the suite of this machine, because the loader is
 * compiled against its libraries. What was unpacked is written down in var/lib/dpkg/status.d, as scanners know it from other
 * images without a package manager, so that ours can be checked like anybody's.
 */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { output } from './command.ts';

/** What Node needs to run. */
export const baseline: readonly string[] = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'];

const folders = ['bin', 'sbin', 'lib', 'lib64'];

/** Merged as in every Debian since 12: what a package ships below /lib lands below /usr/lib. */
async function mergedUsr(root: string): Promise<void> {
  for (const folder of folders) {
    await mkdir(path.join(root, 'usr', folder), { recursive: true });
    if (!existsSync(path.join(root, folder))) await symlink(`usr/${folder}`, path.join(root, folder));
  }
}

async function unpack(archive: string, root: string): Promise<void> {
  // dpkg-deb would replace the links of the merged /usr by directories; tar follows them
  await output('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner -p', 'unpack', archive, root]);
  const control = await output('dpkg-deb', ['--field', archive]);
  const name = /^Package: (\S+)$/m.exec(control)?.[1];
  if (name === undefined) throw new Error(`${path.basename(archive)} has no name`);
  await writeFile(path.join(root, 'var/lib/dpkg/status.d', name), control);
}

async function withoutDocumentation(root: string): Promise<void> {
  for (const one of ['man', 'info', 'locale', 'lintian', 'bug']) await rm(path.join(root, 'usr/share', one), { recursive: true, force: true });
  const documentation = path.join(root, 'usr/share/doc');
  if (!existsSync(documentation)) return;
  for (const one of await readdir(documentation)) {
    for (const file of await readdir(path.join(documentation, one)).catch(() => [])) {
      if (file !== 'copyright') await rm(path.join(documentation, one, file), { recursive: true, force: true });
    }
  }
}

export async function debianSlice(packages: readonly string[], root: string): Promise<void> {
  const place = await mkdtemp(path.join(os.tmpdir(), 'vedette-packages-'));
  try {
    await output('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...packages], { cwd: place });
    await mkdir(path.join(root, 'var/lib/dpkg/status.d'), { recursive: true });
    await mergedUsr(root);
    for (const archive of (await readdir(place)).sort()) await unpack(path.join(place, archive), root);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  if (packages.includes('dash')) await symlink('dash', path.join(root, 'usr/bin/sh')).catch(() => undefined);
  await withoutDocumentation(root);
}
