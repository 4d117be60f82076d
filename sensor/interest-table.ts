/**
 * Interests → the table by which the kernel programs judge (sensor/probe/event.h, vd_interests). Names become their first or last eight
 * bytes, so what is longer is judged by those alone; the kernel looks only at the interests whose first component is the path's. What is asked
 * of a socket stands in the places of a path (sensor/socket-row.ts). What does not fit (too many interests, names to be found inside, crowded
 * places) makes its kind wanted whole, and is named. Only ever too much.
 */
import type { EventClass } from '@vedette/rules/events';
import { isWhole, needs, whole, type Conjunction, type Interest, type NamePart } from '@vedette/rules/interest';
import { anySocket, isAboutSockets } from '@vedette/rules/interest-socket';
import { kinds } from './decode/layout.ts';
import { socketMasks } from './socket-row.ts';

export const interestsMax = 512;
export const bucketsMax = 256;
export const probesMax = 8;
export const insideMax = 8;
export const listMax = 64;
export const [headerBytes, bucketBytes, interestBytes] = [40, 16, 80];
export const tableBytes = headerBytes + insideMax * 16 + bucketsMax * bucketBytes + interestsMax * interestBytes;

const ones = 0xffffffffffffffffn;
export const everyList = ones;
const want = { first: 1, each: 2 } as const;

type Kind = keyof typeof kinds;

/** Kinds whose records the kernel judges, by the class that rules know. An open for writing may read as well. */
const judgedKinds: Readonly<Partial<Record<EventClass, readonly Kind[]>>> = {
  open: ['openRead', 'openWrite'], mapExec: ['mapExec'], openFailed: ['openFailed'], rename: ['rename'], link: ['link'], symlink: ['symlink'], unlink: ['unlink'], rmdir: ['rmdir'],
  mkdir: ['mkdir'], mknod: ['mknod'], chmod: ['chmod'], chown: ['chown'], truncate: ['truncate'],
  connect: ['connect', 'connectUnix'], accept: ['accept'], listen: ['listen'], socket: ['socket'], bind: ['bind'], send: ['send'], receive: ['receive'], dup: ['dup'],
  ...sameKind('setns', 'unshare', 'ptrace', 'processVmWrite', 'processVmRead', 'prctl', 'kill', 'mapAnonymous', 'mprotect', 'pivotRoot', 'memfd', 'bpf', 'moduleLoad', 'moduleUnload', 'ioUring', 'userfaultfd', 'keyctl'),
};
/** Of these the first of each may be enough, which is all that is reported of them when they are wanted whole. */
const firsts = new Set<Kind>(['openRead', 'mapExec', 'openFailed']);
/** Wanted or not by their interests alone: they have no bit among the kinds of calls. */
const byInterests: readonly Kind[] = ['openRead', 'openWrite', 'mapExec', 'connect', 'accept', 'listen'];

/** Kinds of which another part of the sensor needs every record, and which part. */
export type Counted = Readonly<Partial<Record<Kind, string>>>;

function sameKind(...names: readonly (Kind & EventClass)[]): Partial<Record<EventClass, readonly Kind[]>> {
  return Object.fromEntries(names.map((name): readonly [EventClass, readonly Kind[]] => [name, [name]]));
}

export interface Pushed {
  readonly kind: Kind;
  readonly eventClass: EventClass;
  readonly interests: number;
  /** Who wants all of the kind, or why the kernel cannot judge it. Empty: it is filtered. */
  readonly wholeFor: readonly string[];
}

export interface InterestTable {
  readonly bytes: Uint8Array;
  readonly pushed: readonly Pushed[];
}

/** As much as one command holds. */
const pieceBytes = 4000;

export function* tablePieces(bytes: Uint8Array): Generator<{ readonly at: number; readonly piece: Uint8Array }> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield { at, piece: bytes.subarray(at, at + pieceBytes) };
}

interface Row {
  readonly atoms: Conjunction;
  readonly want: number;
}

export function interestTable(interests: readonly Interest[], wantedKinds: bigint, generation: number, counted: Counted = {}): InterestTable {
  const insides = new Insides();
  const pushed: Pushed[] = [];
  const lists = new Map<Kind, readonly Row[]>();
  let room = interestsMax;
  for (const [eventClass, ofClass] of Object.entries(judgedKinds) as [EventClass, readonly Kind[]][]) {
    for (const kind of ofClass) {
      if (!byInterests.includes(kind) && (wantedKinds >> BigInt(kinds[kind]) & 1n) === 0n) continue;
      const mine = [...interests.filter((one) => one.eventClass === eventClass), ...ofOthers(kind, interests)];
      const rows = rowsOf(kind, mine);
      const most = isAboutSockets(eventClass) ? Math.min(listMax, room) : room;
      const crowded = rows.length > most ? `${rows.length} interests, of which ${most} fit` : null;
      const wholeFor = [...(counted[kind] === undefined ? [] : [counted[kind]]), ...wholeReasons(kind, mine, crowded)];
      const isJudged = wholeFor.length === 0 || firsts.has(kind) && rows.length <= room;
      const fits = isJudged && insides.take(rows);
      pushed.push({ kind, eventClass, interests: rows.length, wholeFor: isJudged && !fits ? ['more names to be found inside of paths than the kernel looks for'] : wholeFor });
      if (!fits) continue;
      lists.set(kind, rows);
      room -= rows.length;
    }
  }
  return { bytes: new TableWriter(lists, insides).write(wantedKinds, generation), pushed };
}

