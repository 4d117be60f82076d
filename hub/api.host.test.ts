/** The whole API over HTTP, against a real hub: the contract, who may do what, and what is refused. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { permits, roles, type Role } from '@vedette/model/access';
import { endpoints, type Endpoint, type EndpointName } from '@vedette/model/api/table';
import { ProblemDocument } from '@vedette/model/api/views';
import { sampleCheck, sampleException } from './check-sample.ts';
import { sampleHub, samplePlaybook, samplePolicy, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { scratchDirectory } from './store/scratch.ts';
import { execution, record, seconds } from './wire-sample.ts';

let hub: SampleHub;
let sensor: SampleSensor;
const tokens = {} as Record<Role, string>;
const container = 'c'.repeat(64);

before(async () => {
  const console = path.join(await scratchDirectory(), 'console');
  await mkdir(path.join(console, 'assets'), { recursive: true });
  await writeFile(path.join(console, 'index.html'), '<!doctype html>');
  await writeFile(path.join(console, 'assets', 'main-Abcdefgh.js'), `// ${'x'.repeat(2000)}`);
  hub = await sampleHub({ consoleDirectory: console });
  await rm(path.dirname(console), { recursive: true });
  for (const role of roles) tokens[role] = await hub.tokenFor(role);
  sensor = await sampleSensor(hub.database, { hostname: 'host-1' });
  await sensor.send([
    record.container(),
    record.coverage(),
    record.inventory(),
    record.loaded(0b011, { evidence: [{ packageIndex: 0, kind: 2, path: '/usr/lib/libssl.so.3', readerPath: '/usr/sbin/nginx', atBootNs: seconds(20) }] }),
    ...Array.from({ length: 7 }, (_, index) => record.started(execution({ tgid: 100 + index, startedS: 1 + index, containerId: index % 2 === 0 ? container : '' }))),
    ...Array.from({ length: 5 }, (_, index) => record.count({ path: `/bin/p${index}`, count: BigInt(index + 1), containerId: container, sample: execution() })),
  ]);
  await sensor.send([record.detection({ containerId: container }), record.verdict()], 'detection');
  await hub.assessor.settle();
});
after(() => hub.end());

/** A path and body with which the endpoint does something, or at least finds nothing. */
const asks: Record<EndpointName, { path?: string; body?: unknown }> = {
  signIn: { body: { user: 'nobody', password: 'x' } }, session: {}, signOut: {}, changePassword: { body: { current: 'x', next: 'a long new password' } },
  listTokens: {}, createToken: { body: { name: 'ci', grants: [{ role: 'viewer', place: 'all' }] } }, revokeToken: { path: '/api/v1/tokens/999999' },
  listSessions: {}, endSession: { path: `/api/v1/sessions/${'0'.repeat(24)}` }, listPeople: {}, createPerson: { body: { name: 'newcomer', grants: [] } }, updatePerson: { path: '/api/v1/people/1', body: { disabled: false } },
  resetPassword: { path: '/api/v1/people/999999/password' }, endSessionsOf: { path: '/api/v1/people/999999/sessions' }, deletePerson: { path: '/api/v1/people/999999' }, listPlaces: {}, listAudit: {}, exportAudit: {},
  risk: {}, coverage: {}, coverageDetail: {}, listNodes: {}, listContainers: {}, getContainer: { path: `/api/v1/containers/${container}` },
  listContainerPackages: { path: `/api/v1/containers/${container}/packages` }, listProcesses: {}, listExecutions: {},
  listIncidents: {}, getIncident: { path: '/api/v1/incidents/1' }, updateIncident: { path: '/api/v1/incidents/1', body: { assignee: 'ada' } },
  listVulnerabilities: {}, getVulnerability: { path: '/api/v1/vulnerabilities/CVE-1' },
  listAdmissions: {}, listExecSessions: {},
  listNoise: {}, noiseBudget: {}, setNoiseBudget: { body: { perDay: 50 } }, proposeExceptions: { path: '/api/v1/noise/proposal?rule=none' },
  listRuleFiles: {}, putRuleFile: { path: '/api/v1/rule-files/mine.yaml', body: { yaml: '- list: mine\n  items: [a]\n' } }, deleteRuleFile: { path: '/api/v1/rule-files/none.yaml' },
  listViolations: {}, getViolation: { path: '/api/v1/violations/1' },
  listPolicies: {}, getPolicy: { path: '/api/v1/policies/only-from-image' }, putPolicy: { path: '/api/v1/policies/mine', body: { yaml: samplePolicy('mine') } },
  setPolicyMode: { path: '/api/v1/policies/only-from-image/mode', body: { mode: 'shadow' } }, deletePolicy: { path: '/api/v1/policies/none-of-that-name' },
  listClusters: {}, getCluster: { path: '/api/v1/clusters/00000000-0000-4000-8000-000000000000' }, removeCluster: { path: '/api/v1/clusters/00000000-0000-4000-8000-000000000000' }, listWorkloads: {}, listPods: {},
  listSensors: {}, getSensor: { path: '/api/v1/sensors/none' }, removeSensor: { path: '/api/v1/sensors/00000000-0000-4000-8000-000000000000' },
  createJoinToken: { body: {} }, listFeeds: {}, reloadAdvisories: {},
  listIntegrations: {}, putIntegration: { path: '/api/v1/integrations/r', body: { kind: 'registry', settings: { host: 'r.example' } } }, deleteIntegration: { path: '/api/v1/integrations/none' }, testIntegration: { path: '/api/v1/integrations/none/test' },
  listImages: {}, getImage: { path: '/api/v1/images/999999' }, askImage: { path: '/api/v1/images/999999/ask' }, trace: { path: `/api/v1/trace?container=${container}` },
  listPlaybooks: {}, getPlaybook: { path: '/api/v1/playbooks/tell' }, putPlaybook: { path: '/api/v1/playbooks/tell', body: { yaml: samplePlaybook('tell') } }, setPlaybookMode: { path: '/api/v1/playbooks/tell/mode', body: { mode: 'shadow' } }, deletePlaybook: { path: '/api/v1/playbooks/none-of-that-name' },
  tryPlaybook: { body: { yaml: samplePlaybook('tell') } }, listResponses: {}, getResponse: { path: '/api/v1/responses/1' }, startResponse: { body: { playbook: 'tell', event: '1' } },
  decideStep: { path: '/api/v1/responses/1/steps/0/decision', body: { decision: 'approved' } }, cancelResponse: { path: '/api/v1/responses/1/cancel' }, undoEffect: { path: '/api/v1/responses/1/effects/none/undo' },
  listBaselines: {}, getBaseline: { path: '/api/v1/baselines/999999' }, exportBaseline: { path: '/api/v1/baselines/999999/export' }, setBaselineState: { path: '/api/v1/baselines/999999/state', body: { state: 'watch' } },
  acceptBehaviours: { path: '/api/v1/baselines/999999/accept', body: { keys: 'all' } }, putBaseline: { path: '/api/v1/baselines/999999', body: { yaml: 'apiVersion: x' } },
  posture: {}, listControls: {}, getControl: { path: '/api/v1/posture/controls/none-of-that-name' }, listControlResults: {}, listPostureChanges: {}, postureReport: {},
  explainPolicy: { path: `/api/v1/policies/no-root-user/explain?image=sha256:${'0'.repeat(64)}` }, checkSet: {}, recordCheck: { body: sampleCheck() }, listChecks: {}, getCheck: { path: '/api/v1/checks/1' },
  listExceptions: {}, putException: { path: '/api/v1/exceptions/mine', body: { yaml: sampleException('mine') } },
  approveException: { path: '/api/v1/exceptions/none-of-that-name/approval', body: { updatedAt: 'x' } }, endException: { path: '/api/v1/exceptions/none-of-that-name' },
};

