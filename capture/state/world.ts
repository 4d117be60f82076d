/**
 * All that a recording has told so far: machine, interfaces, people, containers, threads. Every table is bounded; what is
 * not kept is counted. A new section of the file starts over.
 */
import type { Address } from '@vedette/rules/address';
import { addressText, familyOf } from '@vedette/rules/address';
import { readDescriptors, readInterfaces, readMachine, readPeople, readThreads, type Machine, type RecordedGroup, type RecordedInterface, type RecordedThread, type RecordedUser } from '../file/lists.ts';
import { blockTypes } from '../file/blocks.ts';
import { containerIdOf, Containers } from './containers.ts';
import { addressOfBytes, descriptorOfRecord, endsText, turned, type Descriptor } from './descriptor.ts';
import { Thread } from './thread.ts';

const threadsMax = 131_072;
const peopleMax = 100_000;
const interfacesMax = 10_000;
const ancestorsMax = 256;

export interface WorldLoss {
  /** Threads that did not fit in the table. */
  threads: number;
  descriptors: number;
  people: number;
}

export class World {
  machine: Machine | null = null;
  readonly #interfaces: { readonly address: Address; readonly mask: Buffer }[] = [];
  readonly #addresses = new Set<string>();
  readonly #subnets = new Set<string>();
  readonly users = new Map<string, RecordedUser>();
  readonly groups = new Map<string, RecordedGroup>();
  readonly containers = new Containers();
  readonly threads = new Map<number, Thread>();
  readonly lost: WorldLoss = { threads: 0, descriptors: 0, people: 0 };
  #serverPorts: Set<number> | null = new Set();
  #pending: { readonly tid: number; readonly fd: number }[] = [];

