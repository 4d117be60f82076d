/**
 * The sensor's own memory on disk: one line a commit (checksum, length, JSON), appended with one write, so that SIGKILL
 * leaves either the whole line or none. A line that does not check ends the log: it and what follows is cut. When the log
 * has grown enough it is written anew from the whole state beside the old one and renamed over it.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const rewriteBytes = 16 << 20;

export interface StateLogEntry {
  readonly commit: number;
  readonly ringEpoch: number;
  readonly ringPosition: number;
  readonly bootId: string;
  readonly changes: readonly unknown[];
}

export type Recovered = { readonly entries: readonly StateLogEntry[]; readonly cutBytes: number };

function encode(entry: StateLogEntry): Buffer {
  const json = Buffer.from(JSON.stringify(entry), 'utf8');
  return Buffer.concat([Buffer.from(`${crc32(json).toString(16).padStart(8, '0')} ${json.length} `, 'latin1'), json, Buffer.from('\n')]);
}

export class StateLog {
  readonly #directory: string;
  readonly #path: string;
  #fd: number;
  #bytes: number;
  #rewrittenBytes: number;

  private constructor(directory: string, path: string, fd: number, bytes: number) {
    this.#directory = directory;
    this.#path = path;
    this.#fd = fd;
    this.#bytes = bytes;
    this.#rewrittenBytes = bytes;
  }

  static open(directory: string): { log: StateLog; recovered: Recovered } {
    const path = join(directory, 'state.log');
    const { entries, goodBytes, cutBytes } = readLog(path);
    const fd = openSync(path, 'a+', 0o600);
    const log = new StateLog(directory, path, fd, goodBytes);
    if (cutBytes > 0) log.#replace(entries.map(encode));
    return { log, recovered: { entries, cutBytes } };
  }

  /** Throws when the disk does not take it; the log is then as before. */
  append(entry: StateLogEntry): void {
    const line = encode(entry);
    let written = 0;
    try {
      written = writeSync(this.#fd, line);
    } finally {
      // a disk that is full in the middle of a line: nothing half-written stays
      if (written !== line.length) ftruncateSync(this.#fd, this.#bytes);
    }
    if (written !== line.length) throw Object.assign(new Error('no space left for the state log'), { code: 'ENOSPC' });
    this.#bytes += line.length;
  }

  get wantsRewrite(): boolean {
    return this.#bytes > rewriteBytes && this.#bytes > this.#rewrittenBytes * 4;
  }

  /** `whole` stands for everything before it. */
  rewrite(whole: StateLogEntry): void {
    this.#replace([encode(whole)]);
  }

  #replace(lines: readonly Buffer[]): void {
    const beside = join(this.#directory, 'state.log.new');
    const fd = openSync(beside, 'w', 0o600);
    let bytes = 0;
    for (const line of lines) bytes += writeSync(fd, line);
    fdatasyncSync(fd);
    closeSync(fd);
    renameSync(beside, this.#path);
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a', 0o600);
    this.#bytes = bytes;
    this.#rewrittenBytes = bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function readLog(path: string): { entries: StateLogEntry[]; goodBytes: number; cutBytes: number } {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch {
    return { entries: [], goodBytes: 0, cutBytes: 0 };
  }
  const entries: StateLogEntry[] = [];
  let at = 0;
  for (;;) {
    const headEnd = content.indexOf(0x20, at + 9);
    if (headEnd < 0 || headEnd - at > 20) break;
    const length = Number(content.toString('latin1', at + 9, headEnd));
    const from = headEnd + 1;
    if (!Number.isSafeInteger(length) || from + length >= content.length || content[from + length] !== 0x0a) break;
    const json = content.subarray(from, from + length);
    if (crc32(json).toString(16).padStart(8, '0') !== content.toString('latin1', at, at + 8)) break;
    entries.push(JSON.parse(json.toString('utf8')) as StateLogEntry);
    at = from + length + 1;
  }
  return { entries, goodBytes: at, cutBytes: content.length - at };
}
