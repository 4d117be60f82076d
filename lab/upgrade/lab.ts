/**
 * Upgrade: the version of the last tag is started for real, used, and stopped; this version is started on what it left.
 * Nothing that people put there is gone, its sensors deliver to this hub, their state is taken over with every execution
 * counted once, and there is no way back that would destroy anything. Only the hub's and the lab's own cgroups are watched.
 */
import type { Lab, LabRun } from '../lab.ts';
import { afterActs } from './after-acts.ts';
import { beforeActs } from './before-acts.ts';
import { startProduct, tag, withScene } from './scene.ts';
import { awayActs, oldSensorActs, takeOverActs } from './sensor-acts.ts';

export const upgrade: Lab = {
  name: 'upgrade',
  summary: `From ${tag} to this version with data kept: hub, sensors, and no execution lost or doubled`,
  rows: 32,
  parts: {
    state: 'this version is given an empty state directory instead of the old one: nothing may be there',
    spool: 'what the old sensor had not delivered is removed before the new one starts: executions are missing',
    sensor: 'the sensor of the other host is not upgraded',
  },
  breaks: {
    state: ['signing in with the password of the old version'],
    spool: ['what the old sensor had seen and not delivered is counted once'],
    sensor: ['both sensors are of this version, and connected'],
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      const before = await beforeActs(scene);
      await awayActs(scene);
      await startProduct(scene, 'new');
      await afterActs(scene, before);
      if (lab.sabotage === 'state') return;
      await oldSensorActs(scene, before);
      await takeOverActs(scene, before);
    });
  },
};
