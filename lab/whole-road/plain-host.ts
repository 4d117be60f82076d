/** A plain host beside the clusters: its own cgroup, a sensor that `vedette join` has started, limited to that cgroup. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { cgroupHierarchies } from '../kubernetes/sweep.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import type { Scene } from './scene.ts';

const name = 'vedette-plain-host';

export interface PlainHost {
  readonly cgroup: string;
  readonly sensor: JoinedSensor;
  /** Starts a program in the host's cgroup. */
  run(command: string, args: readonly string[]): ChildProcess;
}

export async function startPlainHost(scene: Scene): Promise<PlainHost> {
  const { token } = await scene.api.call('createJoinToken', { body: { cluster: 'hosts' } });
  const hierarchy = cgroupHierarchies().find((one) => one.endsWith('/pids')) ?? cgroupHierarchies()[0]!;
  const cgroup = join(hierarchy, name);
  mkdirSync(cgroup, { recursive: true });
  const sensor = new JoinedSensor({ state: join(scene.lab.place, 'plain-host'), token, cgroup });
  scene.stops.push(async () => {
    await sensor.stop();
    rmdirSync(cgroup);
  });
  await sensor.start();
  return {
    cgroup,
    sensor,
    run(command, args) {
      // the shell moves itself before it becomes the program, so that nothing of it runs elsewhere
      const child = spawn('sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      return child;
    },
  };
}

