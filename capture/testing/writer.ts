/**
 * Writes captures for tests: any version of the blocks, any event by its number and plain values. It knows the format from
 * the same table as the reader, so what it proves is the reading, not the table; that is proven on real captures.
 */
import { eventTable, sharedParameters } from '../events/table.ts';

export type Value = number | bigint | string | readonly string[] | Buffer | null;

interface Stored {
  readonly names: readonly string[];
  readonly types: readonly string[];
}

function storedByCode(): ReadonlyMap<number, Stored> {
  const out = new Map<number, Stored>();
  for (const line of eventTable.trim().split('\n')) {
    const code = Number(line.trim().split(' ')[0]);
    const [enter = '', exit] = line.slice(line.indexOf('|') + 1).split('>');
    for (const [offset, text] of [[0, enter], [1, exit ?? '']] as const) {
      const words = text.replace(/\*\w+/g, (word) => sharedParameters[word] ?? '').trim();
      const parameters = words === '' ? [] : words.split(/\s+/).map((word) => /^(\w+):([a-z]+\d*)/.exec(word));
      out.set(code + offset, { names: parameters.map((one) => one?.[1] ?? ''), types: parameters.map((one) => one?.[2] ?? '') });
    }
  }
  return out;
}

const stored = storedByCode();

/** The events whose lengths have 32 bits. */
const large: ReadonlySet<number> = new Set(
  eventTable.trim().split('\n').filter((line) => line.slice(0, line.indexOf('|')).trim().split(/\s+/)[4]?.includes('l')).flatMap((line) => [Number(line.trim().split(' ')[0]), Number(line.trim().split(' ')[0]) + 1]),
);

const widths: Readonly<Record<string, number>> = {
  i8: 1, u8: 1, f8: 1, e8: 1, sig: 1, i16: 2, u16: 2, f16: 2, e16: 2, sc: 2, i32: 4, u32: 4, f32: 4, e32: 4, uid: 4, gid: 4, mode: 4, sigset: 4, i64: 8, u64: 8, err: 8, fd: 8, pid: 8,
  rtime: 8, atime: 8,
};

export function int(value: number | bigint, bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return out.subarray(0, bytes);
}

function encode(type: string, value: Value): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value === 'number' || typeof value === 'bigint') return int(value, widths[type] ?? 8);
  return Buffer.from(value.map((one) => `${one}\0`).join(''));
}

function text16(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([int(bytes.length, 2), bytes]);
}

export function ipv4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** family, source, port, destination, port. */
export function tuple4(source: string, sourcePort: number, destination: string, destinationPort: number): Buffer {
  return Buffer.concat([Buffer.from([2]), ipv4(source), int(sourcePort, 2), ipv4(destination), int(destinationPort, 2)]);
}

export interface WrittenThread {
  readonly tid: number;
  readonly pid?: number;
  readonly ptid?: number;
  readonly comm?: string;
  readonly exe?: string;
  readonly exepath?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
  readonly cgroups?: readonly string[];
  readonly env?: readonly string[];
  readonly loginuid?: number;
  readonly tty?: number;
  readonly capabilities?: bigint;
}

export interface WrittenEvent {
  readonly tid?: number;
  readonly timeNs?: bigint;
  readonly cpu?: number;
}

export type EventFormat = 'first' | 'first-flags' | 'second' | 'second-flags' | 'second-large';

const eventBlocks: Readonly<Record<EventFormat, number>> = { 'first': 0x204, 'first-flags': 0x208, 'second': 0x216, 'second-flags': 0x217, 'second-large': 0x221 };
const processBlocks = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215] as const;

export class CaptureWriter {
  readonly #parts: Buffer[] = [];
  #timeNs = 1_700_000_000_000_000_000n;
  format: EventFormat = 'second';

