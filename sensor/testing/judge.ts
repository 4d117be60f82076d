/** The kernel's judging of a table of interests (sensor/probe/store/interest.h), written again byte by byte, so that tests can ask it of any event. */
import { bucketsMax, everyList, insideMax, listMax, placeOf, probesMax } from '../interest-table.ts';

export interface JudgedFacts {
  /** Components from the root; null: cut at the root's side, so only the end is known. */
  readonly path: readonly string[] | null;
  readonly have: number;
  readonly text: 0 | 1;
}

const buckets = 24 + insideMax * 16;
const rows = buckets + bucketsMax * 16;

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
export function judge(table: Uint8Array, kind: number, { path, have, text }: JudgedFacts): number {
  const view = Buffer.from(table);
  const u64 = (at: number) => view.readBigUInt64LE(at);
  const all = path ?? [];
  let inside = path === null ? 0xffffffff : 0;
  for (const component of all) {
    for (let bit = 0; bit < insideMax; bit++) if ((tail(component) & u64(24 + bit * 8)) === u64(24 + (insideMax + bit) * 8)) inside |= 1 << bit;
  }
  const [first, second] = [head(all[0]), head(all[1])];
  const last = all.length === 0 ? 0n : tail(all.at(-1)!);
  const list = (key: bigint): number => {
    let found = -1;
    for (let probe = 0; probe < probesMax && found < 0; probe++) {
      const at = buckets + ((placeOf(kind, key) + probe) & (bucketsMax - 1)) * 16;
      if (view.readUInt32LE(at + 8) === kind && u64(at) === key) found = at;
    }
    if (found < 0) return key === everyList ? 2 : 0;
    let want = 0;
    for (let index = 0; index < Math.min(listMax, view.readUInt16LE(found + 14)); index++) {
      const at = rows + (view.readUInt16LE(found + 12) + index) * 64;
      const against = path === null ? 0n : ((first ^ u64(at + 8)) & u64(at)) | ((second ^ u64(at + 24)) & u64(at + 16)) | ((last ^ u64(at + 40)) & u64(at + 32));
      const others = (view.readUInt32LE(at + 48) & ~inside) | (view.readUInt16LE(at + 52) & ~have) | (view.readUInt8(at + 55) ^ text);
      const number = path !== null && ((all.length ^ view.readUInt32LE(at + 60)) & view.readUInt32LE(at + 56)) !== 0;
      if (against === 0n && others === 0 && !number) want |= view.readUInt8(at + 54);
    }
    return want;
  };
  return path === null ? list(everyList) : list(0n) | (first === 0n ? 0 : list(first));
}
