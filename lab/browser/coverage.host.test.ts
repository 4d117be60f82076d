/**
 * The coverage page as people see it: a real hub with PostgreSQL that was told of hooks, canaries, losses, rules and tables, and Chromium. What is
 * wrong stands first and says so, in light and dark, and the page fits a phone.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { record } from '@vedette/hub/wire-sample';
import type { Page } from 'playwright-core';
import { pictures } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';

const container = 'f'.repeat(64);
const classes = ['exec', 'fork', 'exit', 'rename', 'connect', 'mount'];
let hub: SampleHub;
let shownConsole: SampleConsole;
let page: Page;

async function fill(): Promise<void> {
  const sensor = await sampleSensor(hub.database, { hostname: 'node-1' });
  await sensor.send([
    record.container({ containerId: container, name: 'flooder' }),
    record.coverage({
      hooks: classes.map((eventClass) => ({ eventClass, hook: 'tp_btf/sys_exit', attached: eventClass !== 'mount', reason: eventClass === 'mount' ? 'this kernel refuses it' : '', misses: eventClass === 'rename' ? 'io_uring' : '' })),
      losses: [{ eventClass: 'rename', cause: 'share', count: 4210n }],
      canaryIntervalMs: 180_000,
      ownedLosses: [{ containerId: container, cgroupPath: '/flooder', eventClass: 'rename', cause: 'share', count: 4210n }],
      tables: [
        { name: 'ring of records', place: 'kernel', entriesUnknown: true, bytes: 8_400_000n, bytesMax: 8_400_000n },
        { name: 'processes', place: 'sensor', entries: 512n, entriesMax: 65_536n, bytesMax: 134_217_728n },
        { name: 'spool of what the hub has not taken', place: 'disk', entriesUnknown: true, bytes: 1_048_576n, bytesMax: 402_653_184n },
      ],
      ruleReach: [{ rule: 'Launch Suspicious Mount', state: 'cannot-fire', reason: 'this node does not see mount: no hook is attached' }],
      ruleReachTold: true,
    }),
    record.canaries({ classes: classes.map((eventClass) => ({ eventClass, outcome: eventClass === 'connect' ? 'missing' : 'seen', reason: eventClass === 'connect' ? 'it was done, and no hook told of it' : '' })) }),
  ]);
}

before(async () => {
  shownConsole = await sampleConsole({ height: 1400, fill: async (started) => { hub = started; await fill(); } });
  ({ page } = shownConsole);
});

after(() => shownConsole?.end());

for (const scheme of ['light', 'dark'] as const) {
  test(`gaps, classes, losses, rules and tables (${scheme})`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(`${hub.url}/coverage`);
    await page.getByTestId('class-row').first().waitFor();
    const text = (await page.locator('body').innerText()).replaceAll(/\s+/g, ' ');
    for (const words of [/The canary of class connect does not arrive from node-1/, /1 alarm of canaries/, /4,210/, /beyond its share of the ring/, /flooder/, /Launch Suspicious Mount cannot fire/, /in the kernel, [\d.]+ MiB in the sensor/, /Every container is known|of which the runtime has not said/]) assert.match(text, words);
    const rows = await page.getByTestId('class-row').evaluateAll((all) => all.map((one) => one.getAttribute('data-class')));
    assert.deepEqual(rows.slice(0, 3), ['mount', 'connect', 'rename']);
    assert.equal(await page.getByTestId('canary').filter({ hasText: 'missing' }).count(), 1);
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
    assert.equal(wide, false, 'the page is wider than the screen');
    await page.screenshot({ path: join(pictures, `coverage-${scheme}.png`), fullPage: true });
  });
}
