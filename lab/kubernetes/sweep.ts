/**
 * Removes from this machine what bears the number of a slot, or of one node in it: processes by the mark in their
 * environment, everything in the node's cgroups, mounts below the cluster's directory (network namespaces are mounts too),
 * bridges with what hangs on them, the kernel's Service rules, and what containerd, the network plug-ins and kubelet keep in
 * places that cannot be configured. Works from what the kernel says, so it does not matter who made a thing and whether they
 * still live. Also tells what of it there is, which is how a lab proves that nothing was left.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../containers/run.ts';

/** In the environment of every process of a cluster: SLOT/PART. */
export const marker = 'VEDETTE_LAB_KUBERNETES';
const networkResults = '/var/lib/cni/results';
const containerLogs = '/var/log/containers';
/** Rounds of looking and killing before a process counts as unkillable. */
const roundsMax = 100;

export interface SweepKnowledge {
  readonly directory: string;
  readonly services: boolean;
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter((one) => one !== '');
  } catch {
    // gone since it was listed
    return [];
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** By the mark in their environment; containers do not have it, they are found by their cgroup. */
export function markedProcesses(number: number, part: string | null): number[] {
  const wanted = part === null ? `${marker}=${number}/` : `${marker}=${number}/${part}\0`;
  return namesIn('/proc').filter((one) => /^\d+$/.test(one)).map(Number).filter((pid) => {
    if (pid === process.pid) return false;
    try {
      return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(`\0${wanted}`);
    } catch {
      return false;
    }
  });
}

export function cgroupHierarchies(): string[] {
  return linesOf('/proc/self/mounts').map((line) => line.split(' ')).filter(([, , type]) => type === 'cgroup' || type === 'cgroup2').map(([, path]) => path!);
}

/** The cgroups of a slot's nodes, or of one node's, in every hierarchy. */
export function cgroupsOf(number: number, node: number | null): string[] {
  const pattern = node === null ? new RegExp(`^vedette-k${number}n\\d+$`) : new RegExp(`^vedette-k${number}n${node}$`);
  return cgroupHierarchies().flatMap((hierarchy) => namesIn(hierarchy).filter((one) => pattern.test(one)).map((one) => join(hierarchy, one)));
}

function cgroupTree(top: string): string[] {
  const below = namesIn(top).map((one) => join(top, one)).filter((one) => {
    try {
      return lstatSync(one).isDirectory();
    } catch {
      return false;
    }
  });
  return [...below.flatMap(cgroupTree), top];
}

async function killAll(find: () => number[]): Promise<void> {
  for (let round = 0; round < roundsMax; round++) {
    const pids = find().filter((pid) => pid > 1 && pid !== process.pid);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended on its own
      }
    }
    await sleep(20);
  }
  throw new Error(`these processes do not end by SIGKILL: ${find().join(', ')}`);
}

async function removeCgroups(number: number, node: number | null): Promise<void> {
  const tops = cgroupsOf(number, node);
  await killAll(() => tops.flatMap(cgroupTree).flatMap((one) => linesOf(join(one, 'cgroup.procs')).map(Number)));
  for (const one of tops.flatMap(cgroupTree)) {
    for (let round = 0; round < roundsMax && existsSync(one); round++) {
      try {
        rmdirSync(one);
      } catch {
        // the kernel lets go of the last process a moment after it ended
        await sleep(20);
      }
    }
  }
}

export function mountsBelow(directory: string): string[] {
  if (directory === '') return [];
  const unescape = (path: string) => path.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return linesOf('/proc/self/mounts').map((line) => unescape(line.split(' ')[1] ?? '')).filter((path) => path.startsWith(`${directory}/`));
}

async function unmountBelow(directory: string): Promise<void> {
  // one over another on the same place shows itself only when the upper is gone
  for (let round = 0; round < 10; round++) {
    const mounts = mountsBelow(directory).toReversed();
    if (mounts.length === 0) return;
    for (const path of mounts) await run('umount', ['--lazy', path], { accept: [1, 32] });
  }
}

export function linksOf(number: number, node: number | null): string[] {
  const pattern = node === null ? new RegExp(`^vedk${number}(?:n\\d+)?$`) : new RegExp(`^vedk${number}n${node}$`);
  return namesIn('/sys/class/net').filter((one) => pattern.test(one));
}

