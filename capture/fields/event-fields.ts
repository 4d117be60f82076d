/** `evt.*`: the event itself, its parameters, its result and its time. All times are UTC. */
import { clockTime, isoTime } from '@vedette/rules/alert';
import { rawArgumentTypes } from '@vedette/rules/fields-known';
import type { CaptureEvent } from '../events/event.ts';
import { isConnection, isFile, isIp } from '../state/descriptor.ts';
import { openFlags } from '../state/descriptor-events.ts';
import type { World } from '../state/world.ts';
import type { FieldArgument, FieldGetters } from './getters.ts';
import { parameterText, printable } from './parameter-text.ts';
import { descriptorUsage } from './process-fields.ts';
import { errorName } from './words.ts';

const opens: ReadonlySet<string> = new Set(['open', 'openat', 'openat2', 'open_by_handle_at']);
const files: ReadonlySet<string> = new Set([...opens, 'creat']);
const networks: ReadonlySet<string> = new Set(['accept', 'accept4', 'connect']);
const oRdonly = 1;
const oWronly = 2;
const oCreat = 4;
const oTmpfile = 0x2000;
const oCreated = 0x4000;
const executeBits = 0o111;

function argumentPlace(event: CaptureEvent, argument: FieldArgument): number | null {
  const text = String(argument);
  if (/^\d+$/.test(text)) return Number(text) < event.layout.parameters.length ? Number(text) : null;
  return event.layout.byName.get(text) ?? null;
}

function argumentText(event: CaptureEvent, argument: FieldArgument, world: World): string | null {
  const place = argumentPlace(event, argument);
  const text = place === null ? null : parameterText(event, place, world);
  return text === null ? null : text.resolved === '' ? text.plain : text.resolved;
}

/** As it was given: paths are not made absolute, and what the language has as a number is one. */
function rawArgument(event: CaptureEvent, argument: FieldArgument): string | number | null {
  const text = rawText(event, argument);
  if (text === null || rawArgumentTypes[String(argument)] !== 'number') return text;
  const number = Number(text);
  return Number.isNaN(number) ? null : number;
}

/** Exact also where it is more than a number holds, or a text that goes by the name of a number. */
function printedRawArgument(event: CaptureEvent, argument: FieldArgument): string | number | null {
  const value = rawArgument(event, argument);
  return Number.isSafeInteger(value) ? value : rawText(event, argument);
}

function rawText(event: CaptureEvent, argument: FieldArgument): string | null {
  const place = argumentPlace(event, argument);
  const parameter = place === null ? undefined : event.layout.parameters[place];
  if (place === null || parameter === undefined || !event.find(place)) return null;
  switch (parameter.type) {
    case 'str':
    case 'path':
    case 'rel':
      return event.text();
    case 'buf':
    case 'strs':
    case 'pairs':
    case 'tuple':
    case 'addr':
    case 'fds':
    case 'dyn':
      return event.slice().toString('latin1');
    case 'u8':
    case 'f8':
    case 'e8':
    case 'sig':
      return textOf(event.u8());
    case 'u16':
    case 'f16':
    case 'e16':
    case 'sc':
      return textOf(event.u16());
    case 'u32':
    case 'f32':
    case 'e32':
    case 'uid':
    case 'gid':
    case 'mode':
    case 'sigset':
      return textOf(event.u32());
    case 'i32':
      return textOf(event.i32());
    default:
      return textOf(event.big());
  }
}

function textOf(value: number | bigint | null): string | null {
  return value === null ? null : String(value);
}

/** Every parameter, those that are not there too, as old captures are shown in the form of new ones. */
function argumentsText(event: CaptureEvent, world: World): string {
  if (event.layout.code <= 1) return '';
  const parts = event.layout.parameters.map((parameter, place) => {
    const text = parameterText(event, place, world);
    if (text === null) return '';
    return `${parameter.name}=${text.plain}${text.resolved === '' ? '' : `(${text.resolved})`}`;
  });
  return parts.join(' ');
}

