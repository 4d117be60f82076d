/**
 * Programs out of Debian packages that are unpacked beside the system instead of installed: a registry or an etcd that apt
 * installs would start as a service at once, and a static busybox would replace the one that is there. For packages whose
 * programs need no more than libc. Unpacked once into the cache, under a key of the exact versions that apt would take.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './debian-root.ts';
import { run } from './run.ts';

/** `version` of each package as apt would install it, `name=version`. */
async function candidates(packages: readonly string[]): Promise<string[]> {
  const ask = async () => {
    const { stdout } = await run('apt-get', ['install', '--print-uris', '--reinstall', '-y', '--no-install-recommends', '--simulate', ...packages], { accept: [100] });
    return packages.flatMap((name) => {
      const version = new RegExp(`^Inst ${name.replaceAll('+', '\\+')}(?::\\S+)? (?:\\[[^\\]]*\\] )?\\((\\S+)`, 'm').exec(stdout)?.[1];
      return version === undefined ? [] : [`${name}=${version}`];
    });
  };
  const found = await ask();
  if (found.length === packages.length) return found;
  // apt knows packages only when it has fetched its lists
  await run('apt-get', ['update'], { timeoutMs: 300_000 });
  const again = await ask();
  if (again.length !== packages.length) throw new Error(`apt knows no version of ${packages.filter((name) => !again.some((one) => one.startsWith(`${name}=`))).join(', ')}: mend the package sources of this machine (/etc/apt)`);
  return again;
}

/** A directory into which these packages are unpacked. */
export async function debianPrograms(name: string, packages: readonly string[]): Promise<string> {
  const wanted = await candidates(packages);
  return await cached(`debian-programs-${name}`, [...wanted, 'v1'], async (path) => {
    const archives = mkdtempSync(join(tmpdir(), 'vedette-debs-'));
    try {
      await run('apt-get', ['download', ...wanted], { cwd: archives, timeoutMs: 300_000 });
      mkdirSync(path, { recursive: true });
      for (const one of readdirSync(archives)) await run('dpkg-deb', ['--extract', join(archives, one), path]);
    } finally {
      rmSync(archives, { recursive: true, force: true });
    }
  });
}

/** The first of several places that a program has had. */
export function programIn(root: string, places: readonly string[]): string {
  const found = places.map((one) => join(root, one)).find((one) => existsSync(one));
  if (found === undefined) throw new Error(`the packages in ${root} have none of ${places.join(', ')}`);
  return found;
}
