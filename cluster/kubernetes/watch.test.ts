import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { openKubernetes, type Kubernetes } from './client.ts';
import type { KubernetesConfig } from './config.ts';
import type { KubernetesObject } from './objects.ts';
import { TestApiServer } from './testing/api-server.ts';
import { watchResource, type WatchHandler, type WatchTarget } from './watch.ts';

const times = { waitMsMin: 5, waitMsMax: 20, streamSeconds: 60 };
let server: TestApiServer;
let config: KubernetesConfig;
let kubernetes: Kubernetes;
let stop: AbortController;
let running: Promise<void> | undefined;
beforeEach(async () => {
  server = new TestApiServer();
  config = await server.start();
  kubernetes = openKubernetes(config);
  stop = new AbortController();
  running = undefined;
});
afterEach(async () => {
  stop.abort();
  await running;
  kubernetes.close();
  await server.stop();
});

/** What a consumer that believes every word would hold. */
class Mirror implements WatchHandler {
  readonly held = new Map<string, KubernetesObject>();
  readonly said: (string | null)[] = [];
  lists = 0;
  #wake = Promise.withResolvers<void>();
  listed(objects: readonly KubernetesObject[]): void {
    this.lists += 1;
    this.held.clear();
    for (const one of objects) this.held.set(one.metadata.name, one);
    this.#tell();
  }
  changed(object: KubernetesObject): void {
    this.held.set(object.metadata.name, object);
    this.#tell();
  }
  removed(object: KubernetesObject): void {
    this.held.delete(object.metadata.name);
    this.#tell();
  }
  problem(sentence: string | null): void {
    this.said.push(sentence);
    this.#tell();
  }
  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
  async until(what: () => boolean): Promise<void> {
    while (!what()) await this.#wake.promise;
  }
  get names(): string {
    return [...this.held.keys()].toSorted().join(' ');
  }
}

function watch(mirror: Mirror, target: Partial<WatchTarget> = {}): void {
  running = watchResource(kubernetes, { path: '/api/v1/pods', kind: 'Pod', ...target }, mirror, stop.signal, times);
}

test('a list in pages, then changes; items of lists get their kind', async () => {
  for (let index = 0; index < 7; index++) server.put(`p${index}`);
  server.pageMax = 3;
  const mirror = new Mirror();
  watch(mirror, { prune: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) });
  await mirror.until(() => mirror.lists === 1);
  assert.equal(mirror.names, 'p0 p1 p2 p3 p4 p5 p6');
  assert.deepEqual(Object.keys(mirror.held.get('p6')!), ['apiVersion', 'kind', 'metadata']);
  assert.equal(mirror.held.get('p6')!.kind, 'Pod');
  server.put('p7', { spec: { secret: 1 } });
  server.remove('p0');
  await mirror.until(() => mirror.held.has('p7') && !mirror.held.has('p0'));
  assert.equal('spec' in mirror.held.get('p7')!, false);
  assert.deepEqual(mirror.said, [null]);
});

test('a stream that breaks in the middle of a line is resumed where it was, and nothing is missed or listed anew', async () => {
  const mirror = new Mirror();
  watch(mirror);
  await mirror.until(() => mirror.lists === 1);
  for (let index = 0; index < 5; index++) {
    server.put(`p${index}`);
    await mirror.until(() => mirror.held.has(`p${index}`));
    server.cut();
    server.put(`q${index}`);
    await mirror.until(() => mirror.held.has(`q${index}`));
    server.end();
    server.remove(`q${index}`);
    await mirror.until(() => !mirror.held.has(`q${index}`));
  }
  assert.equal(mirror.lists, 1);
  assert.equal(mirror.names, 'p0 p1 p2 p3 p4');
});

