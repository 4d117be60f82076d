/** The posture on a real hub and database: what a cluster holds becomes results with evidence; what is not known is no data; scope, exceptions, history and the three forms of the report. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { ControlResultView, PostureView } from '@vedette/model/api/posture-views';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { badWorkload, goodWorkload, putObject, sampleCluster } from './posture-sample.ts';
import { sampleSensor } from './sensor-sample.ts';
import { execution, record } from './wire-sample.ts';

let hub: SampleHub;
let token: string;
let paris: string;
let cutOff: string;
/** Where the files of the report are kept for whoever wants to look at them. */
const keep = process.env['VEDETTE_KEEP_REPORTS'];

before(async () => {
  hub = await sampleHub({ contentDirectory: path.join(import.meta.dirname, '..', 'content') });
  token = await hub.tokenFor('viewer');
  paris = await sampleCluster(hub.database, 'paris');
  cutOff = await sampleCluster(hub.database, 'lagos');
  const sensor = await sampleSensor(hub.database, { cluster: 'hosts', hostname: '=cmd|calc' });
  await sensor.send([record.coverage(), record.started(execution({ tgid: 40, path: '/usr/sbin/sshd', arguments: ['/usr/sbin/sshd', '-D', '-o', 'PermitRootLogin=yes'], containerId: '' }))]);
  await hub.database.query('update sensor_report set last_seen_at = now()');
  await evaluate();
  // It was evaluated while it reported, and has been silent since.
  await hub.database.query("update cluster_report set reported_at = now() - interval '1 hour' where cluster_id = $1", [cutOff]);
  await hub.database.query("update posture_cluster set data_at = now() - interval '1 hour' where cluster_id = $1", [cutOff]);
  await evaluate();
});
after(() => hub.end());

async function evaluate(): Promise<void> {
  // A pass that runs already has begun before the change that this one is for.
  await hub.posture.settle();
  hub.posture.dirty(null);
  await hub.posture.settle();
}

async function results(query: string, as = token): Promise<ControlResultView[]> {
  const { status, json, text } = await hub.ask('GET', `/api/v1/posture/results?limit=200&${query}`, { token: as });
  assert.equal(status, 200, text);
  return json['items'] as unknown as ControlResultView[];
}

const summary = async (query = '', as = token): Promise<PostureView> => (await hub.ask('GET', `/api/v1/posture${query}`, { token: as })).json as unknown as PostureView;

test('a workload that does everything wrong fails, once, under its owner, with what decided', async () => {
  const [found, ...more] = await results(`control=no-privileged-container&cluster=${paris}&state=failed`);
  assert.deepEqual([found?.type, found?.namespace, found?.name, found?.reason, more.length], ['Deployment', 'shop', 'backdoor', 'container app is privileged', 0]);
  assert.deepEqual(found?.evidence, [{ fact: 'container app', value: 'privileged=true' }]);
  for (const control of ['no-host-process-namespace', 'no-host-network', 'no-host-path', 'no-runtime-socket', 'no-writable-host-path', 'no-root-user', 'no-secret-in-specification', 'no-dangerous-capability', 'no-latest-tag']) {
    assert.ok((await results(`control=${control}&cluster=${paris}&state=failed`)).some((one) => one.name === 'backdoor'), control);
  }
});

test('a workload that does all right passes, and nothing of it fails', async () => {
  const found = (await results(`cluster=${paris}&namespace=bank&search=deployment/ledger`)).map((one) => [one.control, one.state]);
  assert.ok(found.length > 25);
  assert.deepEqual(found.filter(([, state]) => state !== 'passed' && state !== 'not-applicable'), []);
});

test('rights, network, nodes and the control plane', async () => {
  const failed = new Set((await results(`cluster=${paris}&state=failed`)).map((one) => `${one.control} ${one.name}`));
  for (const one of ['no-cluster-admin everyone-is-admin', 'no-right-for-everyone everyone-is-admin', 'no-node-port open', 'ingress-encrypted shop', 'ingress-denied-by-default shop', 'pod-security-enforced shop', 'kubelet-supported node-1', 'kubelet-near-server node-1', 'control-plane-is-tainted node-1', 'network-policies-take-effect paris', 'api-server-audits kube-apiserver on node-1', 'api-server-refuses-anonymous kube-apiserver on node-1']) {
    assert.ok(failed.has(one), one);
  }
});

test('what is not seen is no data with the reason, never passed', async () => {
  const [kubelet] = await results(`control=kubelet-refuses-anonymous&cluster=${paris}`);
  assert.deepEqual([kubelet?.state, kubelet?.reason], ['no-data', 'no sensor watches this node, so its processes are not seen']);
  const quota = await results(`control=namespace-has-quota&cluster=${paris}`);
  assert.ok(quota.every((one) => one.state === 'no-data' && /does not watch objects of the kind ResourceQuota/.test(one.reason)), JSON.stringify(quota));
  const etcd = await results(`control=etcd-checks-clients&cluster=${paris}`);
  assert.deepEqual(etcd.map((one) => one.state), ['not-applicable']);
});

