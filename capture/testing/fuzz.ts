/**
 * Broken captures on a seed: a good one of every kind of block and event, then bytes turned over, lengths made up, pieces cut
 * out, doubled and moved. Each must be read to its end or refused with a place, in bounded time and memory; whatever is
 * thrown is a bug. `npm run lab fuzz` calls this with a seed and a million inputs, the tests with a few hundred.
 */
import { loadReplay } from '../replay.ts';
import { layouts } from '../events/layout.ts';
import { CaptureWriter, connectionEntry, fileEntry, int, serverEntry, tuple4, type EventFormat, type Value } from './writer.ts';

export interface FuzzReport {
  readonly inputs: number;
  /** Inputs that were read whole all the same, and those that were refused. */
  readonly readWhole: number;
  readonly refused: number;
  readonly events: number;
  readonly bytes: number;
  /** The first input that made the reader throw, and what: null is what is wanted. */
  readonly failure: { readonly input: number; readonly error: string } | null;
  readonly slowestMs: number;
}

/** Mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** Every rule field that decodes, so that each event is read to its last byte. */
const rules = [
  '- rule: everything',
  '  desc: reads all there is',
  '  priority: DEBUG',
  '  condition: evt.num > 0 and (fd.name contains x or proc.aname contains y or evt.args contains z or fd.sip = 1.2.3.4 or proc.cwd startswith /q or container.id = w or not user.name = nobody)',
  '  output: "%evt.args %fd.name %fd.nameraw %fd.types %proc.cmdline %proc.acmdline %proc.sname %proc.env %user.name %container.image %fs.path.name %fs.path.target %evt.rawarg.res %evt.arg[1] %fdlist.names %thread.cap_effective %evt.buffer %evt.res %evt.category"',
].join('\n');

const formats: readonly EventFormat[] = ['first', 'first-flags', 'second', 'second-flags', 'second-large'];

function wholeCapture(random: (below: number) => number): Buffer {
  const writer = new CaptureWriter();
  writer.machine('fuzz').interfaces(['10.0.0.1']).users([{ uid: 0, name: 'root' }, { uid: 7, name: 'ann' }], random(2) === 0 ? 1 : 2);
  const version = (1 + random(9)) as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  writer.threads([{ tid: 10, comm: 'bash', cgroups: [`cpu=/docker/${'ab'.repeat(32)}`] }, { tid: 11, pid: 10, ptid: 1 }, { tid: 12, ptid: 10, args: ['-c', 'ls'] }], version);
  writer.descriptors(10, [fileEntry(3, '/etc/passwd'), serverEntry(4, '10.0.0.1', 80), connectionEntry(5, '10.0.0.1', 80, '10.0.0.2', 4000)]);
  writer.format = formats[random(formats.length)] ?? 'second';
  const count = 3 + random(12);
  for (let index = 0; index < count; index += 1) anyEvent(writer, random);
  return writer.bytes();
}

function anyEvent(writer: CaptureWriter, random: (below: number) => number): void {
  const layout = layouts[random(layouts.length)];
  if (layout === undefined || layout === null) return;
  const values = Array.from({ length: random(layout.storedMax + 1) }, () => anyValue(random));
  writer.event(layout.code, values, { tid: 9 + random(5) });
}

function anyValue(random: (below: number) => number): Value {
  switch (random(8)) {
    case 0:
      return null;
    case 1:
      return random(300) - 150;
    case 2:
      return '/tmp/../x/./file';
    case 3:
      return ['-a', 'b c', ''];
    case 4:
      return tuple4('10.0.0.2', random(65536), '10.0.0.1', 80);
    case 5:
      return Buffer.from([1 + random(16), ...Array.from({ length: random(40) }, () => random(256))]);
    case 6:
      return '{"container":{"id":"abababababab","image":"a/b:c","Mounts":[{"Source":"/"}]}}';
    default:
      return Buffer.from(Array.from({ length: random(60) }, () => random(256)));
  }
}

const turns: readonly ((bytes: Buffer, at: number, random: (below: number) => number) => Buffer)[] = [
  (bytes, at, random) => {
    bytes[at] = random(256);
    return bytes;
  },
  (bytes, at, random) => {
    int([0, 1, 3, 11, 12, 65535, 0x7fffffff, -1][random(8)] ?? 0, 4).copy(bytes, Math.min(at, Math.max(0, bytes.length - 4)));
    return bytes;
  },
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random(64)))]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + random(200)), bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), Buffer.from(Array.from({ length: random(16) }, () => random(256))), bytes.subarray(at)]),
];

export function brokenCapture(random: (below: number) => number): Buffer {
  let bytes = wholeCapture(random);
  const count = random(5);
  for (let index = 0; index < count; index += 1) {
    // Often behind the first section, whose mark would otherwise be all that is tested.
    const at = bytes.length <= 28 || random(10) === 0 ? random(bytes.length + 1) : 28 + random(bytes.length - 28);
    bytes = (turns[random(turns.length)] ?? turns[0] ?? ((one) => one))(bytes, at, random);
  }
  return bytes;
}

/** Takes broken captures one at a time; each is made from the seed and its own number alone. Throws what the reader throws. */
export class CaptureFuzz {
  readonly #loaded = loadReplay([{ name: 'fuzz', text: rules }]);
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The same bytes again, for who looks into a failure. */
  bytes(input: number): Buffer {
    return brokenCapture(this.#random(input));
  }

  take(input: number): { readonly readWhole: boolean; readonly events: number; readonly bytes: number } {
    const random = this.#random(input);
    const bytes = brokenCapture(random);
    const replay = this.#loaded.start(() => undefined);
    const pieceBytes = 1 + random(bytes.length + 1);
    for (let at = 0; at < bytes.length; at += pieceBytes) if (!replay.push(bytes.subarray(at, at + pieceBytes))) break;
    const result = replay.finish();
    return { readWhole: result.problem === null, events: result.eventsRead, bytes: bytes.length };
  }

  #random(input: number): (below: number) => number {
    return randomOf(this.#seed * 1_000_003 + input);
  }
}

export function fuzzCaptures(seed: number, inputs: number): FuzzReport {
  const fuzz = new CaptureFuzz(seed);
  let readWhole = 0;
  let events = 0;
  let total = 0;
  let slowestMs = 0;
  for (let input = 0; input < inputs; input += 1) {
    const startMs = performance.now();
    try {
      const taken = fuzz.take(input);
      events += taken.events;
      total += taken.bytes;
      if (taken.readWhole) readWhole += 1;
    } catch (error) {
      return { inputs: input + 1, readWhole, refused: input - readWhole, events, bytes: total, failure: { input, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, slowestMs };
    }
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  return { inputs, readWhole, refused: inputs - readWhole, events, bytes: total, failure: null, slowestMs };
}
