/**
 * Fresh: the project on a machine that has nothing. In two minimal Debian roots, one after the other, a clean clone is
 * started by `npm start` with Debian's npm, reaches /readyz, watches, is stopped and started again, and one test file
 * passes. Each root runs in namespaces of its own on this kernel and network; package sources are those of this machine.
 */
import type { Lab, LabRun } from '../lab.ts';
import { interruption } from './interruption.ts';
import { endActs, passwordActs, productActs, testActs } from './product-acts.ts';
import { debian12, debian13 } from './root.ts';
import { withScene, type Scene } from './scene.ts';
import { bareActs, firstStartActs, nodeActs, oldNodeActs, secondStart } from './start-acts.ts';

async function play(scene: Scene): Promise<void> {
  await bareActs(scene);
  if (scene.system === debian12) await oldNodeActs(scene);
  await nodeActs(scene);
  const started = await firstStartActs(scene);
  if (started === null) return;
  await productActs(scene, started);
  await endActs(scene, started);
  await secondStart(scene);
  await passwordActs(scene, started.password);
  await testActs(scene);
}

export const fresh: Lab = {
  name: 'fresh',
  summary: 'From nothing: npm start and one test file in minimal roots of Debian 12 and 13',
  rows: 64,
  parts: {
    debian: "apt has no sources: clang cannot be installed, and npm start cannot go on",
    npm: 'the npm registry refuses: the packages cannot be installed',
    node: "Debian 12's own Node 18 stays: npm start cannot go on, and says why",
    build: 'the kernel programs do not compile: the product is ready, but no sensor is on the kernel',
    test: 'the layout of records in the sources is wrong: the test file fails',
  },
  async run(lab: LabRun): Promise<void> {
    const stop = interruption();
    try {
      // what is broken is broken on both: the first is enough to see it
      for (const system of lab.sabotage === null ? [debian12, debian13] : [debian12]) await withScene(lab, system, stop.signal, play);
    } finally {
      stop.forget();
    }
  },
};
