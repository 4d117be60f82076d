/**
 * What somebody wants to see of a class of events, as plain data that the kernel can judge before it makes a record: a union of
 * conjunctions of atoms. Of rules it is derived from what is left of their conditions on the class, and is never narrower than these: what
 * is no atom (what the arguments of a process are, a name that merely contains something) is taken for true. Atoms speak of the path
 * that the event is about, by whole components: the first two, the end of the last one, one that is somewhere inside, their number; of the
 * socket that it is about; of what the process is called; and of what the record must be (opened for reading, in a container, failed …). A conjunction without atoms wants
 * the class whole.
 */
import { inPathLeaf, type PathLeaf } from './interest-path.ts';
import { eventClasses, type EventClass } from './events.ts';
import { askedResults } from './interest-result.ts';
import { bothNames, namesOf } from './interest-name.ts';
import { anySocket, bothSockets, isAboutSockets, socketAtomsOf, socketAtomsOfExistence, type SocketAtoms } from './interest-socket.ts';
import type { Test } from './check/typed.ts';
import type { Specialised } from './specialise.ts';

/** A component, or the beginning (of the first two) or end (of the others) of one. */
export interface NamePart {
  readonly text: string;
  readonly whole: boolean;
}

export const needs = ['container', 'read', 'write', 'create', 'truncate', 'no-write', 'set-id', 'failed', 'succeeded'] as const;
/** `container`: not in the host's mount namespace; `create`, `truncate`: opened with O_CREAT, O_TRUNC; `no-write`: for reading alone; `set-id`: the mode has one of the set-id bits; `failed`, `succeeded`: by what the call returned. */
export type Need = (typeof needs)[number];

/** Everything that is named must hold; null names nothing. */
export interface Conjunction {
  /** Which of the event's two paths is meant; the first where it has one. */
  readonly path: 0 | 1;
  readonly first: NamePart | null;
  readonly second: NamePart | null;
  readonly last: NamePart | null;
  readonly inside: NamePart | null;
  /** Text within one of the components. */
  readonly holds: string | null;
  readonly components: number | null;
  readonly needs: readonly Need[];
  /** Only of classes that are about sockets, which have no path. */
  readonly socket: SocketAtoms | null;
  /** The process has one of these names. */
  readonly names: readonly string[] | null;
}

export const whole: Conjunction = { path: 0, first: null, second: null, last: null, inside: null, holds: null, components: null, needs: [], socket: null, names: null };

/**
 * `each`: every event. `first`: the first for each container, executable and file is enough; it counts where a class is reported that way
 * (files opened for reading, mapped, or not to be opened).
 */
export type Repeat = 'each' | 'first';

export interface Interest {
  /** Who wants it: the name of a rule, or of another part of the sensor. */
  readonly by: string;
  readonly eventClass: EventClass;
  readonly any: readonly Conjunction[];
  readonly repeat: Repeat;
}

/** Beyond these a condition is taken as one side of it alone, or as true. */
const productMax = 64;
const unionMax = 256;

export function interestsOf(rules: Iterable<{ readonly name: string; readonly conditions: ReadonlyMap<EventClass, Specialised> }>): readonly Interest[] {
  const found: Interest[] = [];
  for (const { name, conditions } of rules) {
    for (const [eventClass, condition] of conditions) found.push(interestOf(name, eventClass, condition));
  }
  return found.sort((a, b) => eventClasses.indexOf(a.eventClass) - eventClasses.indexOf(b.eventClass));
}

export function interestOf(by: string, eventClass: EventClass, condition: Specialised): Interest {
  const any = derived(condition, eventClass);
  return { by, eventClass, any, repeat: any.every(namesPath) ? 'each' : 'first' };
}

/** Whether it says more than of what sort the record must be. */
export function namesPath(one: Conjunction): boolean {
  return one.first !== null || one.last !== null || one.inside !== null || one.holds !== null;
}

export function isWhole(one: Conjunction): boolean {
  return !namesPath(one) && one.components === null && one.needs.length === 0 && one.socket === null && one.names === null;
}

