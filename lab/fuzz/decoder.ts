/**
 * Fuzzing of the record decoder: a few records, whole or broken, through two streams of the sensor. One gets all bytes at
 * once, with zeros behind them; the other one record at a time, with ones behind it. What must hold: nothing throws; each
 * record becomes an event or is counted as malformed; no value of an event is undefined or no number; and both streams say
 * the same, for an event that differs was made of bytes that are not its record's. Answers of name servers, which come from
 * anybody, are read too. A few inputs break the frames themselves: those end a stream or leave it waiting, and never hang.
 */
import { join } from 'node:path';
import type { KernelEvent } from '@vedette/model/event';
import { EventStream } from '@vedette/sensor/decode/stream';
import { NameAnswers } from '@vedette/sensor/enrich/name-answers';
import * as at from '@vedette/sensor/decode/layout';
import { Chance } from './chance.ts';
import { frameOf, Records } from './records.ts';
import type { FuzzTarget } from './target.ts';

const recording = join(import.meta.dirname, '..', '..', 'sensor', 'golden', 'scoped.vdr');
const bufferBytes = 32_768;

/** A stream that is used again until it breaks or waits, as one is dear to make. */
class Side {
  #stream: EventStream | null = null;
  readonly #junk: number;
  readonly #names = new NameAnswers();
  #told: string[] = [];

  constructor(junk: number) {
    this.#junk = junk;
  }

  /** What the stream said of these pieces: each event as text, then its counts. */
  said(pieces: readonly Buffer[]): { readonly events: readonly string[]; readonly malformed: number; readonly state: string } {
    const stream = (this.#stream ??= new EventStream((event) => this.#event(event), bufferBytes));
    this.#told = [];
    const before = stream.malformed;
    for (const piece of pieces) {
      if (stream.state === 'broken') break;
      stream.free.fill(this.#junk);
      stream.feed(piece);
    }
    const { state, waiting } = stream;
    if (state === 'broken' || waiting > 0) this.#stream = null;
    return { events: this.#told, malformed: stream.malformed - before, state: state === 'open' && waiting > 0 ? 'waiting' : state };
  }

  #event(event: KernelEvent): void {
    refuseHoles(event, event.kind);
    if (event.kind === 'dns') this.#names.told(event.message, null);
    this.#told.push(JSON.stringify(event));
  }
}

function refuseHoles(value: unknown, where: string): void {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) throw new Error(`${where} is ${String(value)}`);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return;
  for (const [key, one] of Object.entries(value)) refuseHoles(one, `${where}.${key}`);
}

export function decoderTarget(seed: number): FuzzTarget {
  const records = new Records(recording);
  const atOnce = new Side(0);
  const oneByOne = new Side(0xff);
  return (index) => {
    const { frames, framing } = inputOf(records, new Chance(seed * 1_000_003 + index));
    return {
      kind: framing ? 'frames' : 'records',
      take: () => (framing ? takeFrames(frames, atOnce, oneByOne) : takeRecords(frames, atOnce, oneByOne)),
      shown: () => frames.map((one) => one.toString('hex').slice(0, 2000)).join('\n').slice(0, 4000),
    };
  };
}

function inputOf(records: Records, chance: Chance): { readonly frames: readonly Buffer[]; readonly framing: boolean } {
  const framing = chance.below(100) === 0;
  // the schema of the session is said first, so that an input does not hang on the one before
  const hello = Buffer.alloc(at.hello.size);
  hello.writeUInt16LE(at.kinds.hello, 0);
  hello.writeUInt32LE(1 + chance.below(at.schema), at.hello.schema);
  const frames = [frameOf(hello, { isLoaders: true, isDiscarded: false })];
  for (let more = chance.below(3); more >= 0; more -= 1) {
    const whole = records.whole(chance);
    const record = chance.below(3) === 0 ? whole : records.broken(chance, whole);
    frames.push(frameOf(record, { isLoaders: chance.below(3) === 0, isDiscarded: chance.below(30) === 0 }));
  }
  if (!framing) return { frames, framing };
  const bytes = Buffer.concat(frames);
  for (let edit = chance.below(4); edit > 0; edit -= 1) bytes[chance.below(bytes.length)] = chance.below(256);
  return { frames: [chance.below(2) === 0 ? bytes : bytes.subarray(0, chance.below(bytes.length + 1))], framing };
}

function takeRecords(frames: readonly Buffer[], atOnce: Side, oneByOne: Side): boolean {
  const first = atOnce.said([Buffer.concat(frames)]);
  const second = oneByOne.said(frames);
  const discarded = frames.filter((one) => (one.readUInt32LE(0) & at.ringDiscarded) !== 0).length;
  if (first.state !== 'open') throw new Error(`whole frames left the stream ${first.state}`);
  if (first.events.length + first.malformed + discarded !== frames.length) throw new Error(`${frames.length} records became ${first.events.length} events, ${first.malformed} malformed, ${discarded} discarded`);
  refuseDifference(first.events, second.events);
  return first.malformed === 0;
}

/** Broken frames: the same bytes whole, and in pieces of any size. */
function takeFrames([bytes = Buffer.alloc(0)]: readonly Buffer[], atOnce: Side, inPieces: Side): boolean {
  const first = atOnce.said([bytes]);
  const pieceBytes = 1 + (bytes.length % 97);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) => bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes));
  const second = inPieces.said(pieces);
  if (first.state !== second.state) throw new Error(`at once the stream is ${first.state}, in pieces ${second.state}`);
  refuseDifference(first.events, second.events);
  return first.state === 'open';
}

function refuseDifference(first: readonly string[], second: readonly string[]): void {
  first.forEach((one, index) => {
    if (one !== second[index]) throw new Error(`an event hangs on bytes outside of its record:\n${one.slice(0, 1500)}\n${(second[index] ?? 'no event').slice(0, 1500)}`);
  });
  if (first.length !== second.length) throw new Error(`${first.length} events at once, ${second.length} in pieces`);
}
