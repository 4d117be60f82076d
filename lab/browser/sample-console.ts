/**
 * The console on a real hub with PostgreSQL that is told what a test wants to see, in Chromium, with the first person signed in and the page watched.
 * The console is built once for all tests of the same sources; hub, database and browser are the test's own, and `end` stops them, also when only
 * some of them were started.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildConsole } from '@vedette/cli/build';
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import { cacheRoot } from '../containers/debian-root.ts';
import { Browser, signIn } from './browser.ts';
import { PageWatch } from './watch.ts';

export interface SampleConsoleOptions {
  readonly height?: number;
  /** How long the page waits for what it is asked for. */
  readonly waitMs?: number;
  readonly config?: Parameters<typeof sampleHub>[0];
  /** Tells the hub what there is to see, before anybody looks. */
  readonly fill?: (hub: SampleHub) => Promise<void>;
}

export interface SampleConsole {
  readonly hub: SampleHub;
  readonly page: Page;
  readonly watch: PageWatch;
  end(): Promise<void>;
}

export async function sampleConsole({ height = 800, waitMs = 10_000, config = {}, fill }: SampleConsoleOptions = {}): Promise<SampleConsole> {
  const built = await buildConsole(join(cacheRoot, 'build'));
  assert.ok(built.ok, built.ok ? '' : built.reason);
  const stops: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  };
  try {
    const hub = await sampleHub({ consoleDirectory: built.directory, ...config });
    stops.push(() => hub.end());
    await fill?.(hub);
    const browser = await Browser.start({ width: 1280, height });
    stops.push(() => browser.stop());
    const page = await browser.page();
    page.setDefaultTimeout(waitMs);
    const watch = await PageWatch.on(page);
    assert.ok(hub.firstPerson !== undefined);
    await signIn(page, hub.url, hub.firstPerson.user, hub.firstPerson.password);
    return { hub, page, watch, end };
  } catch (error) {
    await end();
    throw error;
  }
}
