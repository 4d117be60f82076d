/**
 * Station 8: the violation starts a playbook that waits for approval. It isolates the pod by a NetworkPolicy, which this cluster's network does
 * not enforce and which says so; the sensor cuts the container's connections; the workload is rolled back to a revision without the bad
 * image; everything is undone.
 */
import type { ResponseView } from '@vedette/model/api/responses';
import { ApiClient } from '../../product/client.ts';
import { until } from '../../until.ts';
import { vedetteInHub } from '../command.ts';
import type { Scene } from '../scene.ts';
import { shop } from './run.ts';
import { policyName } from './turns-bad.ts';

const playbookName = 'road-contain';
/** Enforced since the station of the build. */
const doorPolicy = 'no-critical-with-fix';
const playbook = (cuts: boolean): string => `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata: { name: ${playbookName} }
spec:
  description: Isolates the pod of an image that must not run, cuts its container off, and rolls the workload back.
  mode: enforce
  trigger:
    on: violation
    when: violation.policy == "${policyName}" && violation.verdict == "violated"
  blastRadius: { maxTargets: 2, perHour: 20 }
  steps:
    - { name: isolate, kind: isolate-pod, approval: required, timeout: 2m }
${cuts ? '    - { name: cut, kind: isolate-container, timeout: 2m }\n' : ''}    - { name: roll-back, kind: roll-back, approval: required, timeout: 2m }
`;

async function podOf(scene: Scene, app: string): Promise<string> {
  const pods = await scene.first.plane.client.list('v1', 'Pod', shop, `labelSelector=app%3D${app}`);
  return pods.find((one) => (one['status'] as { phase: string }).phase === 'Running' && one.metadata['deletionTimestamp'] === undefined)?.metadata.name ?? '';
}

/** How often a Pod calls within this time. */
async function callsWithin(scene: Scene, pod: string, ms: number): Promise<number> {
  const before = scene.facts.callee!.calls(pod);
  await new Promise((resolve) => setTimeout(resolve, ms));
  return scene.facts.callee!.calls(pod) - before;
}

const imageOf = async (scene: Scene): Promise<string> => {
  const found = await scene.first.plane.client.get('apps/v1', 'Deployment', 'cart', shop);
  return (found['spec'] as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]!.image.split('/').at(-1)!;
};

async function waitFor(scene: Scene, id: string, isThere: (run: ResponseView) => boolean, timeoutMs = 60_000): Promise<ResponseView> {
  const { value } = await until(async () => {
    const run = await scene.api.call('getResponse', { params: { id } });
    return isThere(run) ? run : null;
  }, timeoutMs, 250);
  return value ?? (await scene.api.call('getResponse', { params: { id } }));
}

const effectOf = (run: ResponseView, step: string) => run.steps.find((one) => one.name === step)?.effects[0];

