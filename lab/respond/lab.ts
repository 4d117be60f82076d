/**
 * What playbooks do, on the real API server and through kill -9: first each effect of the cluster part by itself, then whole runs whose hub is killed before, during and
 * after each effect, counted where the effects arrive.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openKubernetes } from '@vedette/cluster/kubernetes/client';
import { readKubernetesConfig } from '@vedette/cluster/kubernetes/config';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { sweepDead } from '../kubernetes/slot.ts';
import { buildTools } from '../kubernetes/tools.ts';
import type { Lab, LabRun } from '../lab.ts';
import { enforceActs, enforceRows } from './enforce-acts.ts';

export const respond: Lab = {
  name: 'respond',
  summary: 'Effects on a real API server, each once, also when the hub is killed at any moment of a playbook',
  rows: enforceRows,
  parts: {},
  async run({ report, place }: LabRun): Promise<void> {
    await sweepDead();
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    const stops: (() => Promise<void> | void)[] = [];
    try {
      const plane = await startControlPlane({ tools: await buildTools((text) => report.progress(text)), name: 'respond', directory: join(place, 'plane') });
      stops.push(() => plane.stop());
      const kubernetes = openKubernetes(readKubernetesConfig({ kubeconfig: plane.adminKubeconfig }));
      stops.push(() => kubernetes.close());
      await enforceActs(report, kubernetes);
    } finally {
      for (const stop of stops.toReversed()) await stop();
      rmSync(place, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};
