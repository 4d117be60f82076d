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
  rows: 44,
  parts: {
    sensor: 'no sensor runs: nothing may be seen',
    runtime: 'the sensor is not told of the containerd: the image must stay unknown',
    advisories: 'no advisories are synced: no vulnerability may be known',
    policy: 'the policy stays in shadow: the dropped program runs',
    application: 'the application does not start, so nothing loads lodash',
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      await containerActs(scene);
      await bareActs(scene);
      await packageActs(scene);
      await screenActs(scene);
      await delays(scene);
    });
  },
};
