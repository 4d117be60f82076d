/** The `vedette` command as a pipeline calls it, on this machine; and inside of the hub's own container. */
import { join } from 'node:path';
import { projectRoot } from '../borders/borders.ts';
import { run, type RunResult } from '../containers/run.ts';
import { namespace, release, type Scene } from './scene.ts';

export async function vedette(scene: Scene, args: readonly string[], env: Readonly<Record<string, string>> = {}, accept: readonly number[] = [1, 2]): Promise<RunResult> {
  return await run(process.execPath, [join(projectRoot(), 'cli', 'main.ts'), ...args], { env: { VEDETTE_STATE: join(scene.lab.place, 'pipeline'), ...env }, accept });
}

/** `vedette …` by kubectl exec in the hub's Pod. */
export async function vedetteInHub(scene: Scene, args: readonly string[]): Promise<RunResult> {
  return await scene.first.plane.client.kubectl(['exec', '--namespace', namespace, `deployment/${release}-hub`, '--', 'vedette', ...args], { timeoutMs: 120_000 });
}
