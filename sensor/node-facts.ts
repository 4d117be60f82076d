/** Facts about this node that a person recognises it by. Facts, never identity: cloned machines share most of them. */
import { readFileSync, readlinkSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import { version } from '@vedette/model/version';

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]!.trim();
  } catch {
    return '';
  }
}

/** In a pod the own /etc is that of the image: the node's is looked at through its first process. */
function hostFile(path: string, inPod: boolean): string {
  return inPod ? `/proc/1/root${path}` : path;
}

/** What the symbolic link at this path says, in the root of that process; null: there is none, or it cannot be looked at. */
export function linkOf(tgid: number, path: string): string | null {
  try {
    return tgid <= 0 ? null : readlinkSync(`/proc/${tgid}/root${path}`);
  } catch {
    return null;
  }
}

function distribution(inPod: boolean): string {
  try {
    const line = readFileSync(hostFile('/etc/os-release', inPod), 'utf8').split('\n').find((one) => one.startsWith('PRETTY_NAME='));
    return (line ?? '').slice('PRETTY_NAME='.length).replace(/^"|"$/g, '');
  } catch {
    return '';
  }
}

/** v1: the pids controller is in a v1 hierarchy and there is no unified one; hybrid: both. */
function cgroupMode(): string {
  const mounts = firstLinesOf('/proc/self/mounts');
  const hasV2 = mounts.some((one) => one.split(' ')[2] === 'cgroup2');
  const hasV1 = mounts.some((one) => one.split(' ')[2] === 'cgroup' && (one.split(' ')[3] ?? '').split(',').includes('pids'));
  return hasV1 ? (hasV2 ? 'hybrid' : 'v1') : hasV2 ? 'v2' : 'none';
}

function firstLinesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

const machines: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** `kubernetesNode`: the name of the node in its cluster, when the sensor runs there in a pod; null elsewhere. */
export function nodeFacts(bootId: string, kubernetesNode: string | null) {
  const inPod = kubernetesNode !== null;
  return {
    hostname: kubernetesNode === null || kubernetesNode === '' ? hostname() : kubernetesNode,
    kernelRelease: release(),
    architecture: machines[arch()] ?? arch(),
    distribution: distribution(inPod),
    bootId,
    machineId: firstLine(hostFile('/etc/machine-id', inPod)),
    sensorVersion: version,
    cgroupMode: cgroupMode(),
  };
}

/** Names of the host's users by their ids; a host whose users come from a directory service answers null for those. */
export function hostUserNames(inPod: boolean): (uid: number) => string | null {
  const names = new Map<number, string>();
  for (const line of firstLinesOf(hostFile('/etc/passwd', inPod))) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return (uid) => names.get(uid) ?? null;
}
