/**
 * A tagged version of the project as it was released: cloned from this checkout's own repository at its tag, its packages
 * installed by its own lock file, kept in the lab's cache under the commit and the lock file's digest. Refuses a checkout that
 * does not know the tag (a shallow clone). Limits: it runs on the Node of this version.
 */
import { createHash } from 'node:crypto';
import { projectRoot } from '../borders/borders.ts';
import { cached } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';

export interface OldVersion {
  readonly tag: string;
  readonly checkout: string;
}

export async function oldVersion(tag: string, progress: (text: string) => void): Promise<OldVersion> {
  const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', projectRoot(), ...args])).stdout;
  const commit = await git('rev-list', '-n1', tag).catch((error: unknown) => {
    throw new Error(`this checkout does not know the tag ${tag}; git fetch --tags --unshallow brings it`, { cause: error });
  });
  const lock = createHash('sha256').update(await git('show', `${tag}:package-lock.json`)).digest('hex');
  const checkout = await cached(tag, [commit.trim(), lock, 'v1'], async (path) => {
    progress(`${tag}: cloning it and installing its packages, once`);
    await run('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', '--no-hardlinks', '--branch', tag, projectRoot(), path]);
    // as its own start does it: exactly what the lock file says, which --no-save leaves as it is
    await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd: path, timeoutMs: 600_000, env: { NODE_ENV: '' } });
  });
  return { tag, checkout };
}
