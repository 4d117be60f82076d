/**
 * Without kernel programs (no privileges, no BTF, no compiler) the sensor still lists processes, from /proc every two seconds, and
 * says plainly that it sees nothing else. What starts and ends between two looks is not seen.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { machine, release } from 'node:os';
import type { ExecEvent, KernelEvent } from '@vedette/model/event';
import { schema } from './decode/layout.ts';

const lookMs = 2000;
const ticksPerSecond = 100;

interface Seen {
  readonly startBootNs: number;
}

export class BlindWatch {
  readonly #onEvent: (event: KernelEvent) => void;
  readonly #lookMs: number;
  readonly #seen = new Map<number, Seen>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onEvent: (event: KernelEvent) => void, everyMs = lookMs) {
    this.#onEvent = onEvent;
    this.#lookMs = everyMs;
  }

  start(reason: string): void {
    const timeBootNs = bootNs();
    this.#onEvent({
      kind: 'hello', timeBootNs, ringEpoch: 0, ringPosition: 0, wallOffsetNs: Date.now() * 1e6 - timeBootNs, scopeCgroup: 0, schema, ringBytes: 0,
      hostMountNamespace: 0, v1Hierarchy: 0, loaderPid: 0, session: 1, kernelRelease: release(), bootId: readText('/proc/sys/kernel/random/boot_id').trim(),
      architecture: machine(), problem: reason,
    });
    for (const eventClass of ['exec', 'fork', 'exit', 'open', 'map-exec', 'connect', 'accept', 'listen', 'cgroup-create']) {
      this.#onEvent({ kind: 'hook', timeBootNs, eventClass, hook: 'none', attached: false, reason, misses: 'everything' });
    }
    this.list();
    this.#onEvent({ kind: 'snapshot-end', timeBootNs });
  }

  /** Only the processes: who says the rest is a loader that could load nothing. */
  list(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), this.#lookMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const present = new Set<number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const event = processEvent(Number(name));
      if (event === null) continue;
      present.add(event.tgid);
      if (this.#seen.get(event.tgid)?.startBootNs === event.startBootNs) continue;
      this.#seen.set(event.tgid, { startBootNs: event.startBootNs });
      this.#onEvent(event);
    }
    for (const [tgid, { startBootNs }] of this.#seen) {
      if (present.has(tgid)) continue;
      this.#seen.delete(tgid);
      this.#onEvent({ kind: 'exit', timeBootNs: bootNs(), tgid, tid: tgid, startBootNs, execId: 0, uid: 0, cgroupV1: 0, cgroupV2: 0, exitCode: 0, signal: 0 });
    }
    const timeBootNs = bootNs();
    this.#onEvent({ kind: 'tick', timeBootNs, wallOffsetNs: Date.now() * 1e6 - timeBootNs, ringFillBytes: 0, ringFillBytesMax: 0, commandsRefused: 0, enforcementOff: false, eventsSeen: 0, losses: [] });
  }
}

function bootNs(): number {
  return Math.round(Number(readText('/proc/uptime').split(' ')[0]) * 1e9);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export interface ProcessStat {
  readonly command: string;
  readonly parentTgid: number;
  readonly sessionId: number;
  readonly terminal: number;
  readonly startBootNs: number;
  /** Its parent has not asked for it yet; of a leader whose threads go on, only the leader has ended. */
  readonly hasEnded: boolean;
}

/** proc(5): the name in parentheses may hold anything, so fields are counted from its last one. null: no such text. */
export function parseStat(text: string): ProcessStat | null {
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ').map(Number);
  const [, parentTgid, , sessionId, terminal] = fields;
  const [threads, startTicks] = [fields[17], fields[19]];
  if (close < 0 || parentTgid === undefined || sessionId === undefined || terminal === undefined || startTicks === undefined || !Number.isFinite(startTicks)) return null;
  const hasEnded = 'ZX'.includes(text.charAt(close + 2)) && (threads ?? 0) <= 1;
  return { command: text.slice(text.indexOf('(') + 1, close), parentTgid, sessionId, terminal, startBootNs: startTicks * (1e9 / ticksPerSecond), hasEnded };
}

function statOf(tgid: number): ProcessStat | null {
  return parseStat(readText(`/proc/${tgid}/stat`));
}

function processEvent(tgid: number): ExecEvent | null {
  const stat = statOf(tgid);
  if (stat === null || stat.hasEnded) return null;
  const { startBootNs, parentTgid } = stat;
  const args = readText(`/proc/${tgid}/cmdline`).split('\0');
  if (args.at(-1) === '') args.pop();
  let path = '';
  try {
    path = readlinkSync(`/proc/${tgid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    path = args[0] ?? '';
  }
  const uid = Number(/^Uid:\t(\d+)/m.exec(readText(`/proc/${tgid}/status`))?.[1] ?? 0);
  return {
    kind: 'process', timeBootNs: startBootNs, tgid, tid: tgid, startBootNs, execId: 0, uid, cgroupV1: 0, cgroupV2: 0,
    parent: { tgid: parentTgid, startBootNs: statOf(parentTgid)?.startBootNs ?? 0, execId: 0 }, path, workingDirectory: '', filename: '', arguments: args, environment: null, processGroup: 0,
    argumentsTruncated: false, argumentsMissing: false, pathTruncated: false, isScript: false, isUnlinked: false, inHostMounts: true,
    isKernelThread: path === '' && args.length === 0, inodeHigh: 0, inodeLow: 0, device: 0, sizeBytes: 0, ctimeNs: 0, capEffectiveHigh: 0,
    capEffectiveLow: 0, capPermittedHigh: 0, capPermittedLow: 0, filesystemMagic: 0, rootMagic: 0, gid: 0, containerUid: uid, loginUid: 0xffffffff,
    pidInNamespace: 0, parentPidInNamespace: 0, sessionId: stat.sessionId, terminal: stat.terminal, mountNamespace: 0, pidNamespace: 0,
    command: stat.command, origin: 'none', verdict: 'none', rule: 0, policyGeneration: 0,
  };
}
