/**
 * What the kernel programs report of something that a test does: the loader in recording mode, scoped to a cgroup, started
 * before the act and stopped after it. The events are decoded by the product's own decoder.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelEvent } from '@vedette/model/event';
import { EventStream } from '@vedette/sensor/decode/stream';
import { probeFiles } from './probe-build.ts';
import type { TestCgroup } from './cgroup.ts';

const magicBytes = 16;

export class Recording {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly file: string;
  #stderr = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.file = join(directory, 'recording');
    child.stderr?.on('data', (text: Buffer) => (this.#stderr += text.toString()));
  }

  static async start(scope: TestCgroup | null, more: readonly string[] = []): Promise<Recording> {
    const { object, loader } = await probeFiles();
    const directory = mkdtempSync(join(tmpdir(), 'vedette-recording-'));
    const scoped = scope === null ? [] : ['--cgroup', scope.path];
    const child = spawn(loader, ['--object', object, '--record', join(directory, 'recording'), ...scoped, ...more], { stdio: ['ignore', 'inherit', 'pipe'] });
    const recording = new Recording(child, directory);
    await recording.#ready();
    return recording;
  }

  /** Ready when the first tick is in the file: all programs are attached and the snapshot is through. */
  async #ready(): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      if (this.#child.exitCode !== null) throw new Error(`the loader ended with ${this.#child.exitCode}: ${this.#stderr}`);
      if (statSync(this.file, { throwIfNoEntry: false }) !== undefined && this.read().some((event) => event.kind === 'tick')) return;
      await sleep(25);
    }
    throw new Error('the loader did not start recording within 10 s');
  }

  read(): KernelEvent[] {
    return decodeRecording(readFileSync(this.file));
  }

  /** Waits until an event of this form was recorded. */
  async until(what: string, fits: (event: KernelEvent) => boolean, timeoutMs = 5000): Promise<KernelEvent[]> {
    for (let waited = 0; waited < timeoutMs; waited += 25) {
      const events = this.read();
      if (events.some(fits)) return events;
      await sleep(25);
    }
    throw new Error(`${what} was not recorded within ${timeoutMs} ms; recorded: ${JSON.stringify(countKinds(this.read()))}`);
  }

  /** Two more ticks: everything that happened before is in the file, with the loss counters after it. */
  async settle(): Promise<KernelEvent[]> {
    const ticks = this.read().filter((one) => one.kind === 'tick').length;
    for (let attempt = 0; attempt < 400; attempt++) {
      const events = this.read();
      if (events.filter((one) => one.kind === 'tick').length >= ticks + 2) return events;
      await sleep(25);
    }
    throw new Error('the loader stopped ticking');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export function decodeRecording(file: Uint8Array): KernelEvent[] {
  const events: KernelEvent[] = [];
  const stream = new EventStream((event) => events.push(event));
  stream.feed(file.subarray(magicBytes));
  if (stream.state === 'broken' || stream.malformed > 0) throw new Error(`the recording does not decode: ${stream.state}, ${stream.malformed} malformed`);
  return events;
}

export function countKinds(events: readonly KernelEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of events) counts[one.kind] = (counts[one.kind] ?? 0) + 1;
  return counts;
}
