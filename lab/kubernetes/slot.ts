/**
 * A numbered place for one cluster on this machine: everything that a cluster makes outside of its own directory (bridges,
 * cgroups, processes, addresses) bears the number, so that it can be found again and removed whoever made it. A slot is held
 * through an abstract socket, which the kernel lets go of when its owner dies, however it dies; the next one to come sweeps
 * what a dead owner left. Sixteen slots, each with up to fifteen nodes. The networks are 10.244.0.0/16 for Pods and
 * 10.96.0.0/16 for Services, in slices; a machine that uses these itself cannot run this.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { marker, removeDeviceSocket, sweepSlot, type SweepKnowledge } from './sweep.ts';

const slotsMax = 16;
export const nodesMax = 15;
const recordsRoot = '/run/vedette-lab/kubernetes';

/** In a directory that a sweep may remove. */
const ownedFile = '.vedette-lab-kubernetes';

const slotRecord = z.object({ directory: z.string(), services: z.boolean(), forwarding: z.string() });
export type SlotRecord = z.infer<typeof slotRecord>;

function hold(name: string): Promise<Server | null> {
  return new Promise((resolve_, reject) => {
    const server = createServer().unref();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve_(null) : reject(error)));
    server.listen(`\0vedette-lab-kubernetes-${name}`, () => resolve_(server));
  });
}

function letGo(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}

function recordPath(number: number): string {
  return join(recordsRoot, `${number}.json`);
}

function recordOf(number: number): SlotRecord | null {
  if (!existsSync(recordPath(number))) return null;
  try {
    return slotRecord.parse(JSON.parse(readFileSync(recordPath(number), 'utf8')));
  } catch {
    // written by half: nothing was made yet when it is written
    return { directory: '', services: false, forwarding: '' };
  }
}

const forwardingFile = '/proc/sys/net/ipv4/ip_forward';

export class Slot {
  readonly number: number;
  readonly directory: string;
  readonly #held: Server;
  #services: Server | null = null;
  #forwarding: string;

  private constructor(number: number, directory: string, held: Server) {
    this.number = number;
    this.directory = directory;
    this.#held = held;
    this.#forwarding = readFileSync(forwardingFile, 'utf8').trim();
  }

  /** Sweeps what dead owners left, then takes the first free slot; `directory` is made, and must not hold anything yet. */
  static async claim(directory: string): Promise<Slot> {
    await sweepDead();
    for (let number = 0; number < slotsMax; number++) {
      const held = await hold(`slot-${number}`);
      if (held === null) continue;
      const slot = new Slot(number, resolve(directory), held);
      if (existsSync(slot.directory) && readdirSync(slot.directory).length > 0) {
        await letGo(held);
        throw new Error(`${slot.directory} is not empty: a cluster begins in a directory of its own`);
      }
      mkdirSync(slot.directory, { recursive: true });
      writeFileSync(join(slot.directory, ownedFile), '');
      slot.#record();
      return slot;
    }
    throw new Error(`all ${slotsMax} slots for clusters on this machine are taken by processes that live`);
  }

