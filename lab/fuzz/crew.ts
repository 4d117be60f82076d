/**
 * Takes a number of inputs of one target with worker processes, so that a hang or a crash of one costs an input and not the
 * run. Inputs go out in batches, each with a time by which it must be answered; a batch that is not answered, or kills its
 * process, is taken again one input at a time, which names the input. Growth is what a process holds at the end more than
 * after its first tenth.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { FaultName } from './faults.ts';
import { addCounts, noCounts, type FuzzCounts } from './target.ts';
import type { TargetName } from './targets.ts';

export interface CrewOptions {
  readonly target: TargetName;
  readonly seed: number;
  readonly inputs: number;
  readonly workers: number;
  readonly fault?: FaultName | null;
  /** For a whole batch; one input has a third of it. */
  readonly hangMs?: number;
  readonly progress?: (done: number) => void;
}

export interface CrewReport extends FuzzCounts {
  /** Inputs that were not answered, or that ended the process. */
  readonly stuck: readonly { readonly index: number; readonly what: string }[];
  readonly grownMiB: number;
  readonly heapMiB: number;
}

const batchInputs = 250;
/** A target that sticks that often is given up. */
const stuckMax = 5;
const heapMiBMax = 1024;

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly what: string };

class Member {
  readonly #child: ChildProcess;
  /** Inputs taken by this process. */
  taken = 0;
  heapEarlyMiB: number | null = null;

  constructor({ target, seed, fault }: CrewOptions) {
    const args = [target, String(seed), ...(fault === undefined || fault === null ? [] : [fault])];
    this.#child = fork(join(import.meta.dirname, 'worker.ts'), args, { execArgv: ['--expose-gc', `--max-old-space-size=${heapMiBMax}`], stdio: ['ignore', 'inherit', 'ignore', 'ipc'] });
  }

  /** The next message, or why there is none. */
  answer(withinMs: number): Promise<Answer> {
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        clearTimeout(timer);
        this.#child.off('message', onMessage).off('exit', onExit);
        resolve(answer);
      };
      const onMessage = (value: unknown) => settle({ ok: true, value });
      const onExit = (code: number | null, signal: string | null) => settle({ ok: false, what: `the process ended by ${signal ?? `code ${code}`}` });
      const timer = setTimeout(() => settle({ ok: false, what: `no answer within ${withinMs} ms` }), withinMs);
      this.#child.on('message', onMessage).on('exit', onExit);
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) onExit(this.#child.exitCode, this.#child.signalCode);
    });
  }

  ask(message: object, withinMs: number): Promise<Answer> {
    const answer = this.answer(withinMs);
    if (this.#child.connected) this.#child.send(message, () => undefined);
    return answer;
  }

  async heapMiB(): Promise<number> {
    const answer = await this.ask({ measure: true }, 60_000);
    return answer.ok ? (answer.value as { heapMiB: number }).heapMiB : Number.NaN;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

class Crew {
  readonly #options: CrewOptions;
  readonly #hangMs: number;
  readonly counts = noCounts();
  readonly stuck: { index: number; what: string }[] = [];
  grownMiB = 0;
  heapMiB = 0;
  #next = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#hangMs = options.hangMs ?? 240_000;
  }

  async #member(): Promise<Member> {
    const member = new Member(this.#options);
    const ready = await member.answer(60_000);
    if (ready.ok) return member;
    member.end();
    throw new Error(`a worker of ${this.#options.target} did not start: ${ready.what}`);
  }

  async work(): Promise<void> {
    const { inputs, workers, progress } = this.#options;
    let member = await this.#member();
    try {
      while (this.#next < inputs && this.stuck.length < stuckMax) {
        const from = this.#next;
        const count = Math.min(batchInputs, inputs - from);
        this.#next += count;
        if (!(await this.#take(member, from, count, this.#hangMs))) {
          member.end();
          member = await this.#narrow(from, count);
        }
        progress?.(this.counts.inputs);
        if (member.heapEarlyMiB === null && member.taken >= inputs / workers / 10) member.heapEarlyMiB = await member.heapMiB();
      }
      this.heapMiB = Math.max(this.heapMiB, await member.heapMiB());
      this.grownMiB = Math.max(this.grownMiB, this.heapMiB - (member.heapEarlyMiB ?? this.heapMiB));
    } finally {
      member.end();
    }
  }

  async #take(member: Member, from: number, count: number, withinMs: number): Promise<boolean> {
    const answer = await member.ask({ from, count }, withinMs);
    if (!answer.ok) return false;
    member.taken += count;
    addCounts(this.counts, answer.value as FuzzCounts);
    return true;
  }

  /** The batch again, one input at a time; the process that is left at the end. */
  async #narrow(from: number, count: number): Promise<Member> {
    let member = await this.#member();
    for (let index = from; index < from + count && this.stuck.length < stuckMax; index += 1) {
      const answer = await member.ask({ from: index, count: 1 }, this.#hangMs / 3);
      if (answer.ok) {
        addCounts(this.counts, answer.value as FuzzCounts);
        continue;
      }
      this.stuck.push({ index, what: answer.what });
      this.counts.inputs += 1;
      member.end();
      member = await this.#member();
    }
    return member;
  }
}

export async function fuzz(options: CrewOptions): Promise<CrewReport> {
  const crew = new Crew(options);
  await Promise.all(Array.from({ length: options.workers }, () => crew.work()));
  const round = (value: number) => Math.round(value * 10) / 10;
  return { ...crew.counts, stuck: crew.stuck, grownMiB: round(crew.grownMiB), heapMiB: round(crew.heapMiB) };
}
