/**
 * What the spool needs of a disk: files in one directory, no paths. A failure is a value, because a full or failing
 * disk is the world and not a bug. Calls return at once (a write is done when the kernel has it, which survives the
 * death of this process); only `syncLater` waits in the background. The real one is `node-disk.ts`; the simulated one,
 * which fails on purpose, is in `lab/sim`.
 */
export class DiskFailure {
  readonly code: string;
  readonly message: string;

  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

export function failed<T>(outcome: T | DiskFailure): outcome is DiskFailure {
  return outcome instanceof DiskFailure;
}

/** The codes that mean «no room» rather than «broken». */
export function isFull(failure: DiskFailure): boolean {
  return failure.code === 'ENOSPC' || failure.code === 'EDQUOT';
}

export interface Disk {
  list(): readonly string[] | DiskFailure;
  /** Created empty when it does not exist. */
  open(name: string): DiskFile | DiskFailure;
  remove(name: string): DiskFailure | undefined;
  /** Makes creations and removals survive a power failure. */
  syncDirectory(): DiskFailure | undefined;
}

export interface DiskFile {
  size(): number | DiskFailure;
  /** Fewer bytes than asked for only at the end of the file. */
  read(offset: number, length: number): Uint8Array | DiskFailure;
  /** How many bytes were written: fewer when the disk became full half-way. */
  write(offset: number, bytes: Uint8Array): number | DiskFailure;
  truncate(size: number): DiskFailure | undefined;
  sync(): DiskFailure | undefined;
  syncLater(): Promise<DiskFailure | undefined>;
  close(): void;
}