/** Up to the second approval, before which the workload is not touched: what the Pod can reach until then is the sensor's doing. */
async function isolated(scene: Scene, begun: ResponseView, pod: string): Promise<void> {
  const { api, first, lab } = scene;
  const { report } = lab;
  report.row('before the approval it calls out', true, (await callsWithin(scene, pod, 1500)) > 0);
  const waiting = await waitFor(scene, begun.id, (run) => run.waiting !== null);
  report.row('the run waits for approval, and nothing is done yet', ['isolate', 0], [waiting.waiting?.name ?? 'it does not wait', (await first.plane.client.list('networking.k8s.io/v1', 'NetworkPolicy', shop)).length], waiting);
  const { secret } = await api.call('createToken', { body: { name: 'olga', grants: [{ role: 'operator', place: 'all' }] } });
  const approve = async (run: ResponseView): Promise<void> => void (await new ApiClient(scene.hub.url, secret).call('decideStep', { params: { id: begun.id, number: String(run.waiting?.step ?? 0) } as never, body: { decision: 'approved' } }));
  await approve(waiting);
  const cut = await waitFor(scene, begun.id, (run) => run.waiting?.name === 'roll-back' || run.endedAt !== null);
  const policies = await first.plane.client.list('networking.k8s.io/v1', 'NetworkPolicy', shop);
  report.row('the NetworkPolicy is at the API server', 1, policies.length, policies);
  const isolation = effectOf(cut, 'isolate');
  report.row('and the response says that this network does not enforce it', true, isolation?.state === 'applied' && (isolation.detail ?? '').startsWith('applied, not enforced:'), isolation);
  report.row('the sensor cuts the container off', 'applied', effectOf(cut, 'cut')?.state ?? 'nothing', effectOf(cut, 'cut'));
  report.row('no connection gets out any more', 0, await callsWithin(scene, pod, 2500));
  report.row('and the same Pod still runs, with the bad image', [pod, 'cart:1.1'], [await podOf(scene, 'cart'), await imageOf(scene)]);
  if (cut.waiting !== null) await approve(cut);
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab } = scene;
  const { report } = lab;
  await vedetteInHub(scene, ['advisories', 'sync', '--from', facts.feeds!.before]);
  await until(async () => (await api.call('listViolations', { query: { policy: policyName, state: 'open' } })).items.length === 0, 20_000, 250);
  await api.call('putPlaybook', { params: { name: playbookName }, body: { yaml: playbook(lab.sabotage !== 'isolation') } });
  const pod = await podOf(scene, 'cart');
  await vedetteInHub(scene, ['advisories', 'sync', '--from', facts.feeds!.after]);
  const { value: begun } = await until(async () => (await api.call('listResponses', { query: { playbook: playbookName, state: 'all' } })).items[0], 30_000, 250);
  report.row('the violation starts the playbook', playbookName, begun?.playbook ?? 'no run', begun);
  if (begun === null) return;
  await isolated(scene, begun, pod);
  const ended = await waitFor(scene, begun.id, (run) => run.endedAt !== null);
  report.row('the workload is rolled back to a revision without the bad image', ['applied', 'twin:1.1'], [effectOf(ended, 'roll-back')?.state ?? 'nothing', await imageOf(scene)], effectOf(ended, 'roll-back'));
  report.row('every step of the run is done', ['done', 'done', 'done'], ended.steps.map((one) => one.state), ended.steps.map((one) => [one.name, one.state, one.reason]));
  // at the door the image that turned bad is refused by now, to an undo as to anybody: whoever wants it back says so first
  await api.call('setPolicyMode', { params: { name: doorPolicy }, body: { mode: 'shadow' } });
  for (const step of ['roll-back', 'cut', 'isolate']) {
    const effect = effectOf(ended, step);
    if (effect?.canUndo !== true) continue;
    await api.call('undoEffect', { params: { id: begun.id, effect: effect.id } });
  }
  const undone = await waitFor(scene, begun.id, (run) => ['roll-back', 'isolate'].every((step) => ['applied', 'not-needed', 'failed', 'refused'].includes(effectOf(run, step)?.undo?.state ?? '')));
  report.row('undone: the workload is as it was, and the NetworkPolicy is gone', ['cart:1.1', 0], [await imageOf(scene), (await first.plane.client.list('networking.k8s.io/v1', 'NetworkPolicy', shop)).length], undone.steps.map((one) => [one.name, one.effects.map((effect) => [effect.state, effect.detail, effect.undo?.state, effect.undo?.detail])]));
  await api.call('setPolicyMode', { params: { name: doorPolicy }, body: { mode: 'enforce' } });
  const audit = (await api.call('listAudit', { query: { limit: 200 } })).items;
  report.row('approval, effects and undo are in the audit log', true, ['approve', 'undo'].every((word) => audit.some((one) => `${one.action} ${one.change}`.toLowerCase().includes(word))), audit.filter((one) => /response|effect|playbook/.test(one.action)).slice(0, 12));
  await api.call('setPlaybookMode', { params: { name: playbookName }, body: { mode: 'off' } });
}