/** A new socket in the place of one of the standard streams is told to rules on duplicates. */
function ofOthers(kind: Kind, interests: readonly Interest[]): readonly Interest[] {
  if (kind !== 'socket') return [];
  return interests.filter((one) => one.eventClass === 'dup' && one.any.length > 0).map((one) => ({ ...one, any: inPlaceOfStreams }));
}

const inPlaceOfStreams: readonly Conjunction[] = [0, 1, 2].map((result) => ({ ...whole, socket: { ...anySocket, result } }));

function wholeReasons(kind: Kind, interests: readonly Interest[], crowded: string | null): readonly string[] {
  if (crowded !== null) return [crowded];
  return [...new Set(interests.filter((one) => one.any.some((atoms) => concerns(kind, atoms) && isWhole(atoms))).map((one) => one.by))];
}

/** An open for reading alone meets no interest in writing, and the other way round. */
function concerns(kind: Kind, atoms: Conjunction): boolean {
  return !(kind === 'openRead' && atoms.needs.includes('write')) && !(kind === 'openWrite' && atoms.needs.includes('no-write'));
}

function rowsOf(kind: Kind, interests: readonly Interest[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { any, repeat } of interests) {
    for (const atoms of any) {
      if (!concerns(kind, atoms)) continue;
      const key = JSON.stringify(atoms);
      const kept = rows.get(key)?.want ?? 0;
      rows.set(key, { atoms, want: kept | (firsts.has(kind) ? want[repeat] : want.each) });
    }
  }
  return [...rows.values()];
}

/** Up to eight ends of components that are looked for in every component. */
class Insides {
  readonly all: { readonly mask: bigint; readonly value: bigint }[] = [];

  take(rows: readonly Row[]): boolean {
    const fresh = new Map<string, { mask: bigint; value: bigint }>();
    for (const { atoms } of rows) {
      if (atoms.inside === null) continue;
      const end = endOf(atoms.inside);
      if (this.bitOf(atoms.inside) === 0) fresh.set(`${end.mask} ${end.value}`, end);
    }
    if (this.all.length + fresh.size > insideMax) return false;
    this.all.push(...fresh.values());
    return true;
  }

  bitOf(part: NamePart | null): number {
    if (part === null) return 0;
    const { mask, value } = endOf(part);
    const at = this.all.findIndex((one) => one.mask === mask && one.value === value);
    return at < 0 ? 0 : 1 << at;
  }
}

export interface Compared {
  readonly mask: bigint;
  readonly value: bigint;
}

/** The first eight bytes of a component, the missing ones zero; of its beginning as many as there are. */
export function beginningOf({ text, whole }: NamePart): Compared {
  const bytes = Buffer.alloc(8);
  const given = Buffer.from(text, 'utf8').subarray(0, 8);
  bytes.set(given);
  return { mask: whole || given.length === 8 ? ones : (1n << BigInt(given.length * 8)) - 1n, value: bytes.readBigUInt64LE() };
}

/** The last eight bytes of a slash and the component, or of its end without the slash. */
export function endOf({ text, whole }: NamePart): Compared {
  const given = Buffer.from(whole ? `/${text}` : text, 'utf8').subarray(-8);
  const bytes = Buffer.alloc(8);
  bytes.set(given, 8 - given.length);
  return { mask: given.length === 8 ? ones : ones ^ ((1n << BigInt((8 - given.length) * 8)) - 1n), value: bytes.readBigUInt64LE() };
}

export function placeOf(kind: number, first: bigint): number {
  const mixed = BigInt.asUintN(64, (first ^ BigInt.asUintN(64, BigInt(kind) * 0x9e3779b97f4a7c15n)) * 0xff51afd7ed558ccdn);
  return Number(mixed >> 56n);
}

/** A bit for each two neighbouring bytes, which the path must have as well. */
export function pairsOf(text: string): bigint {
  const bytes = Buffer.from(text, 'utf8');
  let bits = 0n;
  for (let at = 1; at < bytes.length; at++) bits |= 1n << BigInt((bytes[at - 1]! * 31 + bytes[at]!) & 63);
  return bits;
}

/** One bit of 64 by the name's hash, FNV-1a: a process that is called so has it. */
export function nameBit(name: string): bigint {
  let hash = 14695981039346656037n;
  for (const byte of Buffer.from(name, 'utf8')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 1099511628211n);
  return 1n << (hash >> 58n);
}

