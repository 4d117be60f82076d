/**
 * A disk that fails on purpose. It refuses (full, input/output errors), kills the process in the middle of any call
 * (`SimulatedCrash`, with a write done only in part), loses what was not synced (`losePower`), and flips bits. Killed
 * processes lose nothing that was written, as with a real kernel; lost power keeps any part of the unsynced writes.
 */
import type { Disk, DiskFile } from '@vedette/link/spool/disk';
import { DiskFailure } from '@vedette/link/spool/disk';
import type { Random } from './random.ts';

export class SimulatedCrash extends Error {}

interface Content {
  bytes: Uint8Array;
  /** What a power failure leaves at least. */
  synced: Uint8Array;
}

export interface DiskFaults {
  /** Chance of any call to fail with EIO. */
  errors: number;
  /** No write may make the disk hold more. */
  bytesMax: number;
  /** The process dies in the call after this many; undefined: never. */
  crashAfterCalls: number | undefined;
}

export function noFaults(): DiskFaults {
  return { errors: 0, bytesMax: Number.POSITIVE_INFINITY, crashAfterCalls: undefined };
}

export class SimDisk implements Disk {
  faults: DiskFaults = noFaults();
  readonly #random: Random;
  #files = new Map<string, Content>();
  /** The names that a power failure cannot take back. */
  #syncedFiles = new Map<string, Content>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** A copy of the directory at this instant, as a cloned machine would have it. */
  clone(random: Random): SimDisk {
    const copy = new SimDisk(random);
    for (const [name, { bytes }] of this.#files) copy.#files.set(name, { bytes: bytes.slice(), synced: bytes.slice() });
    copy.#syncedFiles = new Map(copy.#files);
    return copy;
  }

  names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Removes a file for good, as a person would: no fault can stop it. */
  erase(name: string): void {
    this.#files.delete(name);
    this.#syncedFiles.delete(name);
  }

  get used(): number {
    let sum = 0;
    for (const { bytes } of this.#files.values()) sum += bytes.length;
    return sum;
  }

  losePower(): void {
    const after = new Map<string, Content>();
    for (const [name, content] of this.#syncedFiles) {
      if (this.#files.get(name) === content || this.#random.happens(0.5)) after.set(name, content);
    }
    for (const [name, content] of this.#files) {
      if (this.#syncedFiles.get(name) === content || this.#random.happens(0.5)) after.set(name, content);
    }
    for (const content of after.values()) {
      content.bytes = this.#survivingBytes(content);
      content.synced = content.bytes.slice();
    }
    this.#files = after;
    this.#syncedFiles = new Map(after);
  }

  /** Flips one bit of a file whose name begins so; yields the name. */
  rot(prefix: string): string | undefined {
    const names = [...this.#files.keys()].filter((name) => name.startsWith(prefix) && (this.#files.get(name)?.bytes.length ?? 0) > 0);
    const name = names[this.#random.below(names.length)];
    if (name === undefined) return undefined;
    const { bytes } = this.#files.get(name)!;
    const at = this.#random.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << this.#random.below(8));
    return name;
  }

  list(): readonly string[] | DiskFailure {
    return this.#failure() ?? [...this.#files.keys()];
  }

  open(name: string): DiskFile | DiskFailure {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    const content = this.#files.get(name) ?? { bytes: new Uint8Array(0), synced: new Uint8Array(0) };
    this.#files.set(name, content);
    return new SimFile(this, content);
  }

  remove(name: string): DiskFailure | undefined {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    this.#files.delete(name);
    this.#crashHalfWay();
    return undefined;
  }

  syncDirectory(): DiskFailure | undefined {
    const failure = this.#failure();
    if (failure === undefined) this.#syncedFiles = new Map(this.#files);
    return failure;
  }

  read({ bytes }: Content, offset: number, length: number): Uint8Array | DiskFailure {
    return this.#failure() ?? bytes.slice(offset, offset + length);
  }

  write(content: Content, offset: number, bytes: Uint8Array): number | DiskFailure {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    const crash = this.#dies();
    let length = crash ? this.#random.below(bytes.length + 1) : bytes.length;
    const growth = offset + length - content.bytes.length;
    const room = this.faults.bytesMax - this.used;
    if (growth > 0 && growth > room) length = Math.max(0, length - (growth - Math.max(0, room)));
    if (length === 0 && !crash && bytes.length > 0) return new DiskFailure('ENOSPC', 'no space left on the simulated device');
    if (offset + length > content.bytes.length) {
      const grown = new Uint8Array(offset + length);
      grown.set(content.bytes);
      content.bytes = grown;
    }
    content.bytes.set(bytes.subarray(0, length), offset);
    if (crash) throw new SimulatedCrash();
    return length;
  }

  truncate(content: Content, size: number): DiskFailure | undefined {
    const failure = this.#failure();
    if (failure !== undefined) return failure;
    content.bytes = size <= content.bytes.length ? content.bytes.slice(0, size) : Uint8Array.from({ length: size }, (_, i) => content.bytes[i] ?? 0);
    this.#crashHalfWay();
    return undefined;
  }

  sync(content: Content): DiskFailure | undefined {
    const failure = this.#failure();
    if (failure === undefined) content.synced = content.bytes.slice();
    return failure;
  }

  #failure(): DiskFailure | undefined {
    this.#crashHalfWay();
    return this.#random.happens(this.faults.errors) ? new DiskFailure('EIO', 'simulated input/output error') : undefined;
  }

  #crashHalfWay(): void {
    if (this.#dies()) throw new SimulatedCrash();
  }

  #dies(): boolean {
    if (this.faults.crashAfterCalls === undefined) return false;
    this.faults.crashAfterCalls -= 1;
    if (this.faults.crashAfterCalls > 0) return false;
    this.faults.crashAfterCalls = undefined;
    return true;
  }

  /** Synced bytes, and of each unsynced sector either the old or the new state; a longer file ends anywhere. */
  #survivingBytes({ bytes, synced }: Content): Uint8Array {
    const shortest = Math.min(bytes.length, synced.length);
    const length = this.#random.between(shortest, Math.max(bytes.length, synced.length));
    const after = new Uint8Array(length);
    for (let sector = 0; sector < length; sector += 512) {
      const source = this.#random.happens(0.5) ? bytes : synced;
      after.set(source.slice(sector, Math.min(sector + 512, length)), sector);
    }
    return after;
  }
}

class SimFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #content: Content;
  #closed = false;

  constructor(disk: SimDisk, content: Content) {
    this.#disk = disk;
    this.#content = content;
  }

  size(): number {
    return this.#open().bytes.length;
  }

  read(offset: number, length: number): Uint8Array | DiskFailure {
    return this.#disk.read(this.#open(), offset, length);
  }

  write(offset: number, bytes: Uint8Array): number | DiskFailure {
    return this.#disk.write(this.#open(), offset, bytes);
  }

  truncate(size: number): DiskFailure | undefined {
    return this.#disk.truncate(this.#open(), size);
  }

  sync(): DiskFailure | undefined {
    return this.#disk.sync(this.#open());
  }

  syncLater(): Promise<DiskFailure | undefined> {
    return Promise.resolve(this.sync());
  }

  close(): void {
    this.#closed = true;
  }

  #open(): Content {
    if (this.#closed) throw new Error('a closed file was used');
    return this.#content;
  }
}