  #record(): void {
    mkdirSync(recordsRoot, { recursive: true });
    writeFileSync(recordPath(this.number), JSON.stringify({ directory: this.directory, services: this.#services !== null, forwarding: this.#forwarding } satisfies SlotRecord));
  }

  /** An address of this machine alone, for what only this machine should reach: the slot's own, or one of a node's. */
  loopback(node: number | null): string {
    return `127.77.${this.number}.${node === null ? 1 : 10 + node}`;
  }

  /** Of the control plane, or of a node. */
  bridge(node: number | null): string {
    return node === null ? `vedk${this.number}` : `vedk${this.number}n${node}`;
  }

  /** The address of the control plane or of a node, which is the gateway of the node's Pods. */
  address(node: number | null): string {
    return `10.244.${this.#third(node ?? nodesMax)}.1`;
  }

  podSubnet(node: number): string {
    return `10.244.${this.#third(node)}.0/24`;
  }

  get podNetwork(): string {
    return `10.244.${this.number * 16}.0/20`;
  }

  get serviceNetwork(): string {
    return `10.96.${this.number * 16}.0/20`;
  }

  /** The first address of the Services: that of the API server. */
  get apiService(): string {
    return `10.96.${this.number * 16}.1`;
  }

  cgroup(node: number): string {
    return `vedette-k${this.number}n${node}`;
  }

  mark(part: string): Readonly<Record<string, string>> {
    return { [marker]: `${this.number}/${part}` };
  }

  #third(node: number): number {
    if (!Number.isInteger(node) || node < 0 || node > nodesMax) throw new Error(`a cluster has nodes 0 to ${nodesMax - 1}, not ${node}`);
    return this.number * 16 + node;
  }

  /**
   * The rules that lead a Service's address to its Pods have one name on a machine, whichever cluster they are of: only one
   * cluster at a time may have them.
   */
  async claimServices(): Promise<void> {
    if (this.#services !== null) return;
    this.#services = await hold('services');
    if (this.#services === null) throw new Error('another cluster on this machine has its Services in the kernel already: kube-proxy knows one cluster a machine');
    this.#record();
    // rules that a dead cluster left must not be swept when they are ours
    await sweepDead();
  }

  /** What a look for leftovers, or a sweep, needs to know. */
  get knowledge(): SweepKnowledge {
    return { directory: this.directory, services: this.#services !== null };
  }

  /** Removes everything that bears the number, and lets go of it. */
  async release(options: { readonly keepDirectory?: boolean } = {}): Promise<void> {
    await sweepSlot(this.number, null, this.knowledge);
    if (options.keepDirectory !== true) removeDirectory(this.directory);
    await endOfRecord(this.number, this.#forwarding);
    if (this.#services !== null) await letGo(this.#services);
    this.#services = null;
    await letGo(this.#held);
  }
}

function removeDirectory(directory: string): void {
  if (directory === '' || !existsSync(join(directory, ownedFile))) return;
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** This machine is a node of somebody's cluster: its kubelet's places are not ours. */
export function isKubeletOfMachine(): boolean {
  return ['pki', 'config.yaml', 'pods'].some((one) => existsSync(join('/var/lib/kubelet', one)));
}

/** The network plug-ins switch forwarding on for the whole machine; the last cluster to go puts back what was. */
async function endOfRecord(number: number, forwarding: string): Promise<void> {
  rmSync(recordPath(number), { force: true });
  const others = existsSync(recordsRoot) ? readdirSync(recordsRoot).filter((one) => one.endsWith('.json')) : [];
  if (others.length > 0) {
    // whoever is last knows only what it found: it is told what this one found
    for (const one of others) {
      const other = recordOf(Number.parseInt(one, 10));
      if (other !== null && forwarding === '0') writeFileSync(join(recordsRoot, one), JSON.stringify({ ...other, forwarding }));
    }
    return;
  }
  if (!isKubeletOfMachine()) removeDeviceSocket();
  if (forwarding !== '' && readFileSync(forwardingFile, 'utf8').trim() !== forwarding) writeFileSync(forwardingFile, forwarding);
}

/** The numbers of slots whose owner is gone and left something; each is swept. */
export async function sweepDead(): Promise<number[]> {
  const swept: number[] = [];
  for (let number = 0; number < slotsMax; number++) {
    const record = recordOf(number);
    if (record === null) continue;
    const held = await hold(`slot-${number}`);
    if (held === null) continue;
    try {
      // between two looks another may have done it
      if (recordOf(number) === null) continue;
      await sweepSlot(number, null, record);
      removeDirectory(record.directory);
      await endOfRecord(number, record.forwarding);
      swept.push(number);
    } finally {
      await letGo(held);
    }
  }
  if (swept.length > 0) await sleep(50);
  return swept;
}
