import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, test } from 'node:test';
import type { Fetch, FetchResponse } from './download.ts';
import { matchPackages } from './match.ts';
import { type AdvisoryStore, openStore, schemaVersion } from './store.ts';
import { type SyncOptions, type SyncResult, syncFrom } from './sync.ts';
import { type OsvJson, about, debianRecords, npmRecords, record, writeExport } from './testing/export.ts';
import { zipOf } from './testing/zip.ts';

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

interface Place {
  readonly path: string;
  readonly source: string;
  readonly storePath: string;
}

function place(): Place {
  const path = mkdtempSync(`${tmpdir()}/vedette-sync-`);
  made.push(path);
  mkdirSync(`${path}/source`);
  mkdirSync(`${path}/state`);
  return { path, source: `${path}/source`, storePath: `${path}/state/advisories` };
}

const monday = Date.parse('2026-11-23T08:00:00Z');

async function sync(at: Place, more: Partial<SyncOptions> = {}): Promise<SyncResult> {
  return await syncFrom({ kind: 'directory', path: at.source }, { storePath: at.storePath, clock: () => monday, ...more });
}

function using<T>(at: Place, act: (store: AdvisoryStore) => T): T {
  const store = openStore(at.storePath);
  assert.ok(!('problem' in store), JSON.stringify(store));
  try {
    return act(store);
  } finally {
    store.close();
  }
}

function idsOf(at: Place, ecosystem: string, name: string): string[] {
  return using(at, (store) => store.find(ecosystem, name).map((entry) => entry.recordId));
}

/** Nothing but the store may be left beside it. */
function assertTidy(at: Place): void {
  assert.deepEqual(readdirSync(`${at.path}/state`).filter((name) => name !== 'advisories'), []);
}

async function synced(): Promise<Place> {
  const at = place();
  writeExport(at.source, 'Debian', debianRecords, 'zip');
  writeExport(at.source, 'npm', npmRecords, 'files');
  const result = await sync(at);
  assert.equal(result.outcome, 'synced', JSON.stringify(result));
  return at;
}

test('both forms of the layout, and what is told about the feeds', async () => {
  const at = place();
  writeExport(at.source, 'Debian', [...debianRecords, record('TEST-ALIEN', { affected: [about('npm', 'x', [{ introduced: '0' }])] })], 'zip');
  writeExport(at.source, 'npm', npmRecords, 'files');
  writeFileSync(`${at.source}/npm/broken.json`, '{"id":');
  writeFileSync(`${at.source}/npm/again.json`, JSON.stringify(npmRecords[0]));
  const progress: string[] = [];
  const result = await sync(at, { onProgress: (one) => progress.push(`${one.ecosystem} ${one.phase}`) });
  assert.equal(result.outcome, 'synced');
  assert.deepEqual(result.problems, []);
  const facts = result.feeds.map(({ ecosystem, outcome, feed }) => ({ ecosystem, outcome, ...feed, content: null }));
  const same = { outcome: 'renewed', syncedAt: '2026-11-23T08:00:00.000Z', origin: at.source, etag: null, content: null };
  assert.deepEqual(facts, [
    { ...same, ecosystem: 'Debian', advisories: 4, withdrawn: 1, rejected: 1, rejections: { 'names no package of this ecosystem': 1 }, newest: '2026-01-01T00:00:00.000Z' },
    { ...same, ecosystem: 'npm', advisories: 6, withdrawn: 0, rejected: 2, rejections: { 'is not JSON': 1, 'id: was there already': 1 }, newest: '2026-01-01T00:00:00.000Z' },
  ]);
  using(at, (store) => {
    assert.deepEqual(store.feeds(), result.feeds.map(({ feed }) => feed));
    assert.deepEqual(['Debian:10', 'Debian:12', 'Debian:13', 'npm', 'Debian'].map((name) => store.covers(name)), [true, true, false, true, false]);
  });
  assertTidy(at);
});

