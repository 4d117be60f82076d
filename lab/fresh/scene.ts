/**
 * What the lab plays with on one system: a fresh machine with a clean clone of the project in its root's home. Whatever
 * happens, the machine is gone afterwards, and rows say so.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../borders/borders.ts';
import { run } from '../containers/run.ts';
import type { LabRun } from '../lab.ts';
import { Machine } from './machine.ts';
import { freshRoot, type System } from './root.ts';
import { laySettings, settingsOfThisMachine } from './settings.ts';

export const port = 7471;
export const address = `http://127.0.0.1:${port}`;
export const clone = '/root/vedette';
/** Proves the compiler, the type information of this kernel's programs and Node 26 in one go. */
export const testFile = 'sensor/decode/layout.host.test.ts';

export interface Scene {
  readonly lab: LabRun;
  readonly system: System;
  readonly machine: Machine;
  readonly signal: AbortSignal;
  /** A row or figure of this system. */
  readonly named: (text: string) => string;
}

/** What is committed and nothing else: no packages, no builds, no unfinished work. */
async function cloneInto(home: string): Promise<void> {
  await run('git', ['clone', '--quiet', '--no-hardlinks', projectRoot(), join(home, 'vedette')]);
}

async function nobodyAnswers(): Promise<void> {
  const answers = await fetch(`${address}/livez`).then(() => true, () => false);
  if (answers) throw new Error(`something answers on port ${port} already: it would be taken for the fresh machine's`);
}

export async function withScene(lab: LabRun, system: System, signal: AbortSignal, play: (scene: Scene) => Promise<void>): Promise<void> {
  const named = (text: string) => `${system.title}: ${text}`;
  lab.report.say(system.title);
  await nobodyAnswers();
  const settings = await settingsOfThisMachine(system.suite);
  const begun = performance.now();
  const root = await freshRoot(system, settings, signal, (text) => lab.report.progress(text));
  lab.report.figure(named('seconds for the root, made or found in the cache'), Math.round((performance.now() - begun) / 1000));
  const place = join(lab.place, system.suite);
  const machine = await Machine.start({ root, place, hostname: `fresh-${system.suite}`, environment: settings.environment, signal }, async (upper) => {
    laySettings(settings, upper);
    await cloneInto(join(upper, 'root'));
    if (lab.sabotage === 'build') appendFileSync(join(upper, clone, 'sensor/probe/probe.bpf.c'), '\nthis is not C\n');
  });
  try {
    await machine.run(['update-ca-certificates'], 60_000);
    await play({ lab, system, machine, signal, named });
  } finally {
    await machine.stop();
    lab.report.row(named('nothing of the machine is left: processes, mounts, files'), [], machine.leftovers());
    const answers = await fetch(`${address}/livez`).then(() => 'it answers', () => 'nobody answers');
    lab.report.row(named(`port ${port} is free again`), 'nobody answers', answers);
  }
}