test('a bookmark moves the version to resume from', async () => {
  const mirror = new Mirror();
  watch(mirror);
  await mirror.until(() => mirror.lists === 1);
  server.put('a');
  await mirror.until(() => mirror.held.has('a'));
  server.bookmark();
  server.oldest = server.version;
  // whatever comes after shows that the bookmark was read
  server.put('b');
  await mirror.until(() => mirror.held.has('b'));
  server.cut();
  server.put('c');
  await mirror.until(() => mirror.held.has('c'));
  assert.equal(mirror.lists, 1);
});

for (const inStream of [false, true]) {
  test(`a forgotten version (410 ${inStream ? 'in the stream' : 'as a status'}) leads to a new list without a complaint`, async () => {
    server.expiredInStream = inStream;
    server.put('old');
    const mirror = new Mirror();
    watch(mirror);
    await mirror.until(() => mirror.lists === 1);
    const before = server.version;
    server.remove('old');
    server.put('new');
    await mirror.until(() => mirror.held.has('new'));
    server.changes.length = 0;
    server.version += 100;
    server.oldest = before + 50;
    server.objects.clear();
    server.cut();
    await mirror.until(() => mirror.lists === 2);
    assert.equal(mirror.names, '');
    server.put('after');
    await mirror.until(() => mirror.held.has('after'));
    assert.deepEqual(mirror.said.filter((one) => one !== null && !one.startsWith('unreachable')), []);
  });
}

test('what is refused is said once, tried again, and said to be over', async () => {
  for (let times = 0; times < 3; times++) server.refusals.push({ status: 403, reason: 'Forbidden' });
  server.put('a');
  const mirror = new Mirror();
  watch(mirror);
  await mirror.until(() => mirror.lists === 1);
  assert.equal(mirror.said.length, 2);
  assert.match(String(mirror.said[0]), /^forbidden: the service account may not list and watch \/api\/v1\/pods/);
  assert.equal(mirror.said[1], null);
});

test('a fault of the handler is not taken for one of the network', async () => {
  const mirror = new Mirror();
  mirror.changed = () => {
    throw new Error('bug');
  };
  const outcome = assert.rejects(watchResource(kubernetes, { path: '/api/v1/pods', kind: 'Pod' }, mirror, stop.signal, times), /bug/);
  await mirror.until(() => mirror.lists === 1);
  server.put('a');
  await outcome;
});

test('calls: content types, preconditions, refusals and bounds as values', async () => {
  const applied = await kubernetes.apply('/apis/x/v1/things/x', { a: 1 });
  assert.equal(applied.kind === 'ok' && applied.value['contentType'], 'application/apply-patch+yaml');
  assert.match(server.requests.at(-1)!, /fieldManager=vedette&force=true$/);
  await kubernetes.patch('/apis/x/v1/things/x', {}, 'strategic');
  await kubernetes.delete('/api/v1/pods/x', { uid: 'u' });
  assert.deepEqual(JSON.parse(server.bodies.at(-1)!).preconditions, { uid: 'u' });
  server.refusals.push({ status: 429, reason: 'TooManyRequests', retryAfter: '2' }, { status: 404, reason: 'NotFound' });
  assert.deepEqual(await kubernetes.get('/a'), { kind: 'problem', status: 429, reason: 'TooManyRequests', message: 'TooManyRequests by the test', retryAfterMs: 2000 });
  assert.equal((await kubernetes.create('/a', {})).kind === 'problem', true);
  for (let index = 0; index < 50; index++) server.put(`p${index}`);
  const small = openKubernetes(config, { answerBytesMax: 1000, lineBytesMax: 100, callMsMax: 5000, connectionsMax: 2 });
  const long = await small.list('/api/v1/pods', { kind: 'Pod' });
  assert.equal(long.kind === 'problem' && long.reason, 'Unreadable');
  const stranger = openKubernetes({ server: 'http://127.0.0.1:1', authority: () => undefined, token: () => undefined });
  const answer = await stranger.get('/a');
  assert.equal(answer.kind === 'problem' && answer.reason, 'Unreachable');
  small.close();
});