test('a withdrawn record matches nothing, a deleted one disappears, a changed one is new', async () => {
  const at = await synced();
  assert.deepEqual(idsOf(at, 'Debian:12', 'sample'), ['TEST-DEBIAN-URGENCY']);
  const revision = using(at, (store) => store.revision);
  rmSync(`${at.source}/npm`, { recursive: true });
  const kept = npmRecords.filter(({ id }) => id !== 'TEST-ODD');
  writeExport(at.source, 'npm', kept.map((one) => (one.id === 'MAL-TEST-1' ? { ...one, withdrawn: '2026-01-03T00:00:00Z' } : one)), 'zip');
  assert.equal((await sync(at)).outcome, 'synced');
  assert.deepEqual(idsOf(at, 'npm', 'odd'), []);
  assert.deepEqual(idsOf(at, 'npm', 'evil'), []);
  assert.deepEqual(idsOf(at, 'npm', 'lodash'), ['GHSA-29mw-wpgm-hmr9']);
  assert.notEqual(using(at, (store) => store.revision), revision);
});

test('the revision changes exactly when a record does', async () => {
  const at = await synced();
  const revision = using(at, (store) => store.revision);
  await sync(at, { clock: () => monday + 3_600_000 });
  assert.equal(using(at, (store) => store.revision), revision);
  rmSync(`${at.source}/npm`, { recursive: true });
  writeExport(at.source, 'npm', [...npmRecords].reverse(), 'zip');
  await sync(at);
  assert.equal(using(at, (store) => store.revision), revision, 'the same records from an archive, in another order');
});

test('ecosystems that are not in this sync keep what they had', async () => {
  const at = await synced();
  const before = using(at, (store) => [store.feeds(), store.find('Debian:11', 'openssl'), store.record('TEST-DEBIAN-WITHDRAWN'), store.advisory('CVE-2022-2097')]);
  rmSync(`${at.source}/Debian`, { recursive: true });
  const result = await sync(at, { ecosystems: ['npm'], clock: () => monday + 1000 });
  assert.equal(result.outcome, 'synced');
  const after = using(at, (store) => [store.feeds(), store.find('Debian:11', 'openssl'), store.record('TEST-DEBIAN-WITHDRAWN'), store.advisory('CVE-2022-2097')]);
  assert.deepEqual(after.slice(1), before.slice(1));
  assert.deepEqual((after[0] as { syncedAt: string }[]).map(({ syncedAt }) => syncedAt), ['2026-11-23T08:00:00.000Z', '2026-11-23T08:00:01.000Z']);
});

test('one feed fails: it keeps what it had and says why, the other is renewed', async () => {
  const bad: [string, (at: Place) => void, RegExp][] = [
    ['absent', () => undefined, /there is no folder "npm"/],
    ['damaged', (at) => writeExport(at.source, 'npm', npmRecords, 'zip'), /the archive cannot be opened/],
    ['empty', (at) => writeExport(at.source, 'npm', [], 'zip'), /it has no usable record$/],
    ['nothing usable', (at) => writeExport(at.source, 'npm', [{ id: 'x', modified: 'never' } as OsvJson], 'zip'), /it has no usable record: modified: is not a time \(1\)/],
    ['mostly refused', (at) => writeExport(at.source, 'npm', [npmRecords[0]!, ...['a', 'b'].map((id) => ({ id, modified: 'never' }) as OsvJson)], 'zip'), /2 of 3 records were refused: modified: is not a time \(2\)/],
    ['a file instead of a folder', (at) => writeFileSync(`${at.source}/npm`, ''), /cannot be read|not a directory/],
  ];
  for (const [name, spoil, problem] of bad) {
    const at = await synced();
    rmSync(`${at.source}/npm`, { recursive: true });
    spoil(at);
    if (name === 'damaged') truncateSync(`${at.source}/npm/all.zip`, 200);
    const result = await sync(at, { clock: () => monday + 1000 });
    assert.equal(result.outcome, 'synced', name);
    assert.deepEqual(result.feeds.map(({ outcome }) => outcome), ['renewed', 'failed'], name);
    assert.match(result.feeds[1]!.problem ?? '', problem, name);
    assert.deepEqual(idsOf(at, 'npm', 'lodash'), ['GHSA-29mw-wpgm-hmr9'], name);
    assert.equal(using(at, (store) => store.feeds()[1]!.syncedAt), '2026-11-23T08:00:00.000Z', name);
    assertTidy(at);
  }
});

