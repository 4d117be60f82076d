/**
 * A Debian root file system by mmdebstrap from the package sources that this machine is configured with, and an npm
 * application in it. Made once and kept outside the tree under a key of everything that went into it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

export const cacheRoot = process.env['VEDETTE_LAB_CACHE'] ?? '/var/cache/vedette-lab';

/** `name` in the cache, made by `make` when it is not there. A make that fails leaves nothing behind. */
export async function cached(name: string, ingredients: readonly string[], make: (path: string) => Promise<void>): Promise<string> {
  const key = createHash('sha256').update(ingredients.join('\0')).digest('hex').slice(0, 12);
  const path = join(cacheRoot, `${name}-${key}`);
  if (existsSync(path)) return path;
  mkdirSync(cacheRoot, { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  rmSync(beside, { recursive: true, force: true });
  try {
    await make(beside);
    if (!existsSync(path)) renameSync(beside, path);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return path;
}

/** One-line sources for a suite, from apt's own configuration, so that no host name is written here. */
export async function debianSources(suite: string): Promise<string[]> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)', 'Created-By: Packages']);
  const rows = stdout.split('\n').map((line) => line.split('|')).filter((row) => row[3] === 'Debian' && row[2] === 'main');
  const main = rows.find((row) => !row[1]!.includes('-'));
  const security = rows.find((row) => row[1]!.endsWith('-security'));
  if (main === undefined) throw new Error('apt is configured without a Debian suite to take the mirror from');
  const sources = [`deb ${main[0]} ${suite} main`, `deb ${main[0]} ${suite}-updates main`];
  if (security !== undefined) sources.push(`deb ${security[0]} ${suite}-security main`);
  return sources;
}

/** A root with these Debian packages besides the essential ones; as a directory. */
export async function debianRoot(suite: string, packages: readonly string[]): Promise<string> {
  const sources = await debianSources(suite);
  return await cached(`debian-${suite}`, [suite, ...packages, 'v1'], async (path) => {
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, '--format=directory', '--quiet'];
    if (existsSync(keyring)) args.push(`--keyring=${keyring}`);
    await run('mmdebstrap', [...args, suite, path, ...sources], { timeoutMs: 600_000 });
    rmSync(join(path, 'var/lib/apt/lists'), { recursive: true, force: true });
    rmSync(join(path, 'var/cache/apt'), { recursive: true, force: true });
  });
}

export interface NpmApplication {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly main: string;
}

/** /srv/app with its node_modules, installed by npm with exact versions; as a directory to put into a root. */
export async function npmApplication(application: NpmApplication): Promise<string> {
  const manifest = JSON.stringify({ name: application.name, version: '1.0.0', private: true, main: 'main.js', dependencies: application.dependencies }, null, 1);
  return await cached(`npm-${application.name}`, [manifest, application.main, 'v1'], async (path) => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), manifest);
    writeFileSync(join(path, 'main.js'), application.main);
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=dev', '--loglevel=error'], { cwd: path, timeoutMs: 300_000 });
  });
}
