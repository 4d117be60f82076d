/** `vedette trace --hub`: how a process is named, what is shown, and every way in which there is nothing to show. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TraceView } from '@vedette/model/api/origin';
import { stations } from '@vedette/model/origin';
import { runCli, type CliRun } from '../cli-sample.ts';
import { containerIn, processOf } from './trace-hub.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-trace-hub-'));
let answer: (response: ServerResponse) => void = (response) => response.end();
const asked: { url: string; authorization: string }[] = [];
const hub = createServer((request, response) => {
  asked.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' });
  answer(response);
});
await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
after(() => {
  hub.close();
  rmSync(place, { recursive: true });
});

async function trace(...args: string[]): Promise<CliRun> {
  return await runCli(['trace', ...args], { VEDETTE_TOKEN: '' });
}

const id = 'ab'.repeat(32);

test('the container that a cgroup names', () => {
  const cases: [cgroup: string, expected: string | null][] = [
    [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`, id],
    [`12:cpu:/docker/${id}\n0::/\n`, id],
    [`0::/machine.slice/libpod-${id}.scope/container\n`, id],
    ['0::/user.slice/user-0.slice\n', null],
    [`0::/x-${id}ab\n`, null],
  ];
  for (const [cgroup, expected] of cases) assert.equal(containerIn(cgroup), expected, cgroup);
});

test('a process by boot, number and start, whatever its command is called', () => {
  mkdirSync(join(place, '12'));
  mkdirSync(join(place, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(place, 'sys/kernel/random/boot_id'), '6f0a2f1e-0000-4000-8000-000000000001\n');
  writeFileSync(join(place, '12/cgroup'), `0::/cri-containerd-${id}.scope\n`);
  writeFileSync(join(place, '12/stat'), `12 (a) b) R ${Array.from({ length: 18 }, (_, at) => at).join(' ')} 424242 0 0\n`);
  assert.deepEqual(processOf('12', place), { query: { pid: '12', boot: '6f0a2f1e-0000-4000-8000-000000000001', startTicks: '424242', container: id } });
  assert.match((processOf('13', place) as { problem: string }).problem, /no process 13/);
  assert.match((processOf('x', place) as { problem: string }).problem, /number of a process/);
});

const view: TraceView = {
  subject: 'node (pid 12) on host-1', process: null, container: null, image: null, verdicts: [], tookMs: 1,
  chain: stations.map((station) => ({ station, state: 'known', confidence: 'recorded', claims: [{ text: `the ${station}\u001b[31m`, details: {}, source: 'the sensor', confidence: 'recorded', learnedAt: '2026-01-01T00:00:00.000Z', ageSeconds: 5 }], gaps: [], conflicts: [], agreements: [] })),
};

test('what is shown, with which token, and the exit code', async () => {
  const tokenFile = join(place, 'token');
  writeFileSync(tokenFile, 'vdt_secret\n');
  const json = (status: number, body: unknown) => (response: ServerResponse) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const args = ['r.example/web:1', '--hub', url, '--token-file', tokenFile];
  answer = json(200, view);
  const good = await trace(...args);
  assert.equal(good.code, 0, good.complaint);
  assert.match(good.out, /✓ commit {5}the commit \[31m {3}\[the sensor, recorded, just now\]/);
  assert.ok(!good.out.includes('\u001b'));
  assert.deepEqual(asked.at(-1), { url: '/api/v1/trace?image=r.example%2Fweb%3A1', authorization: 'Bearer vdt_secret' });
  answer = json(200, { ...view, chain: view.chain.map((one) => (one.station === 'commit' ? { ...one, state: 'conflict', conflicts: ['commit a according to x, b according to y'] } : one)) });
  const wrong = await trace(...args);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /≠ commit/);
  const cases: [name: string, answer: typeof answer, sentence: RegExp][] = [
    ['no token', json(401, { title: 'Sign in.' }), /401.*wrong or has expired/],
    ['not found', json(404, { title: 'There is nothing here.', detail: 'No container has named it.' }), /No container has named it/],
    ['another server', json(200, { hello: 1 }), /no chain/],
    ['half', (response) => void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()), /half an answer/],
  ];
  for (const [name, given, sentence] of cases) {
    answer = given;
    const { code, complaint } = await trace(...args);
    assert.equal(code, 2, name);
    assert.match(complaint, sentence, name);
    assert.ok(!complaint.includes('vdt_secret'), name);
  }
  assert.match((await trace('r.example/web:1', '--hub', url)).complaint, /wants a token: --token-file/);
  assert.match((await trace('pid:1')).complaint, /--hub URL --token-file FILE/);
  assert.match((await trace('pid:1', '--hub', 'ftp://x')).complaint, /address of a hub/);
});
