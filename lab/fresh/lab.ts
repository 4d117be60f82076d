/**
 * Fresh: the project on a machine that has nothing. In two minimal Debian roots, one after the other, a clean clone is
 * started by `npm start` with Debian's npm, reaches /readyz, watches, is stopped and started again, and one test file
 * passes. Each root runs in namespaces of its own on this kernel and network; package sources are those of this machine.
 */
import { cacheRoot } from '../containers/debian-root.ts';
import type { Lab, LabRun } from '../lab.ts';
import { interruption } from '../interruption.ts';
import { endActs, passwordActs, productActs, testActs } from './product-acts.ts';
import { debian12, debian13, type System } from './root.ts';
import { port, testFile, withScene, type Scene } from './scene.ts';
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

function plan({ report, place }: LabRun, systems: readonly System[]): void {
  report.say(`The project as it is committed, on a fresh ${systems.map((one) => one.title).join(', then on a fresh ')}`);
  report.progress('what it does: makes a minimal root where none is cached, starts it in namespaces of its own, types what a new user types');
  report.progress(`what it needs: this kernel with no other sensor on it, port ${port}, the package sources and registry of this machine`);
  report.progress(`how long: a minute or two for each, and a few more to make a root; roots stay in ${cacheRoot}, all else in ${place} and gone at the end`);
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
  breaks: {
    debian: ['npm start reaches /readyz'],
    npm: ['npm start reaches /readyz'],
    node: ['node is 20', 'npm start reaches /readyz'],
    build: ['the sensor is on this kernel', `npm test -- ${testFile} ends with 0`],
    test: [`npm test -- ${testFile} ends with 0`, 'tests that failed or were skipped in it'],
  },
  async run(lab: LabRun): Promise<void> {
    const stop = interruption();
    // what is broken is broken on both: the first is enough to see it
    const systems = lab.sabotage === null ? [debian12, debian13] : [debian12];
    plan(lab, systems);
    try {
      for (const system of systems) await withScene(lab, system, stop.signal, play);
    } finally {
      stop.forget();
    }
  },
};