function resultText(event: CaptureEvent, world: World): string | null {
  const result = event.result();
  if (result === null) return null;
  if (result >= 0) return 'SUCCESS';
  return errorName(result) ?? argumentText(event, '0', world);
}

function opened(event: CaptureEvent, kind: 'read' | 'write' | 'create' | 'exec'): boolean {
  const { name } = event.layout;
  if (!event.layout.isExit) return false;
  if (name === 'creat') return kind === 'exec' && ((event.numberOf('mode') ?? 0) & executeBits) !== 0;
  if (!opens.has(name)) return false;
  const place = event.layout.byName.get('flags');
  const flags = place !== undefined && event.find(place) ? (event.u32() ?? 0) : openFlags(event);
  switch (kind) {
    case 'read':
      return (flags & oRdonly) !== 0;
    case 'write':
      return (flags & oWronly) !== 0;
    case 'create':
      return (flags & oCreated) !== 0 || ((flags & oTmpfile) !== 0 && (event.result() ?? -1) >= 0);
    case 'exec':
      return name !== 'open_by_handle_at' && (flags & (oTmpfile | oCreat)) !== 0 && ((event.numberOf('mode') ?? 0) & executeBits) !== 0;
    default:
      return kind satisfies never;
  }
}

/** Null: not an event of this kind. */
function countedError(event: CaptureEvent, kind: 'file' | 'net' | 'memory' | 'other'): number | null {
  const { descriptor, layout } = event;
  const isFile = descriptor === null ? files.has(layout.name) : descriptor.kind === 'file' || descriptor.kind === 'directory';
  const isNet = descriptor === null ? networks.has(layout.name) : isConnection(descriptor) || descriptor.kind === 'unix' || descriptor.kind.endsWith('server');
  const isMemory = layout.category === 'memory';
  const fits = kind === 'file' ? isFile : kind === 'net' ? isNet : kind === 'memory' ? isMemory : !isFile && !isNet && !(descriptor === null && isMemory);
  const result = event.result();
  return fits && result !== null && result < 0 ? 1 : null;
}

function bufferLength(event: CaptureEvent): number | null {
  const result = event.result();
  return event.descriptor !== null && event.layout.category.startsWith('io_') && result !== null && result >= 0 ? result : null;
}

const ioKinds: Readonly<Record<string, string>> = {
  file: 'file', directory: 'file', ipv4: 'net', ipv6: 'net', ipv4server: 'net', ipv6server: 'net', pipe: 'ipc', unix: 'ipc', event: 'ipc', signalfd: 'ipc', inotify: 'ipc', userfaultfd: 'ipc',
};

function category(event: CaptureEvent): string {
  const one = event.layout.category;
  if (one.startsWith('io_')) return event.descriptor === null ? 'unknown' : (ioKinds[event.descriptor.kind] ?? 'unknown');
  return one === 'ipc' ? 'IPC' : one;
}

/** The path of a call that takes it relative to a descriptor; of two, the old one unless the new one is asked for. */
const pathsAt: Readonly<Record<string, readonly [source: string, destination: string | null]>> = {
  renameat: ['oldpath', 'newpath'], renameat2: ['oldpath', 'newpath'], linkat: ['oldpath', 'newpath'], symlinkat: ['linkpath', null], openat: ['name', null], openat2: ['name', null],
  unlinkat: ['name', null], mkdirat: ['path', null], fchmodat: ['filename', null], fchownat: ['pathname', null], mknodat: ['path', null],
};

function absolutePath(event: CaptureEvent, world: World, which: 'source' | 'destination' | 'any'): string | null {
  const { name } = event.layout;
  if (name === 'open_by_handle_at') return (event.result() ?? 0) > 0 ? event.textOf('path') : null;
  const pair = pathsAt[name];
  if (pair === undefined) return null;
  const parameter = which === 'destination' ? (pair[1] ?? pair[0]) : pair[0];
  return argumentText(event, parameter, world);
}

