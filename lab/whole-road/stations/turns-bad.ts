/**
 * Station 6: an advisory makes a package critical that a process has loaded. The violation and the risk summary show it within
 * ten seconds of the feed, the next execution in that container is stopped, and its twin runs on.
 */
import { percentile } from '../../report.ts';
import { until } from '../../until.ts';
import { vedetteInHub } from '../command.ts';
import { turningVulnerability } from '../images.ts';
import type { Scene } from '../scene.ts';
import { shop } from './run.ts';

export const policyName = 'road-in-use';
const repeats = 20;
const executions = 1000;

const policy = (registry: string) => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${policyName} }
spec:
  description: No critical vulnerability in a package that running workloads load.
  severity: critical
  mode: enforce
  scope: { images: { names: ["${registry}/shop/*"] } }
  rules:
    - name: loaded
      on: image
      when: image.vulnerabilities.exists(v, v.severity == "critical" && v.loaded == "yes")
      actions: { run: kill }
`;

async function exec(scene: Scene, workload: string, command: readonly string[]): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await scene.first.plane.client.kubectl(['exec', '--namespace', shop, `deployment/${workload}`, '--', ...command], { accept: [1, 126, 127, 128, 137, 139], timeoutMs: 120_000 });
  return { code, text: stdout + stderr };
}

const many = `const { spawnSync } = require('node:child_process'); let killed = 0; for (let i = 0; i < ${executions}; i++) if (spawnSync('/bin/true').signal !== null) killed += 1; console.log(killed);`;

async function openViolations(scene: Scene) {
  return (await scene.api.call('listViolations', { query: { policy: policyName, state: 'open', verdict: 'violated' } })).items;
}

async function isOnRiskSummary(scene: Scene): Promise<boolean> {
  const { classic } = await scene.api.call('risk', {});
  return (classic.find((one) => one.kind === 'critical-and-applicable')?.count ?? 0) > 0;
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, lab, registry } = scene;
  const { report } = lab;
  await api.call('putPolicy', { params: { name: policyName }, body: { yaml: policy(registry.host) } });
  report.row('before the feed nothing is violated', [], (await openViolations(scene)).map((one) => one.workload));
  report.row('and programs run in both', [0, 0], [(await exec(scene, 'cart', ['/bin/true'])).code, (await exec(scene, 'twin', ['/bin/true'])).code]);
  const delays: number[] = [];
  for (let turn = 0; turn < repeats; turn++) {
    await vedetteInHub(scene, ['advisories', 'sync', '--from', facts.feeds!.after]);
    const seen = await until(async () => (await openViolations(scene)).length > 0 && (await isOnRiskSummary(scene)), 20_000, 50);
    delays.push(seen.value === null ? Number.NaN : seen.ms);
    if (turn === repeats - 1 || seen.value === null) break;
    await vedetteInHub(scene, ['advisories', 'sync', '--from', facts.feeds!.before]);
    const gone = await until(async () => (await openViolations(scene)).length === 0, 20_000, 50);
    if (gone.value === null) throw new Error('the feed was taken back, and the violation stays');
  }
  report.bound(`violation and risk summary after the feed, the worst of ${repeats}, ms`, 'at most', 10_000, Math.max(...delays), delays);
  report.figure('violation after the feed, median ms', percentile(delays, 0.5));
  const violations = await openViolations(scene);
  report.row('the violation names workload, digest and reason', true, violations.length === 1 && violations[0]!.workload.endsWith('cart') && violations[0]!.platformDigest === facts.images!.good.platformDigest && violations[0]!.reason.includes(turningVulnerability), violations);
  const stopped = await until(async () => (await exec(scene, 'cart', ['/bin/true'])).code !== 0, 15_000, 200);
  report.row('the next execution in its container is stopped', true, stopped.value === true, `after ${stopped.ms} ms`);
  const twin = await exec(scene, 'twin', ['/usr/bin/node', '-e', many]);
  report.row(`the good twin on the same node runs ${executions} executions, stopped`, '0', twin.text.trim(), twin);
  const { value: incident } = await until(async () => (await api.call('listIncidents', { query: { kind: 'verdict', source: policyName, state: 'all' } })).items.find((one) => one.outcome === 'killed'), 10_000, 250);
  report.row('the stopped execution is an incident of that policy', 'killed', incident?.outcome ?? 'none', incident);
}
