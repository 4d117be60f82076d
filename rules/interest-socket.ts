/**
 * A comparison of what a socket is → atoms that the kernel compares: its family and protocol, either port and the remote address, each as
 * leading bits (a port alone has sixteen of them, a range of ports is cut into few), and the exact error; of a socket that is made, the family
 * that was asked for. What they say is implied by the comparison, never more. Local addresses, names and what must not be are no atoms. Leading bits either contain each other or have nothing
 * in common, so two atoms that must both hold are the longer one, or impossible.
 */
import { predicateOf } from './compile/predicates.ts';
import type { Test } from './check/typed.ts';
import type { EventClass } from './events.ts';
import type { OrderOperator } from './operators.ts';
import { socketFamilies } from './socket-families.ts';
import { stepsOf, type ReadSource, type Specialised } from './specialise.ts';

/** The first `bits` of a number; of a port 16, of an address (as hexadecimal digits) 128. */
export interface Leading<T> {
  readonly value: T;
  readonly bits: number;
}

/** Everything that is named must hold; null names nothing. */
export interface SocketAtoms {
  readonly family: number | null;
  readonly protocol: number | null;
  readonly localPort: Leading<number> | null;
  readonly remotePort: Leading<number> | null;
  /** IPv4 mapped, as everywhere. */
  readonly remote: Leading<string> | null;
  /** What the call returned, a negative errno. */
  readonly result: number | null;
}

export const anySocket: SocketAtoms = { family: null, protocol: null, localPort: null, remotePort: null, remote: null, result: null };

const socketClasses: ReadonlySet<string> = new Set<EventClass>(['socket', 'bind', 'connect', 'accept', 'listen', 'send', 'receive', 'dup']);

export function isAboutSockets(eventClass: EventClass): boolean {
  return socketClasses.has(eventClass);
}

type Leaf = Specialised & { readonly kind: 'test' };

/** Null: the kernel does not know what is asked. Empty: it never holds. */
export function socketAtomsOf(leaf: Leaf, eventClass: EventClass): readonly SocketAtoms[] | null {
  const { read, test } = leaf;
  if (!isAboutSockets(eventClass) || read.kind !== 'field') return null;
  if (eventClass === 'socket' && read.operand.field.name === 'evt.arg' && read.operand.field.argument === 'domain') return read.operand.transforms.length > 0 ? null : ofDomain(test);
  const found: SocketAtoms[] = [];
  // a field of both ends holds where one of them does
  for (const source of read.sources) {
    if (source.kind !== 'supplied') return null;
    const ofSource = ofName(source.name, test, (value) => holds(leaf, source, value));
    if (ofSource === null) return null;
    found.push(...ofSource);
  }
  return found;
}

/** A value exists only where there is such a socket. */
export function socketAtomsOfExistence({ read }: Specialised & { readonly kind: 'exists' }, eventClass: EventClass): readonly SocketAtoms[] | null {
  if (!isAboutSockets(eventClass) || read.kind !== 'field') return null;
  const isEnd = read.sources.every((source) => source.kind === 'supplied' && endFields.has(source.name));
  return isEnd ? [{ ...anySocket, family: 2 }, { ...anySocket, family: 10 }] : null;
}

const endFields: ReadonlySet<string> = new Set(['fd.lip', 'fd.rip', 'fd.lport', 'fd.rport']);

function ofName(name: string, test: Test, passes: (value: string) => boolean): readonly SocketAtoms[] | null {
  switch (name) {
    case 'fd.lport':
      return ofPorts(test)?.map((localPort) => ({ ...anySocket, localPort })) ?? null;
    case 'fd.rport':
      return ofPorts(test)?.map((remotePort) => ({ ...anySocket, remotePort })) ?? null;
    case 'fd.rip':
      return ofNetworks(test)?.map((remote) => ({ ...anySocket, remote })) ?? null;
    case 'fd.type':
      if (notSockets.some(passes)) return null;
      return families.filter(([, type]) => passes(type)).map(([family]) => ({ ...anySocket, family }));
    case 'fd.l4proto':
      return protocols.filter(([, transport]) => passes(transport)).map(([protocol]) => ({ ...anySocket, protocol }));
    default:
      return null;
  }
}

