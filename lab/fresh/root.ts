/**
 * A minimal Debian as a person finds it on a new machine: the essential packages, Debian's npm, certificates. Made by
 * mmdebstrap once per suite, sources and options, and kept in the cache; a machine runs on it through an overlay, so the
 * kept one stays as it was made. mmdebstrap runs in a pid namespace of its own: when the lab ends, so does all of it.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from '../containers/debian-root.ts';
import { running } from './running.ts';
import type { Settings } from './settings.ts';

export interface System {
  readonly suite: string;
  readonly title: string;
  readonly version: string;
}

export const debian12: System = { suite: 'bookworm', title: 'Debian 12', version: '12' };
export const debian13: System = { suite: 'trixie', title: 'Debian 13', version: '13' };

const packages = ['npm', 'ca-certificates'];
const makeMs = 480_000;

export async function freshRoot(system: System, settings: Settings, signal: AbortSignal, progress: (text: string) => void): Promise<string> {
  const ingredients = [system.suite, ...packages, ...settings.sources, ...settings.aptOptions, 'v1'];
  return await cached(`fresh-${system.suite}`, ingredients, async (path) => {
    const beside = mkdtempSync(join(tmpdir(), 'vedette-fresh-'));
    const begun = performance.now();
    progress(`making the root of ${system.title} with mmdebstrap, once: ${packages.join(' and ')} bring several hundred packages`);
    const ticks = setInterval(() => progress(`… ${Math.round((performance.now() - begun) / 1000)} s`), 10_000);
    try {
      const options = join(beside, 'apt.conf');
      writeFileSync(options, `${settings.aptOptions.join('\n')}\n`);
      const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
      const args = ['--variant=minbase', `--include=${packages.join(',')}`, '--format=directory', '--quiet', `--aptopt=${options}`, ...(existsSync(keyring) ? [`--keyring=${keyring}`] : [])];
      const made = running('unshare', ['--pid', '--mount-proc', '--fork', '--kill-child', 'sh', '-c', 'mmdebstrap "$@"; exit $?', 'sh', ...args, system.suite, path, ...settings.sources], { signal });
      const { code } = await made.ended(makeMs);
      if (code !== 0) throw new Error(`mmdebstrap could not make ${system.title} (${code ?? 'it took too long'}):\n${made.output.trim().slice(-2000)}`);
    } finally {
      clearInterval(ticks);
      rmSync(beside, { recursive: true, force: true });
    }
  });
}
