/**
 * What the admission lab plays with: a real control plane without nodes, a real hub with its PostgreSQL, and a real cluster part
 * that joins it and is asked by URL. Two images are known to the hub, as a sensor of the cluster would have told them.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readClusterConfig } from '@vedette/cluster/config';
import { startCluster, type RunningCluster } from '@vedette/cluster/main';
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { record } from '@vedette/hub/wire-sample';
import { startControlPlane, type ControlPlane } from '../kubernetes/control-plane.ts';
import { sweepDead } from '../kubernetes/slot.ts';
import { buildTools } from '../kubernetes/tools.ts';
import type { LabRun } from '../lab.ts';
import { until } from '../until.ts';

const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
export const badImage = `registry.test/shop/web@${digestOf('b')}`;
export const goodImage = `registry.test/shop/twin@${digestOf('d')}`;
export const namespace = 'shop';
export const registration = 'vedette-cluster';

export interface Scene {
  readonly lab: LabRun;
  readonly hub: SampleHub;
  readonly admin: string;
  readonly plane: ControlPlane;
  readonly token: string;
  readonly state: string;
  /** Of the cluster part that runs, if one does. */
  part: RunningCluster | undefined;
}

export function policy(name: string, when: string, action: string, fix = 'take the newer one'): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec:
  description: of the lab
  severity: high
  mode: enforce
  rules:
    - { name: rule, on: image, when: ${JSON.stringify(when)}, actions: { deploy: ${action} }, fix: ${fix} }
`;
}

export async function putPolicies({ hub, admin }: Scene, policies: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, yaml] of Object.entries(policies)) {
    const { status, text } = await hub.ask('PUT', `/api/v1/policies/${name}`, { token: admin, body: { yaml } });
    if (status >= 300) throw new Error(`the policy ${name} was not taken: ${text}`);
    const mode = await hub.ask('PUT', `/api/v1/policies/${name}/mode`, { token: admin, body: { mode: 'enforce' } });
    if (mode.status >= 300) throw new Error(`the policy ${name} was not switched: ${mode.text}`);
  }
}

export async function startPart(scene: Scene, admission: { readonly enabled?: boolean; readonly failurePolicy?: 'Ignore' | 'Fail' }): Promise<void> {
  const { plane, token, state } = scene;
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, 'token'), token);
  const host = plane.slot.address(null);
  scene.part = await startCluster(readClusterConfig({
    stateDirectory: join(state, 'part'), joinTokenFile: join(state, 'token'), kubeconfig: plane.adminKubeconfig, namespace: 'vedette', relay: { host: '127.0.0.1', port: 0 }, health: { host: '127.0.0.1', port: 0 },
    admission: { name: registration, form: 'url', urlHost: host, host, port: 0, timeoutSeconds: 5, excludedNamespaces: ['playground'], ...admission },
  }));
}

export async function stopPart(scene: Scene): Promise<void> {
  await scene.part?.stop();
  scene.part = undefined;
}

export async function registered({ plane }: Scene): Promise<boolean> {
  return (await plane.client.find('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', registration)) !== null;
}

async function fill(hub: SampleHub): Promise<void> {
  const sensor = await sampleSensor(hub.database);
  const one = (containerId: string, letter: string, name: string, packages: readonly object[]) => [
    record.container({ containerId: containerId.repeat(64), platformDigest: digestOf(letter), name, imageName: `registry.test/shop/${name}:1` }),
    record.inventory({ containerId: containerId.repeat(64), platformDigest: digestOf(letter), revision: `sha256:${name}`, packages: [...packages] as never }),
  ];
  await sensor.send([...one('1', 'b', 'web', [{ ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv/app' }]), ...one('2', 'd', 'twin', [{ ecosystem: 'npm', name: 'kind', version: '1.0.0', path: '/srv/app' }])]);
  await hub.assessor.settle();
}

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    await sweepDead();
    rmSync(lab.place, { recursive: true, force: true });
    mkdirSync(lab.place, { recursive: true });
    const tools = await buildTools((text) => lab.report.progress(text));
    const hub = await sampleHub();
    stops.push(() => hub.end());
    await fill(hub);
    const plane = await startControlPlane({ tools, name: 'admission', directory: join(lab.place, 'plane') });
    stops.push(() => plane.stop());
    const admin = await hub.tokenFor('admin');
    const made = await hub.ask('POST', '/api/v1/join-tokens', { token: admin, body: { cluster: 'lab', part: 'cluster' } });
    const scene: Scene = { lab, hub, admin, plane, token: String(made.json['token']), state: join(lab.place, 'part'), part: undefined };
    stops.push(() => stopPart(scene));
    for (const name of [namespace, 'playground', 'vedette']) await plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await play(scene);
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => lab.report.row('everything could be stopped', 'yes', error instanceof Error ? error.message : String(error), '', false));
    rmSync(lab.place, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function waitUntil(what: string, look: () => Promise<boolean>, timeoutMs = 20_000): Promise<number> {
  const { value, ms } = await until(async () => await look(), timeoutMs, 100);
  if (value === null) throw new Error(`did not happen: ${what}`);
  return ms;
}