test('a cluster that reports and does not change is not judged again for minutes, and has its data meanwhile', async () => {
  await hub.database.query("update posture_cluster set data_at = now() - interval '4 minutes' where cluster_id = $1", [paris]);
  const found = (await summary()).clusters.find((one) => one.name === 'paris');
  assert.equal(found?.cutOff, false);
  assert.ok((found?.results.passed ?? 0) > 0);
});

test('a cut-off cluster has no data now; what was known is shown as old', async () => {
  const { clusters } = await summary();
  const lagos = clusters.find((one) => one.name === 'lagos');
  assert.equal(lagos?.cutOff, true);
  assert.deepEqual([lagos?.results.passed, lagos?.results.failed, lagos?.controls.passed], [0, 0, 0]);
  assert.ok((lagos?.results.noData ?? 0) > 100);
  const [found] = await results(`control=no-privileged-container&cluster=${cutOff}&search=backdoor`);
  assert.equal(found?.state, 'no-data');
  assert.match(found?.reason ?? '', /^no data since \d{4}-.*: the cluster has not reported$/);
  assert.equal(found?.lastKnown?.state, 'failed');
  assert.deepEqual(await results(`cluster=${cutOff}&state=passed`), []);
  const history = await hub.database.query('select sum(passed) as passed, sum(failed) as failed, sum(no_data) as none from posture_day where cluster_id = $1', [cutOff]);
  const [day] = history.rows as { passed: number; failed: number; none: number }[];
  assert.deepEqual([day?.passed, day?.failed, (day?.none ?? 0) > 100], [0, 0, true]);
});

test('a plain host: sshd by its arguments', async () => {
  const [root] = await results('control=ssh-no-root&state=failed');
  assert.deepEqual([root?.type, root?.name, root?.reason], ['host', '=cmd|calc', 'sshd was started with PermitRootLogin yes']);
  const [password] = await results('control=ssh-no-password&search=cmd');
  assert.equal(password?.state, 'no-data');
});

test('who may see a namespace sees its results and no others, nor their counts; who may see nothing sees none', async () => {
  const bank = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: paris, namespaces: ['bank'] }] });
  const seen = await results('', bank);
  assert.ok(seen.length > 10 && seen.every((one) => one.namespace === 'bank' && one.clusterName === 'paris'));
  const own = await summary('', bank);
  assert.deepEqual(own.clusters.map((one) => one.name), ['paris']);
  assert.equal(own.results.failed, seen.filter((one) => one.state === 'failed').length);
  const none = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: paris, namespaces: ['empty'] }] });
  const nothing = await summary('', none);
  assert.deepEqual([nothing.clusters.map((one) => one.results.failed), nothing.results, nothing.history], [[0], { failed: 0, noData: 0, accepted: 0, passed: 0, notApplicable: 0 }, []]);
  for (const format of ['html', 'csv', 'pdf']) {
    const { text } = await hub.ask('GET', `/api/v1/posture/report?format=${format}`, { token: bank });
    assert.doesNotMatch(text, /backdoor|lagos|everyone-is-admin/, format);
  }
  const limited = (await hub.ask('GET', '/api/v1/posture/report?format=html', { token: bank })).text;
  assert.match(limited, /only what the reader may see: paris/);
  assert.ok(!limited.includes(`${hostname()}, Vedette`), 'the name of the machine that the hub runs on is a name of a place');
  assert.equal((await hub.ask('GET', `/api/v1/posture/report?cluster=${cutOff}`, { token: bank })).status, 404);
});

test('a control stands as its worst result, and frameworks by their controls', async () => {
  const { json } = await hub.ask('GET', '/api/v1/posture/controls?framework=pss&state=failed', { token });
  const items = json['items'] as unknown as { name: string; state: string; requirements: { framework: string }[] }[];
  assert.ok(items.some((one) => one.name === 'no-privileged-container'));
  assert.ok(items.every((one) => one.state === 'failed' && one.requirements.some(({ framework }) => framework === 'pss')));
  const { frameworks, controls } = await summary();
  const baseline = frameworks.find((one) => one.id === 'pss')?.requirements.find((one) => one.id === 'baseline');
  assert.equal(baseline?.state, 'failed');
  assert.ok(Object.values(controls).reduce((sum, n) => sum + n, 0) >= 40);
  const detail = (await hub.ask('GET', '/api/v1/posture/controls/no-host-path', { token })).json;
  assert.match(String(detail['fix']), /PersistentVolumeClaim/);
  assert.equal((detail['history'] as unknown as unknown[]).length, 1);
  assert.equal((await hub.ask('GET', '/api/v1/posture/controls/none-such', { token })).status, 404);
});

test('pages reach every result once', async () => {
  const all = new Set<string>();
  let cursor = '';
  do {
    const { json } = await hub.ask('GET', `/api/v1/posture/results?limit=37&cluster=${paris}${cursor === '' ? '' : `&cursor=${cursor}`}`, { token });
    for (const one of json['items'] as unknown as ControlResultView[]) {
      assert.ok(!all.has(one.id));
      all.add(one.id);
    }
    cursor = (json['next'] as unknown as string | null) ?? '';
  } while (cursor !== '');
  const { results: counts } = await summary(`?cluster=${paris}`);
  assert.equal(all.size, Object.values(counts).reduce((sum, n) => sum + n, 0));
});

