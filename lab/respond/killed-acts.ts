/**
 * Runs of one playbook with every kind of effect, all under way at once while their hub is killed again and again; then what the receivers have: one of each, as the API
 * server's own objects, generations and audit log say it, the properties of Artifactory, the ids of events, and the mails in the box.
 */
import { readPlaybook } from '@vedette/hub/respond/start';
import { addResponseRun } from '@vedette/hub/store/responses';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import type { LabRun } from '../lab.ts';
import { until } from '../until.ts';
import { auditedWrites, digestOf, namespace, openKilledScene, type KilledScene } from './scene.ts';
import { blindKinds, exactKinds, phases } from './strikes.ts';

const runsUsual = 20;
/** The first run is left alone: what is struck is compared with it. */
const control = 0;
const allMsMax = 1_500_000;

const yaml = `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata: {name: every-effect}
spec:
  description: All that can be done outside of a node, one after another.
  mode: enforce
  trigger:
    on: incident
    when: incident.severity == "critical"
  steps:
    - {name: isolate, kind: isolate-pod, timeout: 2h}
    - {name: roll, kind: roll-back, timeout: 2h}
    - {name: scale, kind: scale-to-zero, timeout: 2h}
    - {name: mark, kind: artifactory-property, timeout: 2h, with: {integration: art, property: vedette.status, value: "quarantined"}}
    - {name: tell, kind: webhook, timeout: 2h, with: {integration: siem}}
    - {name: chat, kind: slack, timeout: 2h, continueOnFailure: true, with: {integration: chat, text: "{{ incident.title }}"}}
    - {name: mail, kind: email, timeout: 2h, continueOnFailure: true, with: {integration: mail, to: ["people@lab.test"], subject: "a response", text: "{{ incident.title }}"}}
`;