  /** A block that is not an event; throws `Broken`. False: nothing here reads it. */
  readBlock(type: number, bytes: Buffer, start: number, end: number): boolean {
    if (type === blockTypes.machine) this.machine = readMachine(bytes, start, end);
    else if (type === blockTypes.interfaces || type === blockTypes.interfaces2) for (const one of readInterfaces(type, bytes, start, end)) this.#addInterface(one);
    else if (type === blockTypes.users || type === blockTypes.users2) readPeople(type, bytes, start, end, (user) => this.addUser('', user), (group) => this.addGroup('', group));
    else if (type === blockTypes.descriptors || type === blockTypes.descriptors2) readDescriptors(type, bytes, start, end, (tid, one) => this.#addDescriptor(tid, one.fd, descriptorOfRecord(one)));
    else if (blockTypes.processes.some((one) => one === type)) readThreads(type, bytes, start, end, (one) => this.#addRecorded(one));
    else return false;
    return true;
  }

  /** Before the first event: of the connections that were open, those of a listening port are seen from their client's side. */
  settle(): void {
    const ports = this.#serverPorts;
    if (ports === null) return;
    for (const { tid, fd } of this.#pending) {
      const thread = this.threads.get(tid);
      const one = thread?.descriptors.get(fd);
      if (thread === undefined || one === null || one === undefined || one.ends === null) continue;
      const isServer = ports.has(one.ends.sourcePort);
      const ends = isServer ? turned(one.ends) : one.ends;
      thread.descriptors.set(fd, { ...one, ends, role: isServer ? 'server' : 'client', name: endsText(ends) });
    }
    this.#pending = [];
    this.#serverPorts = null;
    for (const thread of this.threads.values()) if (!thread.leads && this.threads.has(thread.pid)) this.main(thread).threads += 1;
  }

  addUser(containerId: string, user: RecordedUser): void {
    if (this.users.size >= peopleMax) this.lost.people += 1;
    else this.users.set(`${containerId}/${user.uid}`, user);
  }

  addGroup(containerId: string, group: RecordedGroup): void {
    if (this.groups.size >= peopleMax) this.lost.people += 1;
    else this.groups.set(`${containerId}/${group.gid}`, group);
  }

  user(thread: Thread | null, uid: number): RecordedUser | null {
    return this.users.get(`${(thread === null ? null : this.containerOf(thread)) ?? ''}/${uid}`) ?? null;
  }

  group(thread: Thread | null, gid: number): RecordedGroup | null {
    return this.groups.get(`${(thread === null ? null : this.containerOf(thread)) ?? ''}/${gid}`) ?? null;
  }

  containerOf(thread: Thread): string | null {
    if (thread.containerId === undefined) thread.containerId = containerIdOf(thread.cgroups);
    return thread.containerId;
  }

  /** Of the machine, as far as is told: an address of IPv6 by its subnet. In a container its own address counts, and of IPv6 none. */
  isLocal(address: Address, thread: Thread | null): boolean {
    const containerId = thread === null ? null : this.containerOf(thread);
    if (familyOf(address) !== 4) return containerId === null && this.#subnets.has(keyOf(address.subarray(0, 8)));
    const ip = containerId === null ? null : (this.containers.get(containerId)?.ip ?? '');
    if (ip === '') return this.containers.hasIp(addressText(address));
    return ip === addressText(address) || this.#addresses.has(keyOf(address));
  }

  /** Of the machine's own addresses the one that would talk to this: itself, one in its subnet, or the first that is not the loopback. */
  addressTowards(address: Address): Address | null {
    const family = this.#interfaces.filter((one) => familyOf(one.address) === familyOf(address));
    const near = (one: { readonly address: Address; readonly mask: Buffer }) =>
      one.mask.every((bits, index) => ((one.address[16 - one.mask.length + index] ?? 0) & bits) === ((address[16 - one.mask.length + index] ?? 0) & bits));
    const found = family.find((one) => keyOf(one.address) === keyOf(address)) ?? family.find(near) ?? family.find((one) => !isLoopback(one.address));
    return found?.address ?? null;
  }

  /** The thread, or a stand-in for one that was never introduced; null: the table is full. */
  thread(tid: number): Thread | null {
    const known = this.threads.get(tid);
    if (known !== undefined) return known;
    const standIn = new Thread(tid, -1);
    return this.add(standIn) ? standIn : null;
  }

  add(thread: Thread): boolean {
    if (this.threads.size >= threadsMax && !this.threads.has(thread.tid)) {
      this.lost.threads += 1;
      return false;
    }
    this.threads.set(thread.tid, thread);
    return true;
  }

  main(thread: Thread): Thread {
    return thread.leads || thread.isStandIn ? thread : (this.threads.get(thread.pid) ?? thread);
  }

  descriptor(thread: Thread, fd: number): Descriptor | null {
    return fd < 0 ? null : this.main(thread).descriptors.get(fd);
  }

  setDescriptor(thread: Thread, fd: number, descriptor: Descriptor): void {
    if (!this.main(thread).descriptors.set(fd, descriptor)) this.lost.descriptors += 1;
  }

  parent(thread: Thread): Thread | null {
    return thread.ptid < 0 || thread.ptid === thread.tid ? null : (this.threads.get(thread.ptid) ?? null);
  }

  /** 0: the main thread of its own process. */
  ancestor(thread: Thread, level: number): Thread | null {
    let one: Thread | null = this.main(thread);
    for (let step = 0; step < Math.min(level, ancestorsMax) && one !== null; step += 1) one = this.parent(one);
    return level > ancestorsMax ? null : one;
  }

  ancestorCount(thread: Thread): number {
    const seen = new Set<Thread>();
    let one = this.parent(this.main(thread));
    while (one !== null && !seen.has(one) && seen.size < ancestorsMax) {
      seen.add(one);
      one = this.parent(one);
    }
    return seen.size;
  }

  #addInterface(one: RecordedInterface): void {
    const address = addressOfBytes(one.address);
    if (this.#interfaces.length < interfacesMax) this.#interfaces.push({ address, mask: one.mask });
    if (this.#addresses.size >= interfacesMax) return;
    this.#addresses.add(keyOf(address));
    if (one.address.length === 16) this.#subnets.add(keyOf(address.subarray(0, 8)));
  }

  #addDescriptor(tid: number, fd: number, descriptor: Descriptor): void {
    const thread = this.threads.get(tid);
    if (thread === undefined) return;
    if (!thread.descriptors.set(fd, descriptor)) {
      this.lost.descriptors += 1;
      return;
    }
    if (descriptor.kind === 'ipv4server' || descriptor.kind === 'ipv6server') this.#serverPorts?.add(descriptor.ends?.destinationPort ?? 0);
    else if (descriptor.ends !== null && this.#serverPorts !== null) this.#pending.push({ tid, fd });
  }

  #addRecorded(one: RecordedThread): void {
    const thread = new Thread(one.tid, one.pid);
    const { ptid, sid, vpgid, pgid, comm, exe, exepath, args, env, uid, gid, loginuid, tty, fdLimit, exeFlags, capabilities, exeInode, exeCtimeNs, exeMtimeNs, pidnsStartNs, cgroups } = one;
    Object.assign(thread, { ptid, sid, vpgid, pgid, comm, exe, exepath, args, env, uid, gid, loginuid, tty, fdLimit, exeFlags, capabilities, exeInode, exeCtimeNs, exeMtimeNs, pidnsStartNs, cgroups });
    thread.vtid = one.vtid >= 0 ? one.vtid : one.tid;
    thread.vpid = one.vpid >= 0 ? one.vpid : one.pid;
    thread.cwd = one.cwd;
    thread.root = one.root === '' ? '/' : one.root;
    thread.cloneFlags = one.flags;
    thread.vmSizeKib = one.memory.sizeKib;
    thread.vmResidentKib = one.memory.residentKib;
    thread.vmSwapKib = one.memory.swapKib;
    thread.majorFaults = one.memory.majorFaults;
    thread.minorFaults = one.memory.minorFaults;
    this.add(thread);
  }
}

function keyOf(address: Address): string {
  return Buffer.from(address).toString('latin1');
}

function isLoopback(address: Address): boolean {
  return familyOf(address) === 4 ? address[12] === 127 : address.every((byte, index) => byte === (index === 15 ? 1 : 0));
}