test('an exception accepts what it names while it counts; and then it fails again', async () => {
  const spec = { scope: { controls: ['no-privileged-*'], subjects: ['shop/backdoor'], clusters: ['paris'] }, reason: 'until it is rewritten', owner: 'ada', expiresAt: '2099-01-01' };
  await hub.database.query("insert into exception (name, spec, author, created_at, updated_at, approved_by, approved_at) values ('for-now', $1, 'ada', now(), now(), 'bob', now())", [JSON.stringify(spec)]);
  await evaluate();
  const [found] = await results(`control=no-privileged-container&cluster=${paris}&state=accepted`);
  assert.deepEqual(found?.accepted, { exception: 'for-now', owner: 'ada', reason: 'until it is rewritten', expiresAt: '2099-01-01' });
  await hub.database.query("update exception set spec = jsonb_set(spec, '{expiresAt}', '\"2020-01-01\"')");
  await evaluate();
  assert.equal((await results(`control=no-privileged-container&cluster=${paris}&state=failed`)).length, 1);
});

test('what is mended passes, and the change is kept', async () => {
  await putObject(hub.database, paris, { ...badWorkload, json: goodWorkload.json! });
  await evaluate();
  const [found] = await results(`control=no-privileged-container&cluster=${paris}&search=backdoor`);
  assert.equal(found?.state, 'passed');
  const { json } = await hub.ask('GET', '/api/v1/posture/changes?control=no-privileged-container', { token });
  const changes = (json['items'] as unknown as { name: string; before: string | null; after: string | null; clusterName: string }[]).filter((one) => one.clusterName === 'paris' && one.name === 'backdoor');
  assert.deepEqual(changes.map((one) => [one.before, one.after]), [['failed', 'passed'], ['accepted', 'failed'], ['failed', 'accepted'], [null, 'failed']]);
  await putObject(hub.database, paris, badWorkload);
  await evaluate();
});

test('the report: hub, reader, scope, age, what was not seen, each failing subject with evidence and remedy', async () => {
  const html = await hub.ask('GET', '/api/v1/posture/report?format=html', { token });
  assert.match(html.headers.get('content-disposition') ?? '', /^attachment; filename="vedette-posture-\d{4}-\d\d-\d\d\.html"$/);
  for (const words of [/everything in this hub/, /cut off: no data now/, /Not seen/, /ResourceQuota/, /Deployment shop\/backdoor/, /container app is privileged/, /privileged=true/, /Take privileged away/, /=cmd\|calc/, /cis-kubernetes-1\.10 5\.2\.2/]) assert.match(html.text, words);
  assert.doesNotMatch(html.text, /<script|https?:\/\/(?!vedette)|undefined|NaN/);
  const csv = await hub.ask('GET', '/api/v1/posture/report?format=csv&framework=pss', { token });
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
  assert.ok(csv.text.startsWith('control,title,'));
  assert.match(csv.text, /no-privileged-container,No container is privileged,critical,failed,paris,shop,Deployment,backdoor,/);
  const whole = await hub.ask('GET', '/api/v1/posture/report?format=csv', { token });
  assert.match(whole.text, /"'=cmd\|calc"/);
  const pdf = await fetch(`${hub.url}/api/v1/posture/report?format=pdf`, { headers: { authorization: `Bearer ${token}` } });
  const bytes = Buffer.from(await pdf.arrayBuffer());
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');
  assert.equal(bytes.subarray(0, 5).toString(), '%PDF-');
  assert.match(bytes.subarray(-16).toString(), /%%EOF/);
  if (keep !== undefined) {
    await writeFile(path.join(keep, 'report.html'), html.text);
    await writeFile(path.join(keep, 'report.csv'), whole.text);
    await writeFile(path.join(keep, 'report.pdf'), bytes);
  }
});

test('the command fetches it to a file, whole; a wrong token and a wrong address leave none', async () => {
  const command = path.join(import.meta.dirname, '..', 'cli', 'main.ts');
  const file = path.join(hub.directory, 'report.pdf');
  const run = (as: string, url = hub.url) => promisify(execFile)(process.execPath, [command, 'posture', 'report', '--hub', url, '--format', 'pdf', '--output', file], { env: { ...process.env, VEDETTE_TOKEN: as } });
  await assert.rejects(run('vdk_wrong'), (error: { code: number; stderr: string }) => error.code === 2 && /The hub refused: Sign in/.test(error.stderr));
  await assert.rejects(run(token, 'http://127.0.0.1:1'), (error: { code: number; stderr: string }) => error.code === 2 && /does not answer/.test(error.stderr));
  await assert.rejects(readFile(file));
  await run(token);
  assert.equal((await readFile(file)).subarray(0, 5).toString(), '%PDF-');
});
