/**
 * Answers of name servers to names of addresses: what a process was told, it may connect to. The message is hostile: everything in it is
 * bounded (names of 255 bytes, 16 jumps, 32 records), and one that does not parse is nothing. Of an address the last name that was asked for
 * counts, in its container alone. Bounded: beyond `addressesMax` the ones that were told longest ago are forgotten.
 */
export interface NameAnswer {
  /** What was asked for. */
  readonly name: string;
  /** 16 bytes each, IPv4 mapped. */
  readonly addresses: readonly Uint8Array[];
}

const recordsMax = 32;
const jumpsMax = 16;

/** null: it is no answer, or none that can be read. */
export function readAnswer(message: Uint8Array): NameAnswer | null {
  if (message.length < 12) return null;
  const u16 = (at: number) => (message[at]! << 8) | message[at + 1]!;
  const isAnswer = (message[2]! & 0x80) !== 0 && (message[3]! & 0x0f) === 0;
  if (!isAnswer || u16(4) !== 1) return null;
  const asked = readName(message, 12);
  if (asked === null || asked.name === '') return null;
  const addresses: Uint8Array[] = [];
  let at = asked.end + 4;
  for (let i = 0; i < Math.min(u16(6), recordsMax); i++) {
    const owner = readName(message, at);
    if (owner === null || owner.end + 10 > message.length) break;
    const type = u16(owner.end);
    const length = u16(owner.end + 8);
    const data = owner.end + 10;
    if (data + length > message.length) break;
    if (type === 1 && length === 4) addresses.push(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...message.subarray(data, data + 4)]));
    if (type === 28 && length === 16) addresses.push(message.slice(data, data + 16));
    at = data + length;
  }
  return addresses.length === 0 ? null : { name: asked.name, addresses };
}

function readName(message: Uint8Array, from: number): { readonly name: string; readonly end: number } | null {
  const labels: string[] = [];
  let at = from;
  let end = -1;
  let bytes = 0;
  for (let jumps = 0; jumps <= jumpsMax; ) {
    const length = message[at];
    if (length === undefined) return null;
    if (length === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end };
    if ((length & 0xc0) === 0xc0) {
      const low = message[at + 1];
      if (low === undefined) return null;
      if (end < 0) end = at + 2;
      at = ((length & 0x3f) << 8) | low;
      jumps += 1;
      continue;
    }
    bytes += length + 1;
    if (length > 63 || bytes > 255 || at + 1 + length > message.length) return null;
    labels.push(printable(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return null;
}

/** A label may hold any byte; what is no letter, digit, hyphen or underscore is shown as a question mark. */
function printable(label: Uint8Array): string {
  let text = '';
  for (const one of label) text += (one >= 0x61 && one <= 0x7a) || (one >= 0x30 && one <= 0x39) || one === 0x2d || one === 0x5f ? String.fromCharCode(one) : one >= 0x41 && one <= 0x5a ? String.fromCharCode(one + 32) : '?';
  return text;
}

export class NameAnswers {
  readonly #names = new Map<string, string>();
  readonly #addressesMax: number;

  constructor(addressesMax = 16384) {
    this.#addressesMax = addressesMax;
  }

  get size(): number {
    return this.#names.size;
  }

  get sizeMax(): number {
    return this.#addressesMax;
  }

  /** `where`: id of the container; null: the host. */
  told(message: Uint8Array, where: string | null): void {
    const answer = readAnswer(message);
    if (answer === null) return;
    for (const address of answer.addresses) {
      const key = keyOf(address, where);
      this.#names.delete(key);
      this.#names.set(key, answer.name);
    }
    while (this.#names.size > this.#addressesMax) {
      const [oldest] = this.#names.keys();
      this.#names.delete(oldest!);
    }
  }

  nameOf(address: Uint8Array, where: string | null): string | null {
    return this.#names.get(keyOf(address, where)) ?? null;
  }
}

function keyOf(address: Uint8Array, where: string | null): string {
  return `${Buffer.from(address.buffer, address.byteOffset, address.byteLength).toString('latin1')}${where ?? ''}`;
}
