/**
 * What playbooks do, on the real API server and through kill -9: first each effect of the cluster part by itself, then whole runs whose hub is killed before, during and
 * after each effect, counted where the effects arrive. A number after the name is how many runs are killed.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKubernetes } from '@vedette/cluster/kubernetes/client';
import { readKubernetesConfig } from '@vedette/cluster/kubernetes/config';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { sweepDead } from '../kubernetes/slot.ts';
import { buildTools } from '../kubernetes/tools.ts';
import type { Lab, LabRun } from '../lab.ts';
import { enforceActs, enforceRows } from './enforce-acts.ts';
import { killedActs, killedRows } from './killed-acts.ts';
import { auditPolicy } from './scene.ts';

export const respond: Lab = {
  name: 'respond',
  summary: 'Effects on a real API server, each once, also when the hub is killed at any moment of a playbook',
  rows: enforceRows + killedRows,
  parts: { kills: 'the hub is never killed: nothing is proven', once: 'what is sent to Artifactory reaches it twice' },
  breaks: { kills: ['webhook: runs whose hub was killed during it'], once: ['the property of each manifest was written once'] },
  async run(lab: LabRun): Promise<void> {
    const { report, place } = lab;
    await sweepDead();
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    const stops: (() => Promise<void> | void)[] = [];
    try {
      const [policy, auditLog] = [join(place, 'audit.yaml'), join(place, 'audit.log')];
      writeFileSync(policy, auditPolicy);
      const plane = await startControlPlane({ tools: await buildTools((text) => report.progress(text)), name: 'respond', directory: join(place, 'plane'), apiServerArgs: [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`] });
      stops.push(() => plane.stop());
      const kubernetes = openKubernetes(readKubernetesConfig({ kubeconfig: plane.adminKubeconfig }));
      stops.push(() => kubernetes.close());
      if (lab.sabotage === null) await enforceActs(report, kubernetes);
      await killedActs(lab, plane, auditLog, stops);
    } finally {
      for (const stop of stops.toReversed()) await Promise.resolve(stop()).catch((error: unknown) => report.row('everything could be stopped', 'yes', error instanceof Error ? error.message : String(error), '', false));
      rmSync(place, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};