async function removeLinks(number: number, node: number | null): Promise<void> {
  for (const bridge of linksOf(number, node)) {
    for (const port of namesIn(`/sys/class/net/${bridge}/brif`)) await run('ip', ['link', 'delete', port], { accept: [1, 2] });
    await run('ip', ['link', 'delete', bridge], { accept: [1, 2] });
  }
}

export async function serviceTables(): Promise<string[]> {
  const { stdout } = await run('nft', ['list', 'tables'], { accept: [1] });
  return stdout.split('\n').map((line) => line.replace(/^table /, '').trim()).filter((one) => /^(?:ip|ip6) kube-proxy$/.test(one));
}

async function removeServices(): Promise<void> {
  for (const table of await serviceTables()) await run('nft', ['delete', 'table', ...table.split(' ')], { accept: [1] });
}

/** containerd's shims listen outside of its own directories; each bundle says where. */
function removeShimSockets(state: string): void {
  const tasks = join(state, 'io.containerd.runtime.v2.task', 'k8s.io');
  for (const id of namesIn(tasks)) {
    const socket = linesOf(join(tasks, id, 'address'))[0]?.replace(/^unix:\/\//, '');
    if (socket?.startsWith('/run/containerd/s/')) rmSync(socket, { force: true });
  }
}

/** What a plug-in remembers of a Pod's network names the Pod's namespace, which is a file below our directory. */
function networkResultsOf(directory: string): string[] {
  if (directory === '') return [];
  return namesIn(networkResults).map((one) => join(networkResults, one)).filter((path) => linesOf(path).some((line) => line.includes(`"${directory}/`)));
}

function removeNetworkResults(directory: string): void {
  for (const path of networkResultsOf(directory)) rmSync(path, { force: true });
  for (const empty of [networkResults, '/var/lib/cni']) removeEmpty(empty);
}

function logLinksOf(directory: string): string[] {
  if (directory === '') return [];
  return namesIn(containerLogs).map((one) => join(containerLogs, one)).filter((path) => {
    try {
      return readlinkSync(path).startsWith(`${directory}/`);
    } catch {
      // a file of somebody else's
      return false;
    }
  });
}

function removeLogLinks(directory: string): void {
  for (const path of logLinksOf(directory)) rmSync(path, { force: true });
  removeEmpty(containerLogs);
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // not there, or in use by something else
  }
}

/** For when no cluster of ours is left: every kubelet opens this, wherever else its files are. */
export function removeDeviceSocket(): void {
  rmSync('/var/lib/kubelet/device-plugins/kubelet.sock', { force: true });
  for (const empty of ['/var/lib/kubelet/device-plugins', '/var/lib/kubelet']) removeEmpty(empty);
}

/** The part of a node in the marks of its processes. */
export function nodePart(node: number): string {
  return `node${node}`;
}

/** All of a slot, or one node of it. */
export async function sweepSlot(number: number, node: number | null, knowledge: SweepKnowledge): Promise<void> {
  await killAll(() => markedProcesses(number, node === null ? null : nodePart(node)));
  await removeCgroups(number, node);
  const directory = node === null || knowledge.directory === '' ? knowledge.directory : join(knowledge.directory, nodePart(node));
  const nodes = node === null && directory !== '' ? namesIn(directory).filter((one) => /^node\d+$/.test(one)).map((one) => join(directory, one)) : [directory];
  for (const one of nodes) removeShimSockets(join(one, 'containerd', 'state'));
  await unmountBelow(directory);
  await removeLinks(number, node);
  removeNetworkResults(directory);
  removeLogLinks(directory);
  if (knowledge.services) await removeServices();
}

/** Everything of a slot, or of one node in it, that there still is on this machine, as sentences. */
export async function leftoversOf(number: number, node: number | null, knowledge: SweepKnowledge): Promise<string[]> {
  const directory = node === null ? knowledge.directory : join(knowledge.directory, nodePart(node));
  const tables = knowledge.services ? await serviceTables() : [];
  return [
    ...markedProcesses(number, node === null ? null : nodePart(node)).map((pid) => `process ${pid} ${linesOf(`/proc/${pid}/comm`)[0] ?? ''}`),
    ...cgroupsOf(number, node).map((path) => `cgroup ${path}`),
    ...mountsBelow(directory).map((path) => `mount ${path}`),
    ...linksOf(number, node).map((name) => `network link ${name}`),
    ...networkResultsOf(directory).map((path) => `network result ${path}`),
    ...logLinksOf(directory).map((path) => `log ${path}`),
    ...tables.map((one) => `nft table ${one}`),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ];
}