/** A superset of what the condition can match; empty: nothing. */
function derived(condition: Specialised, eventClass: EventClass): readonly Conjunction[] {
  switch (condition.kind) {
    case 'constant':
      return condition.value ? [whole] : [];
    case 'and': {
      let all: readonly Conjunction[] = [whole];
      for (const one of condition.of) all = both(all, derived(one, eventClass));
      return all;
    }
    case 'or':
      return united(condition.of.flatMap((one) => derived(one, eventClass)));
    case 'not':
      return isHost(condition.of, eventClass) ? [{ ...whole, needs: ['container'] }] : ofOtherResult(condition.of, eventClass);
    case 'test':
      return ofTest(condition, eventClass);
    case 'exists':
      return socketAtomsOfExistence(condition, eventClass)?.map((socket) => ({ ...whole, socket })) ?? [whole];
    case 'fields':
      return [whole];
    default:
      return condition satisfies never;
  }
}

function united(of: readonly Conjunction[]): readonly Conjunction[] {
  if (of.some(isWhole)) return [whole];
  const distinct = new Map(of.map((one) => [JSON.stringify(one), one]));
  return distinct.size > unionMax ? [whole] : [...distinct.values()];
}

/** Where the product is too large, the side that says more alone: it must hold as well. */
function both(left: readonly Conjunction[], right: readonly Conjunction[]): readonly Conjunction[] {
  if (left.some(isWhole)) return right;
  if (right.some(isWhole)) return left;
  if (left.length * right.length > productMax) return left.every(saysMuch) === right.every(saysMuch) ? (left.length <= right.length ? left : right) : left.every(saysMuch) ? left : right;
  return united(left.flatMap((one) => right.flatMap((other) => joined(one, other))));
}

function saysMuch(one: Conjunction): boolean {
  return namesPath(one) || (one.socket !== null && (one.socket.localPort ?? one.socket.remotePort ?? one.socket.remote) !== null);
}

/** One atom of a sort is kept: the one that says more. Atoms of two paths do not fit into one conjunction, so those of the first are. */
function joined(one: Conjunction, other: Conjunction): readonly Conjunction[] {
  const allNeeds = needs.filter((need) => one.needs.includes(need) || other.needs.includes(need));
  if (allNeeds.includes('failed') && allNeeds.includes('succeeded')) return [];
  const socket = one.socket === null || other.socket === null ? (one.socket ?? other.socket) : bothSockets(one.socket, other.socket);
  const names = bothNames(one.names, other.names);
  if ((socket === null && one.socket !== null) || names?.length === 0) return [];
  if (!saysPath(other) || (saysPath(one) && one.path !== other.path)) return [{ ...one, needs: allNeeds, socket, names }];
  if (!saysPath(one)) return [{ ...other, needs: allNeeds, socket, names }];
  if (one.components !== null && other.components !== null && one.components !== other.components) return [];
  // the two first components belong together: those of one side, unless it has none
  const head = headWeight(one) >= headWeight(other) ? one : other;
  return [{
    path: one.path,
    first: head.first,
    second: head.second,
    last: longer(one.last, other.last),
    inside: longer(one.inside, other.inside),
    holds: (one.holds?.length ?? 0) >= (other.holds?.length ?? 0) ? one.holds : other.holds,
    components: one.components ?? other.components,
    needs: allNeeds,
    socket,
    names,
  }];
}

function saysPath(one: Conjunction): boolean {
  return namesPath(one) || one.components !== null;
}

function headWeight(one: Conjunction): number {
  return weight(one.first) + weight(one.second);
}

function weight(part: NamePart | null): number {
  return part === null ? 0 : part.text.length + (part.whole ? 100 : 0);
}

function longer(one: NamePart | null, other: NamePart | null): NamePart | null {
  return weight(one) >= weight(other) ? one : other;
}

type Leaf = Specialised & { readonly kind: 'test' };

function ofTest(leaf: Leaf, eventClass: EventClass): readonly Conjunction[] {
  const about = inPathLeaf(leaf, eventClass);
  if (about !== null) return united(ofPathTest(leaf.test, about));
  const names = namesOf(leaf);
  if (names !== null) return names.length === 0 ? [] : [{ ...whole, names }];
  const sockets = socketAtomsOf(leaf, eventClass);
  if (sockets !== null) return united(sockets.map((socket) => ({ ...whole, socket: isAnySocket(socket) ? null : socket })));
  const results = askedResults(leaf, eventClass);
  if (results !== null) return united(results.map((one) => ({ ...whole, needs: [one.outcome], socket: one.result === null || !isAboutSockets(eventClass) ? null : { ...anySocket, result: one.result } })));
  const need = needOf(leaf, eventClass);
  return need === null ? [whole] : [{ ...whole, needs: [need] }];
}

