/** `vedette advisories`: fetch advisory feeds into the one store that the hub matches against, and show their age. */
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ageWords } from '@vedette/model/words';
import { openStore } from '@vedette/advisories/store';
import { syncFrom } from '@vedette/advisories/sync';
import { isRoot, ownFolder, prepareRoot, serviceUser, stateDirectory } from '../state-directory.ts';
import { complain, say, UsageError, type CliCommand } from './command.ts';

function storePath(): string {
  return join(stateDirectory().hub, 'advisories', 'store.sqlite');
}

async function sync(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { from: { type: 'string' }, ecosystem: { type: 'string', multiple: true } }, strict: true });
  const from = values.from;
  if (from === undefined) throw new UsageError('say where the feeds are: --from DIRECTORY or --from URL, in the layout of OSV exports (<Ecosystem>/all.zip)');
  const isUrl = /^https?:\/\//.test(from);
  if (!isUrl && !existsSync(from)) {
    complain(`There is no directory ${from}.`);
    return 2;
  }
  const state = stateDirectory();
  prepareRoot(state);
  mkdirSync(state.hub, { recursive: true });
  ownFolder(state.hub, serviceUser('vedette-hub'));
  const path = storePath();
  mkdirSync(dirname(path), { recursive: true });
  if (isRoot) chmodSync(dirname(path), 0o755);
  const isTerminal = process.stdout.isTTY;
  const outcome = await syncFrom(isUrl ? { kind: 'url', url: from, fetch } : { kind: 'directory', path: from }, {
    storePath: path,
    clock: () => Date.now(),
    ...(values.ecosystem === undefined ? {} : { ecosystems: values.ecosystem }),
    onProgress: (progress) => {
      if (isTerminal) process.stdout.write(`\r  ${progress.ecosystem}: ${progress.records} records\u001b[K`);
    },
  });
  if (isTerminal) process.stdout.write('\r\u001b[K');
  for (const feed of outcome.feeds) {
    if (feed.outcome === 'failed') complain(`  ✗ ${feed.ecosystem}: ${feed.problem ?? 'failed'}`);
    else say(`  ✓ ${feed.ecosystem}: ${feed.feed?.advisories ?? 0} advisories${feed.feed !== null && feed.feed.rejected > 0 ? `, ${feed.feed.rejected} rejected` : ''}${feed.outcome === 'unchanged' ? ' (unchanged)' : ''}`);
  }
  for (const problem of outcome.problems) complain(`  ! ${problem}`);
  if (existsSync(path)) chmodSync(path, 0o644);
  if (outcome.outcome === 'synced') say(`  stored in ${path} (${Math.round(statSync(path).size / 1e5) / 10} MB); a running hub matches against it within seconds`);
  return outcome.outcome === 'synced' ? 0 : 2;
}

function status(): number {
  const store = openStore(storePath());
  if ('problem' in store) {
    complain(`${store.sentence} To fetch them: vedette advisories sync --from DIRECTORY|URL`);
    return 2;
  }
  for (const feed of store.feeds()) say(`  ${feed.ecosystem.padEnd(16)} ${String(feed.advisories).padStart(8)} advisories   synced ${ageWords(Date.now() - Date.parse(feed.syncedAt))} ago`);
  store.close();
  return 0;
}

export const advisories: CliCommand = {
  name: 'advisories',
  summary: 'Fetch advisory feeds and show their age',
  usage: 'vedette advisories sync --from DIRECTORY|URL [--ecosystem NAME …]\n       vedette advisories status',
  details: `  --from        a directory or address in the layout of OSV's exports: <Ecosystem>/all.zip
  --ecosystem   only these feeds (Debian and npm); may be repeated
  A sync that fails leaves the feeds as they were.`,
  examples: ['vedette advisories sync --from /media/osv', 'vedette advisories sync --from https://osv-vulnerabilities.storage.googleapis.com', 'vedette advisories status'],
  async run(args) {
    const [what, ...rest] = args;
    if (what === 'sync') return await sync(rest);
    if (what === 'status') return status();
    throw new UsageError(what === undefined ? 'say sync or status' : `there is no "vedette advisories ${what}"`);
  },
};