test('all feeds fail: the store is not touched', async () => {
  const at = await synced();
  const bytes = readFileSync(at.storePath);
  rmSync(at.source, { recursive: true });
  const result = await sync(at);
  assert.equal(result.outcome, 'failed');
  assert.equal(result.problems.length, 2);
  assert.deepEqual(readFileSync(at.storePath), bytes);
  assertTidy(at);
  const never = place();
  rmSync(never.source, { recursive: true });
  assert.equal((await sync(never)).outcome, 'failed');
  assert.equal(existsSync(never.storePath), false);
});

test('a feed that shrinks by more than half is taken, and said', async () => {
  const at = await synced();
  rmSync(`${at.source}/npm`, { recursive: true });
  writeExport(at.source, 'npm', npmRecords.slice(0, 1), 'zip');
  assert.deepEqual((await sync(at)).problems, ['npm had 6 advisories and now has 1.']);
});

test('stopped in the middle: the old store stays', async () => {
  const at = await synced();
  const bytes = readFileSync(at.storePath);
  writeExport(at.source, 'Debian', Array.from({ length: 3000 }, (_, n) => record(`TEST-${n}`, { affected: [about('Debian:12', 'x', [{ introduced: '0' }])] })), 'zip');
  const controller = new AbortController();
  const result = await sync(at, { signal: controller.signal, onProgress: (one) => one.records >= 1000 && controller.abort() });
  assert.equal(result.outcome, 'failed');
  assert.match(result.problems.join(), /stopped/);
  assert.deepEqual(readFileSync(at.storePath), bytes);
  assertTidy(at);
});

test('killed in the middle: the old store stays, and the next sync clears away', { timeout: 60_000 }, async () => {
  const at = await synced();
  const bytes = readFileSync(at.storePath);
  const script = `
    import { syncFrom } from ${JSON.stringify(`${import.meta.dirname}/sync.ts`)};
    await syncFrom({ kind: 'directory', path: ${JSON.stringify(at.source)} }, {
      storePath: ${JSON.stringify(at.storePath)}, clock: () => 0,
      onProgress: (one) => { if (one.phase === 'reading') { process.stdout.write('here'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000); } },
    });`;
  writeExport(at.source, 'Debian', Array.from({ length: 1000 }, (_, n) => record(`TEST-${n}`, { affected: [about('Debian:12', 'x', [{ introduced: '0' }])] })), 'zip');
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  assert.ok(readdirSync(`${at.path}/state`).some((name) => name.includes('.building-')), 'it was building');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual(readFileSync(at.storePath), bytes);
  assert.deepEqual(idsOf(at, 'npm', 'lodash'), ['GHSA-29mw-wpgm-hmr9']);
  assert.equal((await sync(at)).outcome, 'synced');
  assert.equal(using(at, (store) => store.feeds()[0]!.advisories), 1000);
  assertTidy(at);
});

test('a reader keeps its file while another takes its place', async () => {
  const at = await synced();
  const reader = openStore(at.storePath);
  assert.ok(!('problem' in reader));
  assert.equal(reader.isCurrent(), true);
  rmSync(`${at.source}/npm`, { recursive: true });
  writeExport(at.source, 'npm', npmRecords.slice(1), 'zip');
  await sync(at);
  assert.equal(reader.isCurrent(), false);
  assert.equal(reader.find('npm', 'lodash').length, 1);
  assert.deepEqual(idsOf(at, 'npm', 'lodash'), []);
  reader.close();
});

test('a place that cannot be written is a value', async () => {
  const at = await synced();
  for (const storePath of ['/proc/advisories', `${at.storePath}/below-a-file`]) {
    const result = await syncFrom({ kind: 'directory', path: at.source }, { storePath, clock: () => 0 });
    assert.equal(result.outcome, 'failed', storePath);
    assert.match(result.problems[0]!, /could not be written|cannot be read/);
  }
});

