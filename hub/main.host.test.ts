/**
 * The hub as a process: started by root from a checkout that its own user cannot read, it gives up its privileges and
 * still serves; a killed hub leaves a server behind that the next start takes care of; signals stop everything.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { joinFleet } from '@vedette/link/transport/join';
import { parseJoinToken } from '@vedette/link/transport/join-token';
import { sampleHub } from './hub-sample.ts';
import { scratchBinaries, scratchDatabase, scratchDirectory } from './store/scratch.ts';

const isRoot = process.getuid?.() === 0;
const checkout = path.resolve(import.meta.dirname, '..');
let directory: string;

before(async () => {
  directory = await scratchDirectory();
});
after(() => rm(directory, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly ready: { readonly url: string; readonly firstStart: boolean };
  readonly errors: () => string;
}

/** As root in a mount namespace of its own, where the checkout lies behind a directory that only root may enter. */
async function start(state: string): Promise<Started> {
  const config = JSON.stringify({ stateDirectory: state, api: { port: 0 }, link: { port: 0 }, postgresBinaries: scratchBinaries, contentDirectory: 'CHECKOUT/content', localJoin: true, unsafeFast: true });
  const hidden = path.join(directory, 'hidden');
  await mkdir(path.join(hidden, 'checkout'), { recursive: true });
  await chmod(hidden, isRoot ? 0o700 : 0o755);
  const own = isRoot ? path.join(hidden, 'checkout') : checkout;
  const command = [path.join(own, path.relative(checkout, process.execPath)), path.join(own, 'hub', 'main.ts'), '--config', config.replace('CHECKOUT', own), ...(isRoot ? ['--user', '65534:65534'] : [])];
  const child = isRoot
    ? spawn('unshare', ['--mount', 'sh', '-c', 'mount --bind "$1" "$2" && shift 2 && cd / && exec "$@"', 'sh', checkout, own, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ready = await new Promise<Started['ready']>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('\n')) resolve(JSON.parse(out.slice(0, out.indexOf('\n'))) as Started['ready']);
    });
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${errors}`)));
  });
  return { child, ready, errors: () => errors };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

async function postmasterPid(state: string): Promise<number> {
  return Number((await readFile(path.join(state, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

test('first start, killed, second start, stopped', async () => {
  const state = path.join(directory, 'state');
  const first = await start(state);
  assert.equal(first.ready.firstStart, true);
  const status = await readFile(`/proc/${first.child.pid}/status`, 'utf8');
  if (isRoot) {
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Groups:\t65534 ?$/m);
    assert.match(status, /^CapEff:\t0+$/m);
  }
  const { user, password } = JSON.parse(await readFile(path.join(state, 'first-start.json'), 'utf8')) as { user: string; password: string };
  const signIn = await fetch(`${first.ready.url}/api/v1/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password }) });
  assert.equal(signIn.status, 200);
  const cookie = signIn.headers.get('set-cookie')!.split(';')[0]!;
  for (const what of ['risk', 'coverage', 'nodes', 'containers', 'processes', 'executions', 'incidents', 'vulnerabilities', 'policies', 'sensors', 'advisories', 'tokens']) {
    const { status: code } = await fetch(`${first.ready.url}/api/v1/${what}`, { headers: { cookie } });
    assert.equal(code, 200, `${what}: ${first.errors()}`);
  }
  const local = parseJoinToken((JSON.parse(await readFile(path.join(state, 'local-join.json'), 'utf8')) as { token: string }).token);
  assert.ok(local.kind === 'token');
  assert.equal((await joinFleet({ token: local.token, node: { hostname: 'h', bootId: 'b' } })).kind, 'joined', first.errors());
  const orphan = await postmasterPid(state);
  first.child.kill('SIGKILL');
  await ended(first.child);
  assert.ok(existsSync(`/proc/${orphan}`), 'PostgreSQL outlives a killed hub');

  const second = await start(state);
  assert.equal(second.ready.firstStart, false);
  const successor = await postmasterPid(state);
  assert.notEqual(successor, orphan);
  assert.equal((await fetch(`${second.ready.url}/api/v1/session`, { headers: { cookie } })).status, 200, 'the session is still there');
  const over = ended(second.child);
  second.child.kill('SIGTERM');
  assert.equal(await over, 0, second.errors());
  assert.ok(!existsSync(`/proc/${successor}`));
});

test('when PostgreSQL ends, the hub says so and ends', async () => {
  const state = path.join(directory, 'state');
  const hub = await start(state);
  const over = ended(hub.child);
  process.kill(await postmasterPid(state), 'SIGKILL');
  assert.equal(await over, 70);
  assert.match(hub.errors(), /PostgreSQL ended by SIGKILL/);
});

test('with DATABASE_URL no server is started, and the one that is there is used', async () => {
  const scratch = await scratchDatabase();
  const url = `postgresql:///vedette?host=${encodeURIComponent(scratch.postgres.connection.host)}&user=vedette`;
  const hub = await sampleHub({ databaseUrl: url });
  assert.equal((await hub.ask('GET', '/readyz')).status, 200);
  assert.ok(!existsSync(path.join(hub.directory, 'state', 'postgres')));
  assert.equal((await scratch.database.query('select 1 from person')).rowCount, 1);
  await scratch.postgres.stop();
  const ready = await hub.ask('GET', '/readyz');
  assert.deepEqual([ready.status, ready.json['parts']], [503, { database: false, link: true, api: true }]);
  const answer = await hub.ask('GET', '/api/v1/session', { token: 'vdk_x' });
  assert.deepEqual([answer.status, answer.json['code']], [503, 'starting']);
  await hub.end();
  await scratch.end();
});

test('as root without a user to become, the hub does not start', { skip: !isRoot }, async () => {
  const child = spawn(process.execPath, [path.join(checkout, 'hub', 'main.ts'), '--config', JSON.stringify({ stateDirectory: path.join(directory, 'none'), postgresBinaries: scratchBinaries })], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  assert.equal(await ended(child), 1);
  assert.match(errors, /needs --user/);
});
