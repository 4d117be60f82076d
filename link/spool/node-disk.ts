/**
 * The spool's disk over node:fs: one directory (0700) with files (0600) named by this package. Every error of the
 * system becomes a DiskFailure with its code; names that could leave the directory are a bug and throw.
 */
import {
  closeSync, constants, fstatSync, fsync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync, writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure } from './disk.ts';

export function openNodeDisk(directory: string): Disk | DiskFailure {
  return attempt(() => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return new NodeDisk(directory);
  });
}

class NodeDisk implements Disk {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  list(): readonly string[] | DiskFailure {
    return attempt(() => readdirSync(this.#directory));
  }

  open(name: string): DiskFile | DiskFailure {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    return attempt(() => new NodeFile(openSync(this.#pathOf(name), flags, 0o600)));
  }

  remove(name: string): DiskFailure | undefined {
    return done(() => unlinkSync(this.#pathOf(name)));
  }

  syncDirectory(): DiskFailure | undefined {
    return done(() => {
      const directory = openSync(this.#directory, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        fsyncSync(directory);
      } finally {
        closeSync(directory);
      }
    });
  }

  #pathOf(name: string): string {
    if (!/^[a-z0-9][a-z0-9.-]{0,80}$/.test(name)) throw new RangeError(`not a file name of the spool: ${JSON.stringify(name)}`);
    return path.join(this.#directory, name);
  }
}

class NodeFile implements DiskFile {
  #descriptor: number | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  size(): number | DiskFailure {
    return attempt(() => fstatSync(this.#open()).size);
  }

  read(offset: number, length: number): Uint8Array | DiskFailure {
    return attempt(() => {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const count = readSync(this.#open(), bytes, done, length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return bytes.subarray(0, done);
    });
  }

  write(offset: number, bytes: Uint8Array): number | DiskFailure {
    return attempt(() => writeSync(this.#open(), bytes, 0, bytes.length, offset));
  }

  truncate(size: number): DiskFailure | undefined {
    return done(() => ftruncateSync(this.#open(), size));
  }

  sync(): DiskFailure | undefined {
    return done(() => fsyncSync(this.#open()));
  }

  syncLater(): Promise<DiskFailure | undefined> {
    return new Promise((resolve) => {
      fsync(this.#open(), (error) => resolve(error === null ? undefined : failureOf(error)));
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): number {
    if (this.#descriptor === undefined) throw new Error('the file is closed');
    return this.#descriptor;
  }
}

function attempt<T>(call: () => T): T | DiskFailure {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return failureOf(error);
    throw error;
  }
}

function done(call: () => void): DiskFailure | undefined {
  return attempt((): undefined => {
    call();
  });
}

function failureOf(error: Error): DiskFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
  return new DiskFailure(code, error.message);
}