test('stores that cannot be read are refused in a sentence', async () => {
  const at = await synced();
  const good = readFileSync(at.storePath);
  const change = (sql: string): void => {
    const database = new DatabaseSync(at.storePath);
    database.exec(sql);
    database.close();
  };
  const cases: [string, () => void, string, boolean][] = [
    ['absent', () => rmSync(at.storePath), 'absent', true],
    ['newer', () => change(`pragma user_version = ${schemaVersion + 1}`), 'newer', true],
    ['foreign', () => change('pragma application_id = 7'), 'foreign', false],
    ['text', () => writeFileSync(at.storePath, 'hello '.repeat(1000)), 'corrupt', true],
    ['empty', () => writeFileSync(at.storePath, ''), 'corrupt', true],
    ['broken off', () => truncateSync(at.storePath, good.length - 8192), 'corrupt', true],
    ['overwritten', () => writeFileSync(at.storePath, Buffer.concat([good.subarray(0, 4096), Buffer.alloc(good.length - 4096, 0xaa)])), 'corrupt', true],
    ['older', () => change('pragma user_version = 0'), 'corrupt', true],
  ];
  for (const [name, spoil, problem, replaced] of cases) {
    writeFileSync(at.storePath, good);
    spoil();
    const store = openStore(at.storePath);
    assert.ok('problem' in store, name);
    assert.equal(store.problem, problem, name);
    assert.match(store.sentence, /^The.*\.$/);
    const result = await sync(at);
    assert.equal(result.outcome, replaced ? 'synced' : 'failed', name);
    if (replaced) assert.deepEqual(idsOf(at, 'npm', 'lodash'), ['GHSA-29mw-wpgm-hmr9'], name);
  }
});

test('a file that was found whole is known again, until it is written to', async () => {
  const at = await synced();
  const first = openStore(at.storePath);
  assert.ok(!('problem' in first));
  first.close();
  const again = openStore(at.storePath, first.fingerprint);
  assert.ok(!('problem' in again) && again.fingerprint === first.fingerprint);
  again.close();
  const good = readFileSync(at.storePath);
  writeFileSync(at.storePath, Buffer.concat([good.subarray(0, 4096), Buffer.alloc(good.length - 4096, 0xaa)]));
  const spoilt = openStore(at.storePath, first.fingerprint);
  assert.ok('problem' in spoilt && spoilt.problem === 'corrupt');
});

test('names of ecosystems are no paths', async () => {
  const at = await synced();
  for (const ecosystems of [['../npm'], ['npm/../npm'], [''], [], ['.']]) {
    assert.equal((await sync(at, { ecosystems })).outcome, 'failed', JSON.stringify(ecosystems));
  }
});

/** A server of two archives that can be told to misbehave. */
function serverOf(answers: Record<string, () => FetchResponse | Promise<FetchResponse>>): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = async (url, { headers }) => {
    asked.push(`${url} ${headers['if-none-match'] ?? '-'}`);
    return await (answers[url]?.() ?? new Response('not found', { status: 404 }));
  };
  return { fetch, asked };
}