class TableWriter {
  readonly #out = Buffer.alloc(tableBytes);
  readonly #lists: ReadonlyMap<Kind, readonly Row[]>;
  readonly #insides: Insides;
  #next = 0;

  constructor(lists: ReadonlyMap<Kind, readonly Row[]>, insides: Insides) {
    this.#lists = lists;
    this.#insides = insides;
  }

  write(wantedKinds: bigint, generation: number): Uint8Array {
    let [judged, paired, named] = [0n, 0n, 0n];
    for (const [kind, rows] of this.#lists) {
      if (!this.#list(kinds[kind], rows)) continue;
      judged |= 1n << BigInt(kinds[kind]);
      if (rows.some((row) => row.atoms.holds !== null)) paired |= 1n << BigInt(kinds[kind]);
      if (rows.some((row) => row.atoms.names !== null)) named |= 1n << BigInt(kinds[kind]);
    }
    const out = this.#out;
    out.writeUInt32LE(generation >>> 0, 0);
    out.writeBigUInt64LE(BigInt.asUintN(64, wantedKinds), 8);
    out.writeBigUInt64LE(judged, 16);
    out.writeBigUInt64LE(paired, 24);
    out.writeBigUInt64LE(named, 32);
    for (let index = 0; index < insideMax; index++) {
      // a place without a name is one that nothing equals
      const { mask, value } = this.#insides.all[index] ?? { mask: 0n, value: 1n };
      out.writeBigUInt64LE(mask, headerBytes + index * 8);
      out.writeBigUInt64LE(value, headerBytes + (insideMax + index) * 8);
    }
    return out;
  }

  /** Those of one first component stand together, and all of a kind do. False: they cannot be found, so the kind is not judged. */
  #list(kind: number, rows: readonly Row[]): boolean {
    const byFirst = new Map<bigint, Row[]>([[0n, []]]);
    for (const row of rows) {
      const { first } = row.atoms;
      const key = first === null ? 0n : beginningOf(first).mask === ones && (first.whole || Buffer.byteLength(first.text) >= 8) ? beginningOf(first).value : 0n;
      byFirst.set(key, [...(byFirst.get(key) ?? []), row]);
    }
    if ([...byFirst.values()].some((list) => list.length > listMax)) return false;
    const begin = this.#next;
    for (const [first, list] of byFirst) {
      if (!this.#bucket(kind, first, this.#next, list.length)) return false;
      for (const row of list) this.#interest(row);
    }
    // without it a path of unknown beginning is wanted
    if (rows.length <= listMax) this.#bucket(kind, everyList, begin, rows.length);
    return true;
  }

  #bucket(kind: number, first: bigint, from: number, count: number): boolean {
    for (let probe = 0; probe < probesMax; probe++) {
      const at = headerBytes + insideMax * 16 + (((placeOf(kind, first) + probe) & (bucketsMax - 1)) * bucketBytes);
      if (this.#out.readUInt32LE(at + 8) !== 0) continue;
      this.#out.writeBigUInt64LE(first, at);
      this.#out.writeUInt32LE(kind, at + 8);
      this.#out.writeUInt16LE(from, at + 12);
      this.#out.writeUInt16LE(count, at + 14);
      return true;
    }
    return false;
  }

  #interest({ atoms, want: wanted }: Row): void {
    const at = headerBytes + insideMax * 16 + bucketsMax * bucketBytes + this.#next * interestBytes;
    this.#next += 1;
    const ofPath = [atoms.first && beginningOf(atoms.first), atoms.second && beginningOf(atoms.second), atoms.last && endOf(atoms.last)];
    const all = atoms.socket === null ? ofPath : socketMasks(atoms.socket);
    for (const [index, compared] of all.entries()) {
      this.#out.writeBigUInt64LE(compared?.mask ?? 0n, at + index * 16);
      this.#out.writeBigUInt64LE(compared?.value ?? 0n, at + index * 16 + 8);
    }
    // the place of the number of components
    const number = atoms.socket === null ? atoms.components : atoms.socket.result;
    this.#out.writeUInt32LE(this.#insides.bitOf(atoms.inside), at + 48);
    this.#out.writeUInt16LE(needs.reduce((bits, need, index) => bits | (atoms.needs.includes(need) ? 1 << index : 0), 0), at + 52);
    this.#out.writeUInt8(wanted, at + 54);
    this.#out.writeUInt8(atoms.path, at + 55);
    this.#out.writeUInt32LE(number === null ? 0 : 0xffffffff, at + 56);
    this.#out.writeUInt32LE((number ?? 0) >>> 0, at + 60);
    this.#out.writeBigUInt64LE(pairsOf(atoms.holds ?? ''), at + 64);
    this.#out.writeBigUInt64LE(atoms.names === null ? ones : atoms.names.reduce((bits, name) => bits | nameBit(name), 0n), at + 72);
  }
}
