/**
 * How long it takes from the return of `advisories sync` until the violation and the Risk Summary show what turned bad, and from
 * the violation until the next execution in its container is stopped: the worst of several times, on the whole product. The
 * loader ends enforcement after a minute, so stopping is measured in the first rounds only.
 */
import { BadImageScene, shop } from '../containers/bad-image.ts';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';
import { until } from '../until.ts';

const port = 7523;
const repeats = 20;
const enforcedMs = 45_000;
const shownMsMax = 10_000;

export async function feedToStop({ report }: LabRun): Promise<void> {
  report.say(`A feed update makes a loaded package critical, ${repeats} times`);
  const scene = await BadImageScene.start(port);
  const begun = performance.now();
  const shown: number[] = [];
  const stopped: number[] = [];
  try {
    report.row('the packages and what is loaded are known', true, await scene.waitScanned());
    for (let round = 0; round < repeats; round++) {
      await scene.sync('bad');
      const violation = await until(isShown(scene, true), 2 * shownMsMax, 25);
      shown.push(violation.value === null ? Number.POSITIVE_INFINITY : violation.ms);
      if (performance.now() - begun < enforcedMs) {
        const stop = await until(async () => (await scene.executions(shop, 1)).code === 137, 5000, 10);
        stopped.push(stop.value === null ? Number.POSITIVE_INFINITY : stop.ms);
      }
      await scene.sync('good');
      await until(isShown(scene, false), 2 * shownMsMax, 25);
    }
  } finally {
    await scene.stop();
  }
  report.figure('feed update → violation and Risk Summary (ms), all', shown.join(' '));
  report.figure('feed update → violation and Risk Summary (ms), median', percentile(shown, 0.5));
  report.bound('feed update → violation and Risk Summary (ms), the worst', 'at most', shownMsMax, Math.max(...shown), shown);
  report.figure('event → containment: violation → execution stopped (ms), starting it included, all', stopped.join(' '));
  report.aim('event → containment: violation → execution stopped (ms), the worst', 1000, Math.max(...stopped), stopped);
}

function isShown(scene: BadImageScene, wanted: boolean): () => Promise<boolean> {
  return async () => {
    const [violations, risk] = await Promise.all([scene.violations(), scene.client.call('risk', {})]);
    const isOpen = violations.some((one) => one.state === 'open');
    const count = risk.classic.find((one) => one.kind === 'critical-and-applicable')?.count ?? 0;
    return isOpen === wanted && count > 0 === wanted;
  };
}