test('from an address, and only what has changed', async () => {
  const at = place();
  const zip = (records: readonly OsvJson[]): Buffer => zipOf(records.map((one) => ({ name: `${one.id}.json`, content: JSON.stringify(one) })));
  const body = (bytes: Uint8Array, more: Record<string, string> = {}): Response => new Response(Uint8Array.from(bytes), { headers: { 'content-length': String(bytes.length), etag: '"one"', ...more } });
  const url = 'https://osv.example/all';
  const answers: Record<string, () => FetchResponse | Promise<FetchResponse>> = {
    [`${url}/Debian/all.zip`]: () => body(zip(debianRecords)),
    [`${url}/npm/all.zip`]: () => body(zip(npmRecords)),
  };
  const server = serverOf(answers);
  const options = { storePath: at.storePath, clock: () => monday };
  const first = await syncFrom({ kind: 'url', url: `${url}/`, fetch: server.fetch }, options);
  assert.deepEqual([first.outcome, first.problems], ['synced', []]);
  const revision = using(at, (store) => store.revision);

  answers[`${url}/Debian/all.zip`] = () => new Response(null, { status: 304 });
  const second = await syncFrom({ kind: 'url', url: `${url}/`, fetch: server.fetch }, { ...options, clock: () => monday + 1000 });
  assert.deepEqual(second.feeds.map(({ outcome, feed }) => [outcome, feed?.syncedAt]), [['unchanged', '2026-11-23T08:00:01.000Z'], ['renewed', '2026-11-23T08:00:01.000Z']]);
  assert.deepEqual(server.asked.slice(2), [`${url}/Debian/all.zip "one"`, `${url}/npm/all.zip "one"`]);
  assert.equal(using(at, (store) => store.revision), revision);

  const bytes = zip(npmRecords);
  const failures: [string, () => FetchResponse | Promise<FetchResponse>, RegExp, Partial<SyncOptions>][] = [
    ['status', () => new Response('', { status: 503 }), /answered with status 503/, {}],
    ['unasked 304', () => new Response(null, { status: 204 }), /answered with status 204/, {}],
    ['broken off', () => body(bytes.subarray(0, 500), { 'content-length': String(bytes.length) }), /broke off after 500 of/, {}],
    ['a page', () => body(Buffer.from('<html>'.repeat(100))), /the archive cannot be opened/, {}],
    ['too large', () => body(bytes), /sends more than 100 bytes/, { bounds: { archiveBytesMax: 100 } }],
    ['unreachable', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })), /cannot be read: fetch failed \(ENOTFOUND\)/, {}],
    ['never ends', () => ({ status: 200, headers: new Headers(), body: new ReadableStream({ pull: () => new Promise(() => undefined) }) }), /took longer than 50 ms/, { downloadMsMax: 50 }],
  ];
  for (const [name, answer, problem, more] of failures) {
    answers[`${url}/npm/all.zip`] = answer;
    const result = await syncFrom({ kind: 'url', url, fetch: server.fetch }, { ...options, ...more, ecosystems: ['npm'] });
    assert.equal(result.outcome, 'failed', name);
    assert.match(result.feeds[0]!.problem ?? '', problem, name);
    assert.deepEqual(idsOf(at, 'npm', 'lodash'), ['GHSA-29mw-wpgm-hmr9'], name);
    assertTidy(at);
  }
});

const shared = process.env['VEDETTE_SHARED'] ?? `${import.meta.dirname}/../../shared`;
const osv = `${shared}/data/osv`;

test('whole feeds: in seconds, every record used, and matched in a moment', { skip: !existsSync(osv) && 'no feeds here', timeout: 120_000 }, async (context) => {
  const at = place();
  for (const ecosystem of ['Debian', 'npm']) {
    mkdirSync(`${at.source}/${ecosystem}`);
    copyFileSync(`${osv}/${ecosystem}/all.zip`, `${at.source}/${ecosystem}/all.zip`);
  }
  const start = performance.now();
  const result = await sync(at);
  const syncMs = performance.now() - start;
  assert.equal(result.outcome, 'synced', result.problems.join());
  for (const { ecosystem, feed } of result.feeds) assert.deepEqual([feed?.rejected, (feed?.advisories ?? 0) > 500], [0, true], ecosystem);
  const store = openStore(at.storePath);
  assert.ok(!('problem' in store));
  const names = ['openssl', 'libxml2', 'python3.9', 'curl', 'expat', 'git', 'perl', 'zlib', 'glibc', 'openssh'];
  const packages = Array.from({ length: 400 }, (_, at) => ({
    ecosystem: at % 4 === 0 ? 'npm' : `Debian:${10 + (at % 3)}`, name: at % 4 === 0 ? ['lodash', 'minimist', 'next', 'jquery'][at % 16 >> 2]! : names[at % 10]!,
    version: `1.${at % 20}.0`, sourceName: '', sourceVersion: '',
  }));
  const times = Array.from({ length: 3 }, () => {
    const before = performance.now();
    const matched = matchPackages(packages, store);
    assert.equal(matched.problem, null);
    assert.ok(matched.affected > 400);
    return performance.now() - before;
  });
  context.diagnostic(`sync ${syncMs.toFixed(0)} ms, matching 400 packages ${Math.min(...times).toFixed(1)} ms`);
  assert.ok(Math.min(...times) < 200);
  const mustache = matchPackages([{ ecosystem: 'npm', name: 'mustache', version: '2.2.0', sourceName: '', sourceVersion: '' }], store);
  assert.deepEqual(mustache.matches.map((match) => [match.advisoryId, match.records, match.fixedIn]), [['CVE-2015-8862', ['NSWG-ECO-62', 'RETIREJS-GHSA-w3w8-37jv-2c58'], '2.2.1']]);
  store.close();
});