function isAnySocket({ family, protocol, localPort, remotePort, remote, result }: SocketAtoms): boolean {
  return (family ?? protocol ?? result) === null && [localPort, remotePort, remote].every((one) => one === null || one.bits === 0);
}

/** Not failed is succeeded, where nothing else was asked. */
function ofOtherResult(condition: Specialised, eventClass: EventClass): readonly Conjunction[] {
  const [asked, ...others] = askedResults(condition, eventClass) ?? [];
  if (asked === undefined || others.length > 0 || !asked.exactly) return [whole];
  return [{ ...whole, needs: [asked.outcome === 'failed' ? 'succeeded' : 'failed'] }];
}

function ofPathTest(test: Test, about: PathLeaf): readonly Conjunction[] {
  const possible = (atoms: readonly (Conjunction | null)[]) => atoms.filter((one) => one !== null);
  switch (test.on) {
    case 'text-set':
      return possible(test.values.map((value) => about.atoms('=', value)));
    case 'text':
      return possible(test.comparisons.map((one) => about.atoms(one.operator, one.value)));
    case 'path':
      return possible(test.prefixes.map((value) => about.atoms('path', value)));
    case 'number':
    case 'boolean':
    case 'network':
    case 'bytes':
    case 'texts':
      return [whole];
    default:
      return test satisfies never;
  }
}

/** Facts of the record itself. Only of files: of other calls the place is that of the execution, which the kernel does not know. */
function needOf({ read, test }: Leaf, eventClass: EventClass): Need | null {
  if (eventClass === 'chmod') return asksSetId(read, test) ? 'set-id' : null;
  if ((eventClass !== 'open' && eventClass !== 'mapExec') || read.kind !== 'field' || read.operand.transforms.length > 0 || read.sources.length !== 1) return null;
  const { name, argument } = read.operand.field;
  if (name === 'container.id') return isNotHost(test) ? 'container' : null;
  if (eventClass !== 'open') return null;
  if (test.on === 'boolean') return asksTrue(test) ? (opens[name] ?? null) : null;
  if (name !== 'evt.arg' || argument !== 'flags' || test.on !== 'text' || test.comparisons.length !== 1) return null;
  const [one] = test.comparisons;
  return one?.operator === 'contains' ? (flags[one.value] ?? null) : null;
}

function asksSetId(read: Leaf['read'], test: Test): boolean {
  if (read.kind !== 'field' || read.operand.field.name !== 'evt.arg' || read.operand.field.argument !== 'mode' || read.operand.transforms.length > 0 || test.on !== 'text') return false;
  return test.comparisons.length > 0 && test.comparisons.every((one) => one.operator === 'contains' && (one.value === 'S_ISUID' || one.value === 'S_ISGID'));
}

const opens: Readonly<Record<string, Need>> = { 'evt.is_open_read': 'read', 'evt.is_open_write': 'write', 'evt.is_open_create': 'create', 'evt.is_open_exec': 'create' };
const flags: Readonly<Record<string, Need>> = { O_CREAT: 'create', O_TRUNC: 'truncate' };

function asksTrue(test: Test & { on: 'boolean' }): boolean {
  return test.operator === '=' ? test.values.length > 0 && test.values.every((value) => value) : test.values.length > 0 && test.values.every((value) => !value);
}

function isNotHost(test: Test): boolean {
  if (test.on === 'text-set') return test.values.length > 0 && !test.values.includes('host');
  if (test.on !== 'text' || test.comparisons.length !== 1) return false;
  const [one] = test.comparisons;
  return one !== undefined && ((one.operator === '!=' && one.value === 'host') || (one.operator === '=' && one.value !== 'host'));
}

function isHost(condition: Specialised, eventClass: EventClass): boolean {
  if (condition.kind !== 'test' || (eventClass !== 'open' && eventClass !== 'mapExec')) return false;
  const { read, test } = condition;
  if (read.kind !== 'field' || read.operand.field.name !== 'container.id' || read.operand.transforms.length > 0) return false;
  if (test.on === 'text-set') return test.values.includes('host');
  return test.on === 'text' && test.count !== 'all' && test.comparisons.some((one) => one.operator === '=' && one.value === 'host');
}