test('every endpoint: anonymous is refused, roles by the table, answers by their schema', async () => {
  for (const [name, endpoint] of Object.entries(endpoints) as [EndpointName, Endpoint][]) {
    const { path: at = endpoint.path, body } = asks[name];
    if (endpoint.permission === 'public') continue;
    const anonymous = await hub.ask(endpoint.method, at, { body });
    assert.equal(anonymous.status, 401, `${name} anonymously`);
    for (const role of roles) {
      const answer = await hub.ask(endpoint.method, at, { token: tokens[role], body });
      const may = endpoint.permission === 'self' || permits(role, endpoint.permission);
      if (!may) {
        assert.equal(answer.status, 403, `${name} as ${role}`);
        continue;
      }
      assert.notEqual(answer.status, 401, `${name} as ${role}: ${answer.text}`);
      assert.notEqual(answer.status, 500, `${name} as ${role}: ${answer.text}`);
      if (answer.status < 300) {
        assert.equal(answer.status, endpoint.status ?? 200);
        if (endpoint.document !== undefined) assert.ok(endpoint.document.some((type) => answer.headers.get('content-type')?.startsWith(type)), `${name} as ${role}`);
        else if (answer.status !== 204) endpoint.output.parse(endpoint.type === undefined ? answer.json : answer.text);
        assert.equal(answer.headers.get('cache-control'), 'no-store');
      } else {
        ProblemDocument.parse(answer.json);
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      }
    }
  }
});

