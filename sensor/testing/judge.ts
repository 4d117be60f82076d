/** The kernel's judging of a table of interests (sensor/probe/store/interest.h), written again byte by byte, so that tests can ask it of any event. */
import { bucketBytes, bucketsMax, everyList, headerBytes, insideMax, interestBytes, listMax, nameBit, pairsOf, placeOf, probesMax } from '../interest-table.ts';

export interface JudgedFacts {
  /** Components from the root; null: cut at the root's side, so only the end is known. */
  readonly path: readonly string[] | null;
  readonly have: number;
  readonly text: 0 | 1;
  /** What the process is called; without it, not known. */
  readonly name?: string;
}

const buckets = headerBytes + insideMax * 16;
const rows = buckets + bucketsMax * bucketBytes;

function head(component: string | undefined): bigint {
  const bytes = Buffer.alloc(8);
  bytes.set(Buffer.from(component ?? '').subarray(0, 8));
  return bytes.readBigUInt64LE();
}

function tail(component: string): bigint {
  const bytes = Buffer.alloc(8);
  const given = Buffer.from(`/${component}`).subarray(-8);
  bytes.set(given, 8 - given.length);
  return bytes.readBigUInt64LE();
}

export function isJudged(table: Uint8Array, kind: number): boolean {
  return (Buffer.from(table).readBigUInt64LE(16) >> BigInt(kind) & 1n) === 1n;
}

/** 0: not wanted, 1: the first, 2 (or 3): each. */
export function judge(table: Uint8Array, kind: number, { path, have, text, name }: JudgedFacts): number {
  const all = path ?? [];
  const facts: Facts = {
    first: head(all[0]), second: head(all[1]), last: all.length === 0 ? 0n : tail(all.at(-1)!), components: all.length, inside: 0, pairs: 0n,
    isHeadKnown: path !== null, isLastKnown: path !== null, name: name === undefined ? 0n : nameBit(name),
  };
  return judgeFacts(table, kind, path === null ? { ...facts, inside: 0xffffffff, pairs: ones } : { ...facts, inside: insideBits(table, all), pairs: all.reduce((bits, one) => bits | pairsOf(one), 0n) }, have, text);
}

export interface JudgedSocket {
  readonly family: number;
  readonly protocol: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly remoteAddress: Uint8Array;
  readonly result: number;
}

/** sensor/probe/store/interest-socket.h */
export function judgeSocket(table: Uint8Array, kind: number, { family, protocol, localPort, remotePort, remoteAddress, result }: JudgedSocket, have: number, name?: string): number {
  const word = (at: number) => Buffer.from(remoteAddress).readBigUInt64LE(at);
  const first = BigInt(localPort) | BigInt(remotePort) << 16n | BigInt(family) << 32n | BigInt(protocol) << 48n;
  return judgeFacts(table, kind, { first, second: word(0), last: word(8), components: result, inside: 0, pairs: 0n, isHeadKnown: true, isLastKnown: true, name: name === undefined ? 0n : nameBit(name) }, have, 0);
}

/** A call of which nothing but its result is known. */
export function judgeCall(table: Uint8Array, kind: number, have: number, name?: string): number {
  return judgeFacts(table, kind, { ...nothing, name: name === undefined ? 0n : nameBit(name) }, have, 0);
}