/** What fd.type and fd.l4proto say of each family and protocol; of others they say nothing. */
const families = [[1, 'unix'], [2, 'ipv4'], [10, 'ipv6'], [16, 'netlink'], [17, 'packet']] as const;
const protocols = [[6, 'tcp'], [262, 'tcp'], [17, 'udp'], [1, 'icmp'], [58, 'icmp']] as const;
/** A call on a socket can be given something else, and fails. */
const notSockets = ['file', 'directory', 'memfd', 'char', 'block', 'pipe'];

function holds(leaf: Leaf, source: ReadSource, value: string): boolean {
  if (leaf.read.kind !== 'field') return true;
  let now: ReturnType<ReturnType<typeof stepsOf>[number]> = value;
  for (const step of stepsOf(leaf.read, source)) now = now === null ? null : step(now);
  return now !== null && predicateOf(leaf.test)(now);
}

/** A family without a name is its number, in which nothing that begins with AF_ can be found. */
function ofDomain(test: Test): readonly SocketAtoms[] | null {
  const values = test.on === 'text-set' ? test.values : test.on === 'text' && test.comparisons.every(({ operator }) => domainOperators.has(operator)) ? test.comparisons.map(({ value }) => value) : [];
  if (values.length === 0 || values.some((value) => !value.startsWith('AF_'))) return null;
  const passes = predicateOf(test);
  return [...socketFamilies.entries()].filter(([, name]) => passes(name)).map(([family]) => ({ ...anySocket, family }));
}

const domainOperators: ReadonlySet<string> = new Set(['=', 'contains', 'startswith']);

/** Of several that must all hold the first is enough to say. */
function ofPorts(test: Test): readonly Leading<number>[] | null {
  if (test.on !== 'number') return null;
  const { operator, count } = test;
  if (operator === '!=') return null;
  const values = count === 'all' ? test.values.slice(0, 1) : test.values;
  return values.flatMap((value) => leadingOf(...rangeOf(operator, value)));
}

const portMax = 0xffff;

function rangeOf(operator: '=' | OrderOperator, value: number): readonly [from: number, to: number] {
  switch (operator) {
    case '=':
      return Number.isInteger(value) ? [value, value] : [1, 0];
    case '<':
      return [0, Math.ceil(value) - 1];
    case '<=':
      return [0, Math.floor(value)];
    case '>':
      return [Math.floor(value) + 1, portMax];
    case '>=':
      return [Math.ceil(value), portMax];
    default:
      return operator satisfies never;
  }
}

/** The fewest runs of leading bits that are this range; of all ports one without bits. */
function leadingOf(from: number, to: number): readonly Leading<number>[] {
  const found: Leading<number>[] = [];
  const end = Math.min(to, portMax);
  for (let at = Math.max(from, 0); at <= end;) {
    let free = 0;
    while (free < 16 && at % (2 << free) === 0 && at + (2 << free) - 1 <= end) free += 1;
    found.push({ value: at, bits: 16 - free });
    at += 1 << free;
  }
  return found;
}

function ofNetworks(test: Test): readonly Leading<string>[] | null {
  if (test.on !== 'network' || test.operator !== '=') return null;
  const networks = test.count === 'all' ? test.networks.slice(0, 1) : test.networks;
  return networks.map(({ bytes, prefixBits }) => ({ value: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''), bits: prefixBits }));
}

/** Null: they contradict each other. */
export function bothSockets(one: SocketAtoms, other: SocketAtoms): SocketAtoms | null {
  const [family, protocol, result] = [same(one.family, other.family), same(one.protocol, other.protocol), same(one.result, other.result)];
  const [localPort, remotePort] = [longer(one.localPort, other.localPort, portBits), longer(one.remotePort, other.remotePort, portBits)];
  const remote = longer(one.remote, other.remote, addressBits);
  if (family === impossible || protocol === impossible || result === impossible || localPort === impossible || remotePort === impossible || remote === impossible) return null;
  return { family, protocol, localPort, remotePort, remote, result };
}

const impossible = 'impossible';

function same(one: number | null, other: number | null): number | null | typeof impossible {
  return one === null ? other : other === null || one === other ? one : impossible;
}

function longer<T>(one: Leading<T> | null, other: Leading<T> | null, bitsOf: (value: T) => string): Leading<T> | null | typeof impossible {
  if (one === null || other === null) return one ?? other;
  const [short, long] = one.bits <= other.bits ? [one, other] : [other, one];
  return bitsOf(short.value).slice(0, short.bits) === bitsOf(long.value).slice(0, short.bits) ? long : impossible;
}

function portBits(port: number): string {
  return port.toString(2).padStart(16, '0');
}

function addressBits(address: string): string {
  return [...address].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
}