test('what was reported is there, with its facts', async () => {
  const token = tokens.viewer;
  const found = (await hub.ask('GET', `/api/v1/containers/${container}`, { token })).json;
  assert.equal(found['workload'], 'web');
  assert.equal(found['packages'], 3);
  assert.equal(found['packagesLoaded'], 2);
  assert.equal(found['vulnerabilities'], null);
  assert.equal(found['processes'], 4);
  const packages = (await hub.ask('GET', `/api/v1/containers/${container}/packages?loaded=yes`, { token })).json['items'] as unknown as { name: string; loaded: { evidence: string } }[];
  assert.deepEqual(packages.map((one) => [one.name, one.loaded.evidence]), [
    ['openssl', '/usr/lib/libssl.so.3 was mapped into memory by /usr/sbin/nginx'],
    ['left-pad', 'The sensor reported it as loaded; what it saw was reported to an earlier package list.'],
  ]);
  const executions = (await hub.ask('GET', `/api/v1/executions?container=${container}&path=/bin/p*`, { token })).json;
  assert.equal(executions['sum'], 15);
  assert.equal((await hub.ask('GET', '/api/v1/executions?path=/bin/p3', { token })).json['sum'], 4);
  const incident = (await hub.ask('GET', '/api/v1/incidents?kind=verdict', { token })).json['items'] as unknown as { id: string; workload: string; outcome: string }[];
  assert.deepEqual(incident.map((one) => [one.workload, one.outcome]), [['web', 'killed']]);
  const detail = (await hub.ask('GET', `/api/v1/incidents/${incident[0]?.id}`, { token })).json;
  assert.equal((detail['events'] as unknown as { tree: unknown[] }[])[0]?.tree.length, 2);
  for (const search of ['shell', 'T1059', 'web', 'host-1', 'TERMINAL she', "o'brien \\", '(:*']) {
    const { status, json } = await hub.ask('GET', `/api/v1/incidents?search=${encodeURIComponent(search)}`, { token });
    assert.equal(status, 200);
    if (!/brien|:\*/.test(search)) assert.ok((json['items'] as unknown as unknown[]).length > 0, search);
  }
});

test('pages: keyset cursors reach every row once; a forged cursor is refused', async () => {
  const token = tokens.viewer;
  for (const [list, expected] of [['/api/v1/processes', 7], ['/api/v1/executions', 5], [`/api/v1/containers/${container}/packages`, 3], ['/api/v1/incidents', 2]] as const) {
    const seen = new Set<string>();
    let cursor = '';
    let pages = 0;
    do {
      const page: { items: unknown[]; next: string | null } = (await hub.ask('GET', `${list}?limit=2${cursor}`, { token })).json as never;
      for (const item of page.items) {
        const key = JSON.stringify(item);
        assert.ok(!seen.has(key), `${list} twice`);
        seen.add(key);
      }
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
      pages += 1;
    } while (cursor !== '');
    assert.equal(seen.size, expected, list);
    assert.equal(pages, Math.ceil(expected / 2));
    for (const forged of ['x', Buffer.from('[1]').toString('base64url'), Buffer.from('["\\u0000","a"]').toString('base64url')]) {
      const status = (await hub.ask('GET', `${list}?cursor=${forged}`, { token })).status;
      assert.ok(status === 400 || (list.endsWith('packages') && status === 200), `${list} ${forged} ${status}`);
    }
  }
});

test('requests that are not of the form are refused in words', async () => {
  const token = tokens.admin;
  assert.equal((await hub.ask('GET', '/api/v1/containers?limit=0', { token })).status, 400);
  assert.equal((await hub.ask('GET', '/api/v1/containers?search=%00', { token })).status, 400);
  assert.equal((await hub.ask('PATCH', '/api/v1/incidents/1', { token, body: { state: 'gone' } })).status, 400);
  assert.equal((await hub.ask('PATCH', '/api/v1/incidents/1', { token, body: { extra: 1 } })).status, 400);
  assert.equal((await hub.ask('POST', '/api/v1/tokens', { token, headers: { 'content-type': 'text/plain' } })).status, 400);
  assert.equal((await hub.ask('PUT', '/api/v1/policies/big', { token, body: { yaml: 'x'.repeat(300_000) } })).status, 413);
  assert.equal((await hub.ask('GET', '/api/v1/nothing', { token })).status, 404);
  assert.equal((await hub.ask('GET', `/api/v1/incidents/${'9'.repeat(40)}`, { token })).status, 404);
  assert.equal((await hub.ask('GET', '/api/v1/vulnerabilities/%27%3B--', { token })).status, 404);
});

