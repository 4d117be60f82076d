/**
 * The kernel reports what interests name and nothing else: a wanted file by every path that leads to it, and through a hundred changes of
 * the table without a gap.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadRules } from '@vedette/rules/ruleset';
import { interestTable, tablePieces } from '@vedette/sensor/interest-table';
import { wantedKinds } from '@vedette/sensor/wanted-kinds';
import { act } from './acts.ts';
import { LoaderBench } from './loader-bench.ts';

let loader: LoaderBench;
let generation = 0;

before(async () => {
  loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '60']);
});
after(async () => await loader.stop());

function post(...conditions: readonly string[]): number {
  const rules = loadRules([{ name: 'f', text: conditions.map((condition, index) => `- rule: r${index}\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`).join('') }]);
  assert.deepEqual(rules.problems.filter((one) => one.severity === 'error'), []);
  const interests = rules.interests();
  const { bytes } = interestTable(interests, wantedKinds((one) => interests.some((interest) => interest.eventClass === one)), (generation += 1));
  let last = 0;
  for (const piece of tablePieces(bytes)) last = loader.post({ do: 'setInterests', ...piece });
  return last;
}

async function want(...conditions: readonly string[]): Promise<void> {
  assert.equal((await loader.replyTo(post(...conditions))).status, 0);
}

function place(name: string): string {
  const made = join(loader.place, name);
  mkdirSync(made, { recursive: true });
  return made;
}

const opened = 'evt.type = open and fd.num >= 0 and ';

/** The file is opened last by its plain name for writing: when that is there, so is all before it. */
async function mark(directory: string): Promise<void> {
  await act(loader.cgroup, ['open', join(directory, 'mark'), 'open']);
  await loader.reported(({ files }) => (files[`open-write ${join(directory, 'mark')}`] ?? 0) > 0);
}

test('what no interest names is not reported, and what one does is, each time', async () => {
  const directory = place('filtered');
  for (const name of ['wanted', 'other', 'wanted-too']) writeFileSync(join(directory, name), '');
  await want(`${opened}fd.name = ${join(directory, 'wanted')}`, `${opened}fd.name endswith /mark`, `${opened}evt.is_open_write = true and fd.filename = wanted-too`);
  for (const name of ['wanted', 'other', 'wanted', 'wanted-too', 'other']) await act(loader.cgroup, ['open', join(directory, name), 'read']);
  await act(loader.cgroup, ['open', join(directory, 'wanted-too'), 'openat2']);
  await act(loader.cgroup, ['open', join(directory, 'other'), 'open']);
  await mark(directory);
  const { files } = await loader.reported(() => true);
  const mine = Object.entries(files).filter(([name]) => name.includes('/filtered/') && !name.endsWith('/mark'));
  assert.deepEqual(Object.fromEntries(mine.map(([name, count]) => [name.replace(directory, ''), count])), { 'open-read /wanted': 2, 'open-write /wanted-too': 1 });
});