/** The first event's time and the one before this; kept in halves, as most rules never ask. */
export class EventClock {
  #hasFirst = false;
  #first: readonly [number, number] = [0, 0];
  #lastHigh = 0;
  #lastLow = 0;

  begin(event: CaptureEvent): void {
    if (this.#hasFirst) return;
    this.#hasFirst = true;
    this.#first = [event.timeHigh, event.timeLow];
    this.lastAt(event);
  }

  lastAt(event: CaptureEvent): void {
    this.#lastHigh = event.timeHigh;
    this.#lastLow = event.timeLow;
  }

  get firstNs(): bigint {
    return (BigInt(this.#first[0]) << 32n) | BigInt(this.#first[1]);
  }

  get lastNs(): bigint {
    return (BigInt(this.#lastHigh) << 32n) | BigInt(this.#lastLow);
  }
}

function nineDigits(ns: bigint): string {
  return String(ns % 1_000_000_000n).padStart(9, '0');
}

/** Times to the nanosecond, and the nanoseconds of a second in nine digits, as Falco prints them. */
export function printedFields(world: World, clock: EventClock): FieldGetters {
  return {
    'evt.rawtime': (event) => String(event.exactTimeNs()),
    'evt.rawarg': printedRawArgument,
    'evt.buffer': (event) => (event.has('data') ? printable(event.slice()) : null),
    'proc.fdusage': (event) => (event.thread === null ? null : descriptorUsage(event.thread, world).toFixed(1)),
    'evt.rawtime.ns': (event) => nineDigits(event.exactTimeNs()),
    'evt.reltime': (event) => String(event.exactTimeNs() - clock.firstNs).padStart(9, '0'),
    'evt.reltime.ns': (event) => nineDigits(event.exactTimeNs() - clock.firstNs),
    'evt.deltatime.ns': (event) => nineDigits(event.exactTimeNs() - clock.lastNs),
    'proc.pid.ts': (event) => (event.thread === null ? null : String(event.thread.cloneExactNs)),
    'proc.ppid.ts': (event) => {
      const parent = event.thread === null ? null : world.parent(event.thread);
      return parent === null ? null : String(parent.cloneExactNs);
    },
  };
}

/** `evt.buflen` where it is of this direction and kind of descriptor. */
function bufferLengths(): FieldGetters {
  const directions: readonly (readonly [string, (event: CaptureEvent) => boolean])[] = [
    ['', ({ layout }) => layout.reads || layout.writes],
    ['.in', ({ layout }) => layout.reads],
    ['.out', ({ layout }) => layout.writes],
  ];
  const kinds: readonly (readonly [string, (event: CaptureEvent) => boolean])[] = [
    ['', () => true],
    ['.file', ({ descriptor }) => descriptor !== null && isFile(descriptor)],
    ['.net', ({ descriptor }) => descriptor !== null && isIp(descriptor)],
  ];
  const getters = kinds.flatMap(([kind, fits]) => directions.map(([direction, goes]) => [`${kind}${direction}`, (event: CaptureEvent) => (fits(event) && goes(event) ? bufferLength(event) : null)] as const));
  return Object.fromEntries(getters.filter(([suffix]) => suffix !== '').map(([suffix, getter]) => [`evt.buflen${suffix}`, getter]));
}

export function eventFields(world: World, clock: EventClock): FieldGetters {
  const sinceFirst = (event: CaptureEvent) => event.exactTimeNs() - clock.firstNs;
  return {
    'evt.num': (event) => event.number,
    'evt.time': (event) => clockTime(event.exactTimeNs()),
    'evt.time.s': (event) => clockTime(event.exactTimeNs()).slice(0, 8),
    'evt.time.iso8601': (event) => isoTime(event.exactTimeNs()),
    'evt.datetime': (event) => isoTime(event.exactTimeNs()).replace('T', ' ').slice(0, -1),
    'evt.datetime.s': (event) => isoTime(event.exactTimeNs()).slice(0, 19).replace('T', ' '),
    'evt.rawtime': (event) => event.roughTimeNs,
    'evt.rawtime.s': (event) => Number(event.exactTimeNs() / 1_000_000_000n),
    'evt.rawtime.ns': (event) => Number(event.exactTimeNs() % 1_000_000_000n),
    'evt.reltime': (event) => Number(sinceFirst(event)),
    'evt.reltime.s': (event) => Number(sinceFirst(event) / 1_000_000_000n),
    'evt.reltime.ns': (event) => Number(sinceFirst(event) % 1_000_000_000n),
    'evt.deltatime': (event) => Number(event.exactTimeNs() - clock.lastNs),
    'evt.deltatime.s': (event) => Number((event.exactTimeNs() - clock.lastNs) / 1_000_000_000n),
    'evt.deltatime.ns': (event) => Number((event.exactTimeNs() - clock.lastNs) % 1_000_000_000n),
    'evt.hostname': () => world.machine?.hostname ?? null,
    'evt.source': () => 'syscall',
    'evt.is_async': (event) => event.layout.name === 'asyncevent',
    'evt.asynctype': (event) => (event.layout.name === 'asyncevent' ? event.textOf('name') : null),
    'evt.type': (event) => event.name,
    'syscall.type': (event) => (event.layout.kind === 'syscall' ? event.name : null),
    'evt.category': category,
    'evt.cpu': (event) => event.cpu,
    'evt.dir': (event) => (event.layout.isExit ? '<' : '>'),
    'evt.args': (event) => argumentsText(event, world),
    'evt.info': (event) => argumentsText(event, world),
    'evt.arg': (event, argument) => argumentText(event, argument, world),
    'evt.rawarg': rawArgument,
    'evt.buffer': (event) => (event.has('data') ? Uint8Array.from(event.slice()) : null),
    'evt.buflen': bufferLength,
    ...bufferLengths(),
    'evt.rawres': (event) => event.result(),
    'evt.res': (event) => resultText(event, world),
    'evt.failed': (event) => (event.result() ?? 0) < 0,
    'evt.is_io': (event) => event.layout.reads || event.layout.writes,
    'evt.is_io_read': (event) => event.layout.reads,
    'evt.is_io_write': (event) => event.layout.writes,
    'evt.io_dir': (event) => (event.layout.writes ? 'write' : event.layout.reads ? 'read' : null),
    'evt.is_wait': (event) => event.layout.waits,
    'evt.is_syslog': (event) => event.layout.writes && event.descriptor !== null && event.descriptor.name.includes('/dev/log'),
    'evt.count': () => 1,
    'evt.count.error': (event) => ((event.result() ?? 0) < 0 ? 1 : null),
    'evt.count.error.file': (event) => countedError(event, 'file'),
    'evt.count.error.net': (event) => countedError(event, 'net'),
    'evt.count.error.memory': (event) => countedError(event, 'memory'),
    'evt.count.error.other': (event) => countedError(event, 'other'),
    'evt.count.exit': (event) => (event.layout.isExit ? 1 : null),
    'evt.count.procinfo': (event) => (event.layout.name === 'procinfo' && event.thread?.leads === true ? 1 : 0),
    'evt.count.threadinfo': (event) => (event.layout.name === 'procinfo' ? 1 : 0),
    'evt.abspath': (event) => absolutePath(event, world, 'any'),
    'evt.abspath.src': (event) => absolutePath(event, world, 'source'),
    'evt.abspath.dst': (event) => absolutePath(event, world, 'destination'),
    'evt.is_open_read': (event) => opened(event, 'read'),
    'evt.is_open_write': (event) => opened(event, 'write'),
    'evt.is_open_create': (event) => opened(event, 'create'),
    'evt.is_open_exec': (event) => opened(event, 'exec'),
  };
}
