/** Facts about this node that a person recognises it by. Facts, never identity: cloned machines share most of them. */
import { readFileSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';

export const sensorVersion = '0.1.0';

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]!.trim();
  } catch {
    return '';
  }
}

function distribution(): string {
  try {
    const line = readFileSync('/etc/os-release', 'utf8').split('\n').find((one) => one.startsWith('PRETTY_NAME='));
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

export function nodeFacts(bootId: string) {
  return {
    hostname: hostname(),
    kernelRelease: release(),
    architecture: machines[arch()] ?? arch(),
    distribution: distribution(),
    bootId,
    machineId: firstLine('/etc/machine-id'),
    sensorVersion,
    cgroupMode: cgroupMode(),
  };
}

/** Names of the host's users by their ids; a host whose users come from a directory service answers null for those. */
export function hostUserNames(): (uid: number) => string | null {
  const names = new Map<number, string>();
  for (const line of firstLinesOf('/etc/passwd')) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return (uid) => names.get(uid) ?? null;
}