test('a wanted file is reported by every path that leads to it', async () => {
  const directory = place('equivalent');
  const [inner, elsewhere] = [place('equivalent/inner'), place('elsewhere')];
  const bound = mkdtempSync(join(tmpdir(), 'bound-'));
  const file = join(inner, 'secret');
  writeFileSync(file, '');
  writeFileSync(join(elsewhere, 'origin'), '');
  linkSync(join(elsewhere, 'origin'), join(inner, 'linked'));
  symlinkSync(file, join(elsewhere, 'to-file'));
  symlinkSync(inner, join(elsewhere, 'to-directory'));
  const ways: readonly (readonly [way: string, path: string, cwd?: string])[] = [
    ['symbolic link', join(elsewhere, 'to-file')],
    ['through a linked directory', join(elsewhere, 'to-directory', 'secret')],
    ['relative', 'secret', inner],
    ['relative from elsewhere', `../equivalent/inner/secret`, elsewhere],
    ['double slashes', file.replaceAll('/', '//')],
    ['dots', join(inner, '..').concat('/./inner/../inner/secret')],
    ["the process's root", `/proc/self/root${file}`],
    ['the directory by its descriptor', `/proc/self/cwd/secret`, inner],
  ];
  await want(`${opened}fd.name = ${file}`, `${opened}fd.name startswith ${bound}/`, `${opened}fd.name = ${join(inner, 'linked')}`, `${opened}fd.name = ${join(directory, 'mark')}`);
  let expected = 0;
  for (const [way, path, cwd] of ways) {
    await act(loader.cgroup, ['open', path, 'read'], [], cwd);
    expected += 1;
    await loader.reported(({ files }) => (files[`open-read ${file}`] ?? 0) === expected).catch((error: unknown) => assert.fail(`${way}: ${String(error)}`));
  }
  await act(loader.cgroup, ['open', join(inner, 'linked'), 'read']);
  execFileSync('mount', ['--bind', elsewhere, bound]);
  try {
    await act(loader.cgroup, ['open', join(bound, 'origin'), 'read']);
    await act(loader.cgroup, ['open', join(elsewhere, 'origin'), 'read']);
    await mark(directory);
  } finally {
    execFileSync('umount', [bound]);
    rmSync(bound, { recursive: true });
  }
  const { files } = await loader.reported(() => true);
  assert.equal(files[`open-read ${join(inner, 'linked')}`], 1, 'a hard link by its wanted name');
  assert.equal(files[`open-read ${join(bound, 'origin')}`], 1, 'through a bind mount');
  assert.equal(files[`open-read ${join(elsewhere, 'origin')}`], undefined, 'the same file by a name that nobody wants');
});

test('a hundred changes of the table lose none of the opens that all of them want', async () => {
  const directory = place('swapped');
  const count = 2000;
  const all = `${opened}evt.is_open_write = true and fd.name startswith ${directory}/`;
  const others = ['/never/a', '/never/b'].map((one) => `${opened}fd.name = ${one}`);
  await want(all);
  const opening = act(loader.cgroup, ['open-spread', directory, String(count), '4']);
  let last = 0;
  for (let swap = 0; swap < 100; swap++) {
    last = swap % 2 === 0 ? post(others[0]!, all) : post(all, ...others);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.equal((await loader.replyTo(last)).status, 0);
  await opening;
  const { files } = await loader.reported((reported) => Object.keys(reported.files).filter((one) => one.includes(`/${basename(directory)}/`)).length >= count);
  assert.deepEqual(Object.entries(files).filter(([name, times]) => name.includes(directory) && times !== 1), [], 'each once');
});

test('calls on paths are judged by what they were given, and delivered where that does not say where it leads', async () => {
  const directory = place('calls');
  const shell = (script: string) => execFileSync('sh', ['-c', `for one in ${loader.cgroup.procs.join(' ')}; do echo $$ > $one; done; cd ${directory}; ${script}`], { stdio: 'ignore' });
  const count = async (name: string) => (await loader.reported(() => true)).seen[name] ?? 0;
  await want(
    `evt.type in (unlink, unlinkat) and fs.path.name endswith .gone`,
    'evt.type in (rename, renameat, renameat2) and evt.arg.newpath endswith _history',
    'evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISUID',
    `${opened}fd.name endswith /mark`,
  );
  const before = { unlinkat: await count('unlinkat'), renameat2: await count('renameat2'), fchmodat: await count('fchmodat') };
  shell('touch /tmp/push-down-other a.gone b.gone c.gone d.gone e.gone; rm /tmp/push-down-other; rm $PWD/a.gone; rm b.gone; rm ../calls/c.gone; rm /proc/self/cwd/d.gone; rm /proc/self/root$PWD/e.gone');
  shell('touch x y; mv x other; mv y my_history; touch s; chmod 644 s; chmod u+s s; chmod 755 s');
  await mark(directory);
  const seen = (await loader.reported(() => true)).seen;
  const made = Object.fromEntries(Object.entries(before).map(([name, earlier]) => [name, (seen[name] ?? 0) - earlier]));
  assert.deepEqual(made, { unlinkat: 5, renameat2: 1, fchmodat: 1 });
});