/** Two revisions, the second of a bad image, and a pod of its own to be set apart. */
async function makeTargets(plane: ControlPlane, run: number): Promise<void> {
  const labels = { app: `web-${run}` };
  const deployment = (image: string) => ({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `web-${run}`, namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } } },
  });
  await plane.client.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${run}`, namespace, labels: { apart: `${run}` } }, spec: { containers: [{ name: 'main', image: 'registry.test/web' }] } });
  for (const [index, image] of ['registry.test/web:1', `registry.test/web@${digestOf(run)}`].entries()) {
    await plane.client.apply(deployment(image));
    const seen = await until(async () => (await ofKind(plane, 'apps/v1', 'ReplicaSet')).filter((one) => one.metadata.name.startsWith(`web-${run}-`)).length > index, 60_000, 50);
    if (seen.value === null) throw new Error(`web-${run} has no revision ${index + 1}`);
  }
}

interface Held {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation?: number; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

async function ofKind(plane: ControlPlane, apiVersion: string, kind: string): Promise<readonly Held[]> {
  return (await plane.client.list(apiVersion, kind, namespace)) as unknown as readonly Held[];
}

async function beginRun(scene: KilledScene, plane: ControlPlane, run: number): Promise<void> {
  const checked = readPlaybook(yaml);
  if (!('playbook' in checked)) throw new Error(`the playbook of the lab cannot be read: ${JSON.stringify(checked)}`);
  const pod = (await plane.client.find('v1', 'Pod', `pod-${run}`, namespace)) as unknown as Held | null;
  const title = `run ${run} of the lab`;
  const subject = {
    clusterId: scene.clusterId, clusterName: 'lab', isKubernetes: true, namespace, workload: { kind: 'Deployment', name: `web-${run}` }, process: null, image: { reference: 'registry.test/web', digests: [digestOf(run)] },
    containers: [{ nodeId: '00000000-0000-4000-8000-000000000001', hostname: 'n', containerId: `c${run}`, name: 'main', namespace, pod: `pod-${run}`, podUid: pod?.metadata.uid ?? '' }],
  };
  await scene.scratch.database.transaction((db) =>
    addResponseRun(db, { dedupe: `lab ${run}`, playbook: 'every-effect', yaml, clusterId: scene.clusterId, namespace, triggerKind: 'incident', triggerId: String(run), title, facts: { 'incident.title': title }, subject, dryRun: false, startedBy: 'lab', stopped: null, steps: checked.playbook.spec.steps.map((step) => ({ name: step.name, kind: step.kind, approver: null })) }, new Date()),
  );
}

interface EndedEffect {
  readonly run: number;
  readonly kind: string;
  readonly state: string;
  readonly detail: string | null;
}

const effectsOf = async ({ scratch }: KilledScene): Promise<readonly EndedEffect[]> =>
  (await scratch.database.query('select r.trigger_id::int as run, e.kind, e.state, e.detail from response_effect e join response_run r on r.id = e.run_id order by 1, e.step', [])).rows as EndedEffect[];

async function ended(scene: KilledScene, timeoutMs: number, say: (text: string) => void = () => undefined): Promise<boolean> {
  let said = Date.now();
  const { value } = await until(async () => {
    const { rows } = await scene.scratch.database.query('select count(*)::int as open from response_run where ended_at is null', []);
    const { open } = rows[0] as { open: number };
    if (Date.now() - said > 20_000) {
      said = Date.now();
      say(`${open} runs are open, the hub was killed ${scene.hub.kills} times: ${exactKinds.map((kind) => `${kind} ${phases.map((phase) => scene.strikes.had(kind, phase).size).join('/')}`).join(', ')}`);
    }
    return open === 0;
  }, timeoutMs, 250);
  return value === true;
}

export const killedRows = exactKinds.length * phases.length + 17;

/** `count`: runs that are struck. */
export async function killedActs(lab: LabRun, plane: ControlPlane, auditLog: string, stops: (() => Promise<void> | void)[]): Promise<void> {
  const { report, args, sabotage } = lab;
  const count = Number(args[0] ?? runsUsual);
  const runs = Array.from({ length: count }, (_, index) => index + 1);
  report.say(`Killed by SIGKILL: ${count} runs of seven effects`);
  await plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await until(async () => (await plane.client.find('v1', 'ServiceAccount', 'default', namespace)) !== null, 30_000, 100);
  await Promise.all([control, ...runs].map((run) => makeTargets(plane, run)));
  const scene = await openKilledScene(lab, plane, [control, ...runs], stops);
  await beginRun(scene, plane, control);
  await ended(scene, 120_000);
  const left = await effectsOf(scene);
  report.row('a run that is left alone: every effect applied', 7, left.filter((one) => one.state === 'applied').length, left.map(({ kind, state, detail }) => `${kind}: ${state} (${detail ?? ''})`).join('; '));
  report.row('… its mail is in the box once, with the id of the effect', true, scene.mailbox.mails.length === 1 && /^Message-ID: <[0-9a-f]{32}@lab\.test>/im.test(scene.mailbox.mails[0] ?? ''), scene.mailbox.mails.join('\n'));
  scene.strikes.begin(sabotage === 'kills' ? [] : runs);
  for (const run of runs) await beginRun(scene, plane, run);
  const begun = Date.now();
  report.row('every run came to its end', true, await ended(scene, allMsMax, (text) => report.progress(text)), 'some are open still');
  report.figure('kills of the hub', scene.hub.kills);
  report.figure('seconds of being killed', Math.round((Date.now() - begun) / 1000));
  for (const kind of exactKinds) for (const phase of phases) report.row(`${kind}: runs whose hub was killed ${phase} it`, count, scene.strikes.had(kind, phase).size);
  for (const kind of blindKinds) report.figure(`${kind}: runs whose hub was killed before, during, after`, phases.map((phase) => scene.strikes.had(kind, phase).size).join(', '));
  await judge(scene, plane, auditLog, [control, ...runs], report);
}

async function judge(scene: KilledScene, plane: ControlPlane, auditLog: string, runs: readonly number[], report: LabRun['report']): Promise<void> {
  const effects = await effectsOf(scene);
  const wrong = effects.filter((one) => (exactKinds as readonly string[]).includes(one.kind) && one.state !== 'applied');
  report.row('what can be asked or has a key is applied in every run', 0, wrong.length, wrong.map(({ run, kind, state, detail }) => `run ${run} ${kind}: ${state} (${detail ?? ''})`).join('; '));
  const undecided = effects.filter((one) => one.state === 'undecided');
  report.row('undecided is only what can be neither asked nor given a key', [], [...new Set(undecided.map((one) => one.kind))].filter((kind) => !(blindKinds as readonly string[]).includes(kind)));
  report.figure('undecided: slack, email', blindKinds.map((kind) => undecided.filter((one) => one.kind === kind).length).join(', '));

  const policies = (await ofKind(plane, 'networking.k8s.io/v1', 'NetworkPolicy')).filter((one) => one.metadata.name.startsWith('vedette-isolate-'));
  const selected = policies.map((one) => (one.spec['podSelector'] as { matchLabels: Record<string, string> }).matchLabels['vedette.dev/isolated']);
  const labels = (await ofKind(plane, 'v1', 'Pod')).filter((one) => /^pod-\d+$/.test(one.metadata.name)).map((one) => one.metadata.labels?.['vedette.dev/isolated']);
  report.row('one NetworkPolicy a run, each selecting its own pod', true, policies.length === runs.length && new Set(selected).size === runs.length && labels.every((label) => selected.includes(label)), { policies: selected, labels });
  const writes = auditedWrites(auditLog);
  const times = (resource: string, code?: number): number[] => {
    const counts = new Map<string, number>();
    for (const one of writes) if (one.resource === resource && (code === undefined || one.code === code)) counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
    return [...counts.values()];
  };
  report.row('… and created once, as the API server\'s audit log has it', runs.map(() => 1), times('networkpolicies', 201), JSON.stringify(writes.filter((one) => one.resource === 'networkpolicies')));
  report.row('… and its pod labelled once', runs.map(() => 1), times('pods'));
  const deployments = (await ofKind(plane, 'apps/v1', 'Deployment')).filter((one) => one.metadata.name.startsWith('web-'));
  const told = deployments.map((one) => ({ generation: one.metadata.generation, replicas: one.spec['replicas'], image: JSON.stringify(one.spec['template']).includes('"registry.test/web:1"'), notes: Object.keys(one.metadata.annotations ?? {}).filter((name) => name.startsWith('vedette.dev/effect-')).length }));
  // Made, given the bad image, rolled back, scaled: four.
  report.row('workloads: rolled back once and scaled once, by generation and notes', runs.map(() => ({ generation: 4, replicas: 0, image: true, notes: 2 })), told);
  report.row('… two writes each in the audit log', runs.map(() => 2), times('deployments'));

  const { artifactory } = scene;
  const puts = runs.map((run) => artifactory.asked.filter((one) => one.method === 'PUT' && one.path.includes(`/web-${run}/`)).length);
  report.row('the property of each manifest was written once', runs.map(() => 1), puts);
  report.row('… and has its value', true, runs.every((run) => artifactory.content.find('docker-local', `web-${run}/1/manifest.json`)?.properties.get('vedette.status')?.join() === 'quarantined'));
  report.row('CloudEvents by id: one a run', runs.length, scene.events.size, [...scene.events.entries()]);
  report.figure('CloudEvents that came, with their repetitions', [...scene.events.values()].reduce((sum, one) => sum + one, 0));
  report.row('the chat was told at most once a run', true, [...scene.chats.values()].every((one) => one === 1), [...scene.chats.entries()]);
  const mails = scene.mailbox.mails.map((mail) => /^Message-ID: <([0-9a-f]{32})@/im.exec(mail)?.[1] ?? '');
  report.row('no mail came twice', mails.length, new Set(mails).size, mails);
  const struck = [...scene.strikes.had('email', 'during')];
  const inBox = (run: number): number => scene.mailbox.mails.filter((mail) => mail.includes(`run ${run} of the lab`)).length;
  const unsure = struck.filter((run) => inBox(run) === 1 && effects.some((one) => one.run === run && one.kind === 'email' && one.state === 'undecided'));
  report.row('mails whose hub was killed before it heard that they were taken: there once, undecided, not sent again', struck.length, unsure.length, { struck, unsure }, struck.length > 0 && unsure.length === struck.length);
  const sent = (kind: string): number => effects.filter((one) => one.kind === kind && one.state === 'applied').length;
  report.row('what is told as sent was sent', true, scene.chats.size >= sent('slack') && mails.length >= sent('email'), { chats: scene.chats.size, slack: sent('slack'), mails: mails.length, email: sent('email') });
}