test('sign-in: cookie, CSRF, same site, sign-out, password change, audit', async () => {
  const { user, password } = hub.firstPerson!;
  const answer = await hub.ask('POST', '/api/v1/session', { body: { user, password } });
  assert.equal(answer.status, 200);
  const setCookie = answer.headers.get('set-cookie') ?? '';
  assert.match(setCookie, /HttpOnly; SameSite=Strict/);
  const cookie = setCookie.split(';')[0]!;
  const csrf = String(answer.json['csrf']);
  assert.equal((await hub.ask('GET', '/api/v1/session', { headers: { cookie } })).json['csrf'], csrf);

  const write = (headers: Record<string, string>): Promise<{ status: number }> => hub.ask('PATCH', '/api/v1/incidents/1', { body: { assignee: 'ada' }, headers: { cookie, ...headers } });
  assert.equal((await write({})).status, 403);
  assert.equal((await write({ 'x-vedette-csrf': 'wrong' })).status, 403);
  assert.equal((await write({ 'x-vedette-csrf': csrf, 'origin': 'https://evil.example' })).status, 403);
  assert.equal((await write({ 'x-vedette-csrf': csrf, 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.equal((await write({ 'x-vedette-csrf': csrf, 'origin': hub.url })).status, 200);
  assert.equal((await hub.ask('POST', '/api/v1/session', { body: { user, password }, headers: { origin: 'https://evil.example' } })).status, 403);

  const other = (await hub.ask('POST', '/api/v1/session', { body: { user, password } })).headers.get('set-cookie')!.split(';')[0]!;
  const changed = await hub.ask('PUT', '/api/v1/session/password', { body: { current: password, next: 'correct horse battery' }, headers: { cookie, 'x-vedette-csrf': csrf } });
  assert.equal(changed.status, 204);
  assert.equal((await hub.ask('GET', '/api/v1/session', { headers: { cookie: other } })).status, 401, 'other sessions have ended');
  assert.equal((await hub.ask('POST', '/api/v1/session', { body: { user, password } })).status, 401);
  assert.equal((await hub.ask('DELETE', '/api/v1/session', { headers: { cookie, 'x-vedette-csrf': csrf } })).status, 204);
  assert.equal((await hub.ask('GET', '/api/v1/session', { headers: { cookie } })).status, 401);
  const { rows } = await hub.database.query("select action from audit where actor = 'admin' order by id");
  assert.deepEqual((rows as { action: string }[]).map((row) => row.action), ['sign-in', 'sign-in', 'password.change', 'sign-out'], 'the incident was assigned to ada already');
});

test('failed sign-ins are limited, and an unknown name looks like a wrong password', async () => {
  const attempt = (user: string): Promise<{ status: number }> => hub.ask('POST', '/api/v1/session', { body: { user, password: 'wrong' } });
  const statuses: number[] = [];
  for (let index = 0; index < 14; index += 1) statuses.push((await attempt(`nobody-${index}`)).status);
  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
  assert.ok(statuses.filter((status) => status === 401).length <= 10);
});

test('tokens: the secret is shown once, works until revoked', async () => {
  const made = await hub.ask('POST', '/api/v1/tokens', { token: tokens.admin, body: { name: 'ci', grants: [{ role: 'viewer', place: 'all' }], expiresInDays: null } });
  const secret = String(made.json['secret']);
  assert.match(secret, /^vdk_/);
  assert.equal((await hub.ask('GET', '/api/v1/risk', { token: secret })).status, 200);
  assert.equal((await hub.ask('GET', '/api/v1/session', { token: secret })).json['user'], 'token ci');
  assert.ok(!(await hub.ask('GET', '/api/v1/tokens', { token: tokens.admin })).text.includes(secret));
  assert.equal((await hub.ask('DELETE', `/api/v1/tokens/${String(made.json['id'])}`, { token: tokens.admin })).status, 204);
  assert.equal((await hub.ask('GET', '/api/v1/risk', { token: secret })).status, 401);
});

test('policies: shipped, edited with a generation, refused in words, switched, removed for good', async () => {
  const token = tokens.operator;
  const at = '/api/v1/policies/edited';
  const made = await hub.ask('PUT', at, { token, body: { yaml: samplePolicy('edited') } });
  assert.equal(made.status, 200);
  const generation = Number(made.json['generation']);
  assert.equal((await hub.ask('PUT', at, { token, body: { yaml: samplePolicy('edited', ' Once more.'), generation: generation - 1 } })).status, 409);
  assert.equal((await hub.ask('PUT', at, { token, body: { yaml: samplePolicy('edited', ' Once more.'), generation } })).status, 200);
  assert.equal((await hub.ask('PUT', at, { token, body: { yaml: samplePolicy('other') } })).status, 422);
  const wrong = await hub.ask('PUT', at, { token, body: { yaml: samplePolicy('edited').replace('run: kill', 'run: dance') } });
  assert.equal(wrong.status, 422);
  assert.match(String(wrong.json['detail']), /Line \d+/);
  assert.equal((await hub.ask('PUT', `${at}/mode`, { token, body: { mode: 'enforce' } })).json['mode'], 'enforce');
  assert.equal((await hub.ask('DELETE', at, { token })).status, 204);
  assert.equal((await hub.ask('GET', at, { token })).status, 404);
  const shipped = (await hub.ask('GET', '/api/v1/policies/only-from-image', { token })).json;
  assert.equal(shipped['shipped'], true);
  assert.deepEqual((shipped['verdicts'] as unknown as { killed: number }).killed, 1);
  assert.match(JSON.stringify(shipped['kernelForm']), /dropped/);
});

test('every write leaves a row in the audit log', async () => {
  const token = tokens.admin;
  const count = async (): Promise<number> => Number(((await hub.database.query('select count(*) as n from audit')).rows[0] as { n: number }).n);
  const writes: readonly (readonly [string, string, unknown])[] = [
    ['POST', '/api/v1/tokens', { name: 'audited', grants: [{ role: 'viewer', place: 'all' }] }],
    ['PUT', '/api/v1/policies/audited', { yaml: samplePolicy('audited') }],
    ['PUT', '/api/v1/policies/audited/mode', { mode: 'enforce' }],
    ['DELETE', '/api/v1/policies/audited', undefined],
    ['POST', '/api/v1/join-tokens', {}],
    ['PATCH', '/api/v1/incidents/2', { state: 'closed' }],
    ['PATCH', '/api/v1/incidents/2', { state: 'open', assignee: 'ada' }],
    ['POST', '/api/v1/advisories/reload', undefined],
  ];
  for (const [method, path, body] of writes) {
    const before = await count();
    const answer = await hub.ask(method, path, { token, body });
    assert.ok(answer.status < 300, answer.text);
    assert.equal(await count(), before + 1, `${method} ${path}`);
  }
  const history = (await hub.ask('GET', '/api/v1/incidents/2', { token })).json['history'] as unknown as { actor: string; change: string }[];
  assert.deepEqual(history.map((one) => [one.actor, one.change]), [['token admin', 'state: closed → open; assigned to ada'], ['token admin', 'state: open → closed']]);
});

test('the console: its files with their caching, its routes, nothing else', async () => {
  const page = await hub.ask('GET', '/incidents/4?x=1');
  assert.deepEqual([page.status, page.headers.get('cache-control'), page.headers.get('content-type')], [200, 'no-cache', 'text/html; charset=utf-8']);
  const asset = await hub.ask('GET', '/assets/main-Abcdefgh.js');
  assert.deepEqual([asset.status, asset.headers.get('cache-control'), asset.headers.get('content-encoding')], [200, 'public, max-age=31536000, immutable', 'gzip']);
  assert.equal((await hub.ask('GET', '/assets/main-Abcdefgh.js', { headers: { 'if-none-match': asset.headers.get('etag') ?? '' } })).status, 304);
  for (const wrong of ['/assets/none.js', '/..%2f..%2fetc/passwd', '/api/v1/none', '/%2e%2e/secret.txt']) {
    const answer = await hub.ask('GET', wrong);
    assert.ok(answer.status === 404 || answer.text === '<!doctype html>', `${wrong}: ${answer.status} ${answer.text.slice(0, 80)}`);
  }
  assert.equal((await hub.ask('POST', '/', {})).status, 404);
});

test('sensors: listed with what they see, removed for good', async () => {
  const leaving = await sampleSensor(hub.database, { hostname: 'leaving' });
  await leaving.send([record.container({ containerId: 'e'.repeat(64), name: 'left-behind' }), record.started(execution({ containerId: 'e'.repeat(64) }))]);
  const listed = (await hub.ask('GET', `/api/v1/sensors/${sensor.sensorId}`, { token: tokens.viewer })).json;
  assert.equal(listed['connected'], true);
  assert.equal(listed['coveragePercent'], 50, 'one of two classes is seen');
  assert.equal((await hub.ask('DELETE', `/api/v1/sensors/${leaving.sensorId}`, { token: tokens.operator })).status, 204);
  assert.equal((await leaving.send([record.count()])).kind, 'removed');
  assert.equal((await hub.ask('GET', `/api/v1/sensors/${leaving.sensorId}`, { token: tokens.viewer })).status, 404);
  assert.notEqual((await hub.ask('GET', `/api/v1/containers/${'e'.repeat(64)}`, { token: tokens.viewer })).json['endedAt'], null, 'what nobody watches is not called running');
  assert.equal((await hub.ask('GET', `/api/v1/processes?node=leaving`, { token: tokens.viewer })).json['total'], 0);
});

test('the live stream names what changed, gathered', async () => {
  const response = await fetch(`${hub.url}/api/v1/events`, { headers: { authorization: `Bearer ${tokens.viewer}` } });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let index = 0; index < 20; index += 1) await hub.ask('PATCH', '/api/v1/incidents/1', { token: tokens.analyst, body: { assignee: `a${index}` } });
  while (!text.includes('incidents')) text += decoder.decode((await reader.read()).value);
  assert.match(text, /event: changed\ndata: \{"topics":\[[^\]]*"incidents"/);
  await reader.cancel();
  assert.equal((await fetch(`${hub.url}/api/v1/events`)).status, 401);
});

/** fetch does not let a caller choose Host. */
function answerForHost(host: string, path: string): Promise<IncomingMessage> {
  const url = new URL(hub.url);
  return new Promise((resolve, reject) => {
    request({ host: url.hostname, port: url.port, path, headers: { host } }, (response) => resolve(response.resume())).on('error', reject).end();
  });
}

async function statusForHost(host: string, path = '/api/v1/session'): Promise<number> {
  return (await answerForHost(host, path)).statusCode ?? 0;
}

test('the opener policy is sent where browsers heed it: over TLS and on the machine itself', async () => {
  const { port } = new URL(hub.url);
  const openerAt = async (host: string): Promise<unknown> => (await answerForHost(host, '/livez')).headers['cross-origin-opener-policy'];
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'hub.localhost']) assert.equal(await openerAt(host), 'same-origin', host);
  for (const host of ['10.1.2.3:7420', 'hub.example:80', '127.0.0.1.example', 'localhost.example']) assert.equal(await openerAt(host), undefined, host);
});

test('bound to loopback, a foreign host name is refused', async () => {
  const { port } = new URL(hub.url);
  assert.equal(await statusForHost('evil.example'), 403);
  assert.equal(await statusForHost(`127.0.0.1:${port}`), 401);
  assert.equal(await statusForHost(`localhost:${port}`), 401);
  // a kubelet asks by the Pod's address
  for (const probe of ['/livez', '/readyz']) assert.equal(await statusForHost('10.1.2.3:7420', probe), 200);
  assert.equal(await statusForHost('10.1.2.3:7420', '/metrics'), 403);
});

test('the plain endpoints', async () => {
  assert.equal((await hub.ask('GET', '/livez')).status, 200);
  assert.equal((await hub.ask('GET', '/readyz')).status, 200);
  const metrics = (await hub.ask('GET', '/metrics')).text;
  assert.match(metrics, /^vedette_hub_http_requests_total\{method="GET",route="\/api\/v1\/risk",status="200"\} \d+$/m);
  const document = (await hub.ask('GET', '/openapi.json')).json;
  assert.equal(document['openapi'], '3.1.0');
  const operations = Object.values(document['paths'] as unknown as Record<string, Record<string, { operationId: string }>>).flatMap((path) => Object.values(path).map((one) => one.operationId));
  assert.deepEqual(operations.sort(), [...Object.keys(endpoints), 'events'].sort());
  assert.match((await hub.ask('GET', '/livez')).headers.get('content-security-policy') ?? '', /default-src 'none'/);
});