/** By a path as a call was given it (sensor/probe/extract/text.h, note_text). */
export function judgeText(table: Uint8Array, kind: number, { given, base, have = 0, text = 0 }: GivenText): number {
  const raw = given.split('/').slice(given.startsWith('/') ? 1 : 0);
  const named: string[] = [];
  const kept: string[] = [];
  let [isHeadKnown, isLastKnown] = [true, given !== ''];
  for (const one of raw) {
    isLastKnown = false;
    if (one === '' || one === '.') continue;
    named.push(one);
    if (one === '..') {
      if (kept.length < 3) isHeadKnown = false;
      kept.pop();
      continue;
    }
    kept.push(one);
    isLastKnown = true;
  }
  const before = given.startsWith('/') ? [] : base;
  if (before === null || (before.length === 0 && !given.startsWith('/'))) isHeadKnown = false;
  const whole = [...(before ?? []), ...kept];
  const everything = [...(before ?? []), ...named];
  const isOwn = (whole[0] === 'proc' && (whole[1] === 'self' || whole[1]?.startsWith('thread-s') === true)) || (whole[0] === 'dev' && whole[1] === 'fd');
  if (isOwn || (given.startsWith('/') && !isHeadKnown)) return judgeFacts(table, kind, nothing, have, text);
  const isSomewhere = before !== null && (before.length > 0 || given.startsWith('/'));
  const facts: Facts = {
    first: head(whole[0]), second: head(whole[1]), last: isLastKnown ? tail(kept.at(-1)!) : 0n, components: whole.length,
    inside: isSomewhere ? insideBits(table, everything) : 0xffffffff, pairs: isSomewhere ? everything.reduce((bits, one) => bits | pairsOf(one), 0n) : ones,
    isHeadKnown, isLastKnown, name: 0n,
  };
  return judgeFacts(table, kind, facts, have, text);
}

export interface GivenText {
  readonly given: string;
  /** Components of the directory that a relative one begins at; null: unknown. */
  readonly base: readonly string[] | null;
  readonly have?: number;
  readonly text?: 0 | 1;
}

interface Facts {
  readonly first: bigint;
  readonly second: bigint;
  readonly last: bigint;
  readonly components: number;
  readonly inside: number;
  readonly pairs: bigint;
  readonly isHeadKnown: boolean;
  readonly isLastKnown: boolean;
  /** Its bit; 0: not known. */
  readonly name: bigint;
}

const ones = 0xffffffffffffffffn;

const nothing: Facts = { first: 0n, second: 0n, last: 0n, components: 0, inside: 0xffffffff, pairs: ones, isHeadKnown: false, isLastKnown: false, name: 0n };

function insideBits(table: Uint8Array, components: readonly string[]): number {
  const u64 = (at: number) => Buffer.from(table.buffer, table.byteOffset).readBigUInt64LE(at);
  let inside = 0;
  for (const component of components) {
    for (let bit = 0; bit < insideMax; bit++) if ((tail(component) & u64(headerBytes + bit * 8)) === u64(headerBytes + (insideMax + bit) * 8)) inside |= 1 << bit;
  }
  return inside;
}

function judgeFacts(table: Uint8Array, kind: number, facts: Facts, have: number, text: 0 | 1): number {
  const view = Buffer.from(table.buffer, table.byteOffset);
  const u64 = (at: number) => view.readBigUInt64LE(at);
  const { first, second, last, components, inside, isHeadKnown, isLastKnown } = facts;
  const list = (key: bigint): number => {
    let found = -1;
    for (let probe = 0; probe < probesMax && found < 0; probe++) {
      const at = buckets + ((placeOf(kind, key) + probe) & (bucketsMax - 1)) * bucketBytes;
      if (view.readUInt32LE(at + 8) === kind && u64(at) === key) found = at;
    }
    if (found < 0) return key === everyList ? 2 : 0;
    let want = 0;
    for (let index = 0; index < Math.min(listMax, view.readUInt16LE(found + 14)); index++) {
      const at = rows + (view.readUInt16LE(found + 12) + index) * interestBytes;
      const ofHead = ((first ^ u64(at + 8)) & u64(at)) | ((second ^ u64(at + 24)) & u64(at + 16)) | BigInt((components ^ view.readUInt32LE(at + 60)) & view.readUInt32LE(at + 56));
      const ofEnd = (last ^ u64(at + 40)) & u64(at + 32);
      const others = (view.readUInt32LE(at + 48) & ~inside) | (view.readUInt16LE(at + 52) & ~have) | (view.readUInt8(at + 55) ^ text);
      const against = (isHeadKnown && ofHead !== 0n) || (isLastKnown && ofEnd !== 0n) || (u64(at + 64) & ~facts.pairs) !== 0n || (facts.name & ~u64(at + 72)) !== 0n || others !== 0;
      if (!against) want |= view.readUInt8(at + 54);
    }
    return want;
  };
  return isHeadKnown ? list(0n) | (first === 0n ? 0 : list(first)) : list(everyList);
}
