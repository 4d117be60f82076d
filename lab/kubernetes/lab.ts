/**
 * The ground that other labs stand on: two real clusters with real nodes on this machine, a registry, people with certificates,
 * Services and webhooks, and that nothing of it stays, neither when a cluster is stopped nor when its lab is killed.
 */
import type { Lab, LabRun } from '../lab.ts';
import { deletionActs, killedActs, secondClusterActs, secondNodeActs } from './end-acts.ts';
import { withScene } from './scene.ts';
import { uninstallActs } from './uninstall-acts.ts';
import { serviceActs, webhookActs } from './service-acts.ts';
import { chartActs, peopleActs, registryActs, signatureActs, workloadActs } from './workload-acts.ts';

export const kubernetes: Lab = {
  name: 'kubernetes',
  summary: 'Real clusters with real nodes on this machine: workloads, people, Services, webhooks, and nothing left',
  rows: 40,
  parts: {
    registry: 'the registry is gone before the node asks it: no Pod runs',
    binding: 'nobody may execute in Pods: alice is refused',
    services: 'no kube-proxy runs: no Service leads anywhere',
    webhook: 'the webhook is not registered: nothing is refused',
    owner: 'the registration belongs to nobody: it outlives the chart',
    sweep: 'a cluster is only killed, and nothing swept: it stays on the machine',
  },
  breaks: {
    registry: ['a Deployment becomes a Pod that runs, with its image from the registry'],
    binding: ['alice, who is in a group that may, executes in the Pod'],
    services: ["the Service is reached by its address from the API server's machine", 'a webhook as a Service refuses what it was told to'],
    webhook: ['a webhook by URL refuses what it was told to'],
    owner: ['helm uninstall takes the registration along'],
    sweep: ['cluster first: nothing of it is left on this machine', 'the next start removes all of it'],
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      await registryActs(scene);
      if (lab.sabotage !== 'registry') await signatureActs(scene);
      const pod = await workloadActs(scene);
      // without a Pod there is nobody to execute in, and nothing to reach
      if (pod === null) return;
      const acts = [
        async () => await peopleActs(scene, pod), chartActs, uninstallActs, async () => await serviceActs(scene, pod), webhookActs, secondClusterActs, secondNodeActs, deletionActs, killedActs,
      ];
      for (const act of acts) {
        scene.signal.throwIfAborted();
        await act(scene);
      }
    });
  },
};
