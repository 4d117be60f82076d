/**
 * A plain host beside the clusters: its own cgroup, a containerd of its own whose containers are below that cgroup, and a sensor that
 * `vedette join` has started, limited to that cgroup.
 */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { PrivateContainerd } from '../containers/containerd.ts';
import { cgroupHierarchies } from '../kubernetes/sweep.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import type { Scene } from './scene.ts';

const name = 'vedette-plain-host';
/** As the fleet shows it: plain hosts are in a place of their own. */
export const hostsCluster = 'hosts';

export interface PlainHost {
  readonly cgroup: string;
  readonly sensor: JoinedSensor;
  /** Starts a program in the host's cgroup. */
  run(command: string, args: readonly string[]): ChildProcess;
  /** Pulls an image from a registry without TLS and runs it; no cluster knows of it. */
  runContainer(image: string, id: string): Promise<void>;
}

export async function startPlainHost(scene: Scene): Promise<PlainHost> {
  const { token } = await scene.api.call('createJoinToken', { body: { cluster: hostsCluster } });
  const hierarchy = cgroupHierarchies().find((one) => one.endsWith('/pids')) ?? cgroupHierarchies()[0]!;
  const cgroup = join(hierarchy, name);
  mkdirSync(cgroup, { recursive: true });
  // the runtime makes the directory in the other hierarchies too
  scene.stops.push(async () => cgroupHierarchies().map((one) => join(one, name)).filter((one) => existsSync(one)).forEach((one) => rmdirSync(one)));
  const containerd = new PrivateContainerd(join(scene.lab.place, 'plain-host-containerd'), 'plain');
  scene.stops.push(async () => await containerd.stop());
  await containerd.start();
  const children: ChildProcess[] = [];
  scene.stops.push(async () => await Promise.all(children.map(ended)).then(() => undefined));
  const sensor = new JoinedSensor({ state: join(scene.lab.place, 'plain-host'), token, cgroup, args: ['--containerd-socket', containerd.socket] });
  scene.stops.push(async () => await sensor.stop());
  await sensor.start();
  return {
    cgroup,
    sensor,
    run(command, args) {
      // the shell moves itself before it becomes the program, so that nothing of it runs elsewhere
      const child = spawn('sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup, command, ...args], { stdio: 'ignore' });
      children.push(child);
      return child;
    },
    async runContainer(image, id) {
      await containerd.ctr(['images', 'pull', '--plain-http', '--snapshotter', 'overlayfs', image]);
      await containerd.runContainer(image, id, [], ['--cgroup', `/${name}/${id}`]);
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
