/**
 * What `vedette check` costs as a pipeline meets it: the whole process, from its start to its exit code, over an image of 300 packages and
 * a store of a size that real feeds have. Warm: the digest is known, the store has been synced. Beside it, in the same run and interleaved,
 * the start of a process that does nothing, and the same check of an image that is read anew.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { syncFrom } from '@vedette/advisories/sync';
import { about, record, writeExport, type OsvJson } from '@vedette/advisories/testing/export';
import { LayoutWriter } from '@vedette/inventory/oci/testing/layout';
import { projectRoot } from '../borders/borders.ts';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';

const rounds = 15;
const debianPackages = 100;
const npmPackages = 200;
/** Of each feed; most are about packages that the image does not have, as in life. */
const recordsEach = 30_000;

function imageIn(directory: string): string {
  const names = Array.from({ length: debianPackages }, (_, n) => `package-${n}`);
  const status = names.map((name, n) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.${n}-1\n\n`).join('');
  const lists = names.map((name) => ({ path: `var/lib/dpkg/info/${name}.list`, content: Array.from({ length: 40 }, (_, n) => `/usr/share/${name}/${n}\n`).join('') }));
  const writer = new LayoutWriter(directory);
  writer.add({
    layers: [
      [{ path: 'etc/os-release', content: 'ID=debian\nVERSION_ID=12\n' }, { path: 'var/lib/dpkg/status', content: status }, ...lists, { path: 'usr/lib/large', content: randomBytes(30 << 20) }],
      Array.from({ length: npmPackages }, (_, n) => ({ path: `srv/node_modules/package-${n}/package.json`, content: JSON.stringify({ name: `package-${n}`, version: '1.0.0' }) })),
    ],
    config: { User: '1000' },
    annotations: { 'io.containerd.image.name': 'registry.example.com/shop/cart:1.4' },
  });
  return `oci:${directory}`;
}

async function storeIn(place: string): Promise<string> {
  const records = (ecosystem: string): OsvJson[] => Array.from({ length: recordsEach }, (_, n) => record(`TEST-${ecosystem.replace(/\W/g, '')}-${n}`, {
    summary: 'A made-up record of a usual length, so that the file has a usual size.', details: 'x'.repeat(400),
    affected: [about(ecosystem === 'npm' ? 'npm' : 'Debian:12', `package-${n}`, [{ introduced: '0' }, { fixed: n % 3 === 0 ? '9.9' : '0.1' }])],
  }));
  writeExport(join(place, 'osv'), 'npm', records('npm'), 'zip');
  writeExport(join(place, 'osv'), 'Debian', records('Debian'), 'zip');
  const store = join(place, 'store.sqlite');
  await syncFrom({ kind: 'directory', path: join(place, 'osv') }, { storePath: store, clock: () => Date.now() });
  return store;
}

export async function checkCost({ report, place }: LabRun): Promise<void> {
  report.say(`vedette check of an image of ${debianPackages + npmPackages} packages, as a whole process, ${rounds} rounds`);
  mkdirSync(place, { recursive: true });
  const target = imageIn(join(place, 'image'));
  const store = await storeIn(place);
  const env = { ...process.env, VEDETTE_STATE: join(place, 'state') };
  const policies = join(projectRoot(), 'content', 'policies', 'image');
  let said = '';
  const timed = (command: readonly string[]): number => {
    const begun = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', env });
    if (status !== 0 && status !== 1) throw new Error(stderr);
    said = stdout;
    return performance.now() - begun;
  };
  const check = (...more: string[]): number => timed([join(projectRoot(), 'cli', 'main.ts'), 'check', target, '--policy', policies, '--advisories', store, '--platform', 'linux/amd64', ...more]);
  check();
  const times = { nothing: [] as number[], warm: [] as number[], anew: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.nothing.push(timed(['-e', '']));
    times.warm.push(check());
    if (round % 3 === 0) times.anew.push(check('--no-cache'));
  }
  report.row('the image was checked whole', true, said.includes(`${debianPackages + npmPackages} packages`), said.slice(0, 300));
  report.figure('a process that does nothing, median ms (baseline)', Math.round(percentile(times.nothing, 0.5)));
  report.figure('the same image read anew, median ms', Math.round(percentile(times.anew, 0.5)));
  report.figure('warm, worst ms', Math.round(Math.max(...times.warm)));
  report.bound('check with warm data, median ms', 'at most', 1000, Math.round(percentile(times.warm, 0.5)), times.warm.map(Math.round));
}
