/** The road from watch to records, with watches that the test drives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { ClusterWatch, type Handler, type PartFacts, type Target, type WatchedObject, type WatchTimes } from './cluster-watch.ts';
import { watchedKinds } from './kinds.ts';

type Pod = WatchedObject & { readonly status?: unknown; readonly spec?: unknown };

function pod(name: string, version: string, phase = 'Running'): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', uid: `u-${name}`, resourceVersion: version }, status: { phase } };
}

const part: PartFacts = { clusterUid: 'c', kubernetesVersion: 'v1.36.3', nodesWithSensor: ['b', 'a'], admissionsAnswered: 3, admissionsFailedOpen: 0, admissionState: 'off', admissionReason: '' };
const fast: WatchTimes = { gatherMs: 1, reportMs: 60_000, reportSoonMs: 0, relistMs: 3_600_000 };

/** A watch of pods and daemon sets whose events the test gives. */
function bench() {
  const said: WireRecord['kind'][] = [];
  const handlers = new Map<string, { handler: Handler<Pod>; target: Target<Pod> }>();
  const started: string[] = [];
  const until = new AbortController();
  const changed: (() => void)[] = [];
  const watch = new ClusterWatch<Pod>(
    {
      async watch(target, handler, signal) {
        started.push(target.kind);
        handlers.set(target.kind, { handler, target });
        for (const one of changed.splice(0)) one();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
      report(record) {
        said.push(record.kind);
        for (const one of changed.splice(0)) one();
      },
      part: () => part, nowMs: () => Date.now(), freshId: () => `list-${said.length}`,
    },
    fast, watchedKinds.filter((one) => ['Pod', 'Node', 'DaemonSet'].includes(one.kind)),
  );
  const running = watch.run(until.signal);
  return {
    watch, said, started, handlers,
    /** Resolves when it is so; looked at whenever something was said. */
    async until(fits: () => boolean) {
      while (!fits()) await new Promise<void>((resolve) => changed.push(resolve));
    },
    async give(kind: string, what: (handler: Handler<Pod>, prune: (object: Pod) => Pod) => Promise<void> | void) {
      const { handler, target } = handlers.get(kind)!;
      await what(handler, target.prune);
    },
    async stop() {
      until.abort();
      await running;
    },
  };
}

function objectsSaid(said: readonly WireRecord['kind'][]): string[] {
  return said.flatMap((one) => (one.case === 'clusterObjects' ? [`${one.value.kind} ${one.value.listId === '' ? '' : 'list '}+${one.value.changed.map((object) => object.name).join()} -${one.value.removed.map((object) => object.name).join()}`] : []));
}

test('lists and changes become records, churn does not', async () => {
  const { give, said, until, stop, watch } = bench();
  await give('Pod', (handler, prune) => handler.listed([pod('a', '1'), pod('b', '2')].map(prune)));
  await until(() => objectsSaid(said).length > 0);
  assert.deepEqual(objectsSaid(said), ['Pod list +a,b -']);
  const [list] = said.flatMap((one) => (one.case === 'clusterObjects' ? [one.value] : []));
  const json = JSON.parse(new TextDecoder().decode(list?.changed[0]?.json)) as object;
  assert.deepEqual(json, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'shop', uid: 'u-a' }, status: { phase: 'Running' } });
  assert.equal(list?.changed[0]?.resourceVersion, '1');
  await give('Pod', (handler, prune) => {
    handler.changed(prune(pod('a', '3')));
    handler.changed(prune(pod('b', '4', 'Failed')));
    handler.removed(prune(pod('a', '5')));
  });
  await until(() => objectsSaid(said).length > 1);
  assert.deepEqual(objectsSaid(said), ['Pod list +a,b -', 'Pod +b -a']);
  assert.equal(watch.report.watches.find((one) => one.kind === 'Pod')?.objects, 1);
  await stop();
});

test('a kind that cannot be watched is a problem in the report, the others go on', async () => {
  const { give, said, until, stop, watch } = bench();
  await give('Pod', (handler) => handler.problem('forbidden: no'));
  await give('Node', (handler, prune) => {
    handler.listed([prune({ ...pod('n', '1'), kind: 'Node', metadata: { name: 'n', namespace: '', uid: 'n', resourceVersion: '1' } })]);
    handler.problem(null);
  });
  const reports = () => said.flatMap((one) => (one.case === 'clusterReport' ? [one.value] : []));
  await until(() => reports().some((one) => one.watches.some((state) => state.problem !== '') && one.watches.some((state) => state.synced)));
  const last = reports().at(-1)!;
  assert.deepEqual(last.watches.map((one) => [one.kind, one.synced, one.problem]), [['Node', true, ''], ['Pod', false, 'forbidden: no'], ['DaemonSet', false, '']]);
  assert.deepEqual([last.nodesWithSensor, last.networkPolicyEnforcement, last.networkPolicyEvidence], [['a', 'b'], 'unknown', 'DaemonSets or nodes cannot be watched.']);
  await give('DaemonSet', (handler) => handler.listed([]));
  assert.equal(watch.network.enforcement, 'not-enforced');
  await stop();
});

test('told to, it lists everything again', async () => {
  const { watch, started, until, stop } = bench();
  assert.equal(started.length, 3);
  watch.again();
  await until(() => started.length === 6);
  await stop();
});

test('while nothing can be stored, whoever else looks on is told at once, and the hub later what is then so', async () => {
  const [seen, kinds]: [string[], string[]] = [[], []];
  const stored = Promise.withResolvers<void>();
  const relisted = Promise.withResolvers<void>();
  const until = new AbortController();
  let given: Handler<Pod> | undefined;
  const watch = new ClusterWatch<Pod>(
    {
      async watch(_target, handler, signal) {
        given = handler;
        handler.listed([pod('a', '1')]);
        if (kinds.length > 0) relisted.resolve();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
      async report({ kind }) {
        if (kind.case !== 'clusterObjects') return;
        kinds.push(kind.value.listId);
        await stored.promise;
      },
      observers: { Pod: { listed: (objects) => seen.push(`list ${objects.length}`), changed: (object) => seen.push(`+${object.metadata.name}`), removed: (object) => seen.push(`-${object.metadata.name}`) } },
      part: () => part, nowMs: () => Date.now(), freshId: () => `list-${seen.length}`,
    },
    fast, watchedKinds.filter((one) => one.kind === 'Pod'),
  );
  const running = watch.run(until.signal);
  await new Promise((resolve) => setImmediate(resolve));
  given?.changed(pod('b', '2'));
  given?.removed(pod('a', '3'));
  given?.listed([pod('b', '4')]);
  given?.listed([pod('b', '5')]);
  assert.deepEqual(seen, ['list 1', '+b', '-a', 'list 1', 'list 1']);
  assert.deepEqual(kinds, ['list-1'], 'no list waits behind another');
  stored.resolve();
  await relisted.promise;
  assert.equal(seen.at(-1), 'list 1', 'it was asked for again');
  until.abort();
  await running;
});