  constructor() {
    this.section();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  raw(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }

  section(major = 1, minor = 2): this {
    return this.raw(Buffer.concat([int(0x0a0d0d0a, 4), int(28, 4), int(0x1a2b3c4d, 4), int(major, 2), int(minor, 2), int(-1, 8), int(28, 4)]));
  }

  block(type: number, content: Buffer): this {
    const padding = (4 - (content.length % 4)) % 4;
    const length = 12 + content.length + padding;
    return this.raw(Buffer.concat([int(type, 4), int(length, 4), content, Buffer.alloc(padding), int(length, 4)]));
  }

  machine(hostname: string, bootTimeNs = 0): this {
    return this.block(0x201, Buffer.concat([int(4, 4), int(8 << 20, 8), int(32768, 8), Buffer.from(hostname.padEnd(128, '\0')), int(bootTimeNs, 8), Buffer.alloc(24)]));
  }

  interfaces(addresses: readonly string[]): this {
    const entries = addresses.map((one) => {
      const entry = Buffer.concat([int(1, 2), int(4, 2), ipv4(one), ipv4('255.255.255.0'), ipv4('0.0.0.0'), int(0, 8), Buffer.from('eth0')]);
      return Buffer.concat([int(entry.length, 4), entry]);
    });
    return this.block(0x219, Buffer.concat(entries));
  }

  users(users: readonly { readonly uid: number; readonly name: string }[], version: 1 | 2 = 2): this {
    const entries = users.map(({ uid, name }) => {
      const entry = Buffer.concat([Buffer.from([0]), int(uid, 4), int(uid, 4), text16(name), text16(`/home/${name}`), text16('/bin/sh')]);
      return version === 1 ? entry : Buffer.concat([int(entry.length + 4, 4), entry]);
    });
    return this.block(version === 1 ? 0x206 : 0x220, Buffer.concat(entries));
  }

  threads(threads: readonly WrittenThread[], version: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 = 9): this {
    return this.block(processBlocks[version - 1] ?? 0x215, Buffer.concat(threads.map((one) => threadEntry(one, version))));
  }

  descriptors(tid: number, entries: readonly Buffer[], version: 1 | 2 = 2): this {
    const sized = entries.map((one) => (version === 1 ? one : Buffer.concat([int(one.length + 4, 4), one])));
    return this.block(version === 1 ? 0x203 : 0x218, Buffer.concat([int(tid, 8), ...sized]));
  }

  /** Values by the place of the event's parameters; fewer make an older event. */
  event(code: number, values: readonly Value[], facts: WrittenEvent = {}): this {
    this.#timeNs = facts.timeNs ?? this.#timeNs + 1_000_000n;
    const types = stored.get(code)?.types ?? [];
    const encoded = values.map((value, index) => encode(types[index] ?? 'u64', value));
    // How wide the lengths are is the event's property, not the block's.
    const isLarge = this.format.startsWith('second') && large.has(code);
    const lengths = Buffer.concat(encoded.map((one) => int(one.length, isLarge ? 4 : 2)));
    const isCounted = this.format.startsWith('second');
    const body = Buffer.concat([lengths, ...encoded]);
    const head = isCounted ? 26 : 22;
    const header = Buffer.concat([int(this.#timeNs, 8), int(facts.tid ?? 1, 8), int(head + body.length, 4), int(code, 2), ...(isCounted ? [int(values.length, 4)] : [])]);
    const flags = this.format.endsWith('flags') ? [int(0, 4)] : [];
    return this.block(eventBlocks[this.format], Buffer.concat([int(facts.cpu ?? 0, 2), ...flags, header, body]));
  }

  /** Values by the names of the event's parameters; those not named are empty, those behind the last are left out. */
  named(code: number, values: Readonly<Record<string, Value>>, facts: WrittenEvent = {}): this {
    const names = stored.get(code)?.names ?? [];
    const last = Math.max(...Object.keys(values).map((name) => names.indexOf(name)));
    return this.event(code, names.slice(0, last + 1).map((name) => values[name] ?? null), facts);
  }
}

/** The first version of the list does not tell the device. */
export function fileEntry(fd: number, name: string, version: 1 | 2 = 2): Buffer {
  return Buffer.concat([int(fd, 8), int(77, 8), Buffer.from([16]), int(1, 4), text16(name), ...(version === 2 ? [int(5, 4)] : [])]);
}

export function serverEntry(fd: number, address: string, port: number): Buffer {
  return Buffer.concat([int(fd, 8), int(78, 8), Buffer.from([5]), ipv4(address), int(port, 2), Buffer.from([2])]);
}

export function connectionEntry(fd: number, source: string, sourcePort: number, destination: string, destinationPort: number): Buffer {
  return Buffer.concat([int(fd, 8), int(79, 8), Buffer.from([3]), ipv4(source), ipv4(destination), int(sourcePort, 2), int(destinationPort, 2), Buffer.from([2])]);
}

function threadEntry(one: WrittenThread, version: number): Buffer {
  const from = (first: number, ...parts: readonly Buffer[]): readonly Buffer[] => (version >= first ? parts : []);
  const list = (texts: readonly string[]): Buffer => {
    const bytes = Buffer.from(texts.map((text) => `${text}\0`).join(''));
    return Buffer.concat([int(bytes.length, 2), bytes]);
  };
  const pid = one.pid ?? one.tid;
  const entry = Buffer.concat([
    int(one.tid, 8), int(pid, 8), int(one.ptid ?? 1, 8), ...from(6, int(pid, 8)), ...from(8, int(pid, 8)), text16(one.comm ?? 'sh'), text16(one.exe ?? one.comm ?? 'sh'),
    ...from(7, text16(one.exepath ?? '/bin/sh')), list(one.args ?? []), text16(one.cwd ?? '/'), int(1024, 8), int(0, 4), int(one.uid ?? 0, 4), int(0, 4),
    ...from(2, int(10, 4), int(5, 4), int(0, 4), int(1, 8), int(2, 8)), ...from(3, list(one.env ?? [])), ...from(4, int(one.tid, 8), int(pid, 8), list(one.cgroups ?? [])),
    ...from(5, text16('/')),
  ]);
  if (version < 9) return entry;
  const caps = one.capabilities ?? 0n;
  const appended = Buffer.concat([
    int(0, 8), int(one.tty ?? 0, 4), int(one.loginuid ?? 0xffffffff, 4), Buffer.from([0]), int(caps, 8), int(caps, 8), int(caps, 8), Buffer.from([0]), int(11, 8), int(12, 8), int(13, 8),
    Buffer.from([0, 0]), int(pid, 8),
  ]);
  return Buffer.concat([int(4 + entry.length + appended.length, 4), entry, appended]);
}
