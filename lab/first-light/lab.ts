/**
 * First light: one real container from the kernel to the screen. A Debian image with an npm application that loads an old
 * lodash and carries an old minimist it never loads, run by a private containerd on overlayfs and once by a bare runc; a
 * shell opened in it; a copied program run in it and killed before its first instruction. Each act must be in the API and
 * on the page within two seconds, packages within twenty of the container's start.
 */
import type { Lab, LabRun } from '../lab.ts';
import { bareActs } from './bare-acts.ts';
import { containerActs } from './container-acts.ts';
import { delays } from './delays.ts';
import { packageActs } from './package-acts.ts';
import { screenActs } from './screen-acts.ts';
import { withScene } from './scene.ts';

export const firstLight: Lab = {
  name: 'first-light',
  summary: 'One real container from the kernel to the screen: identity, packages, a shell, a killed program',
  rows: 54,
  parts: {
    sensor: 'no sensor runs: nothing may be seen',
    runtime: 'the sensor is not told of the containerd: the image must stay unknown',
    advisories: 'no advisories are synced: no vulnerability may be known',
    policy: 'the policy stays in shadow: the dropped program runs',
    application: 'the application does not start, so nothing loads lodash',
  },
  breaks: {
    sensor: ['the policy is in force on the sensor', 'the container is in the API with its image known', 'its parent sees SIGKILL', 'the shell is an incident in the API'],
    runtime: ['the container is in the API with its image known', '… platform digest'],
    advisories: ['CVE-2021-23337 of lodash: present, loaded yes', 'CVE-2005-2541 of tar: present, loaded not-seen', 'the vulnerability page names lodash, the fix and the workload'],
    policy: ['its parent sees SIGKILL', 'the file that its first instruction makes does not exist', 'the verdict is in the API as killed'],
    application: ['lodash 4.17.15 is loaded, with the file as evidence', 'CVE-2021-23337 of lodash: present, loaded yes'],
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      await containerActs(scene);
      // what nobody sees in one container, nobody sees in the next
      if (lab.sabotage === 'sensor') return;
      await bareActs(scene);
      await packageActs(scene);
      await screenActs(scene);
      await delays(scene);
    });
  },
};
