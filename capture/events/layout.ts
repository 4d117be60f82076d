/**
 * The table of events → what each number means: its name, its parameters, and how its parameters lie. Newer captures
 * have no enter events: what they held was appended to the exit event. An exit event is therefore always seen in its
 * newest form, and a parameter that the file does not have there is taken from the enter event before it (`own` and
 * `enter` say where). Old versions of an event are seen as the version they became, and so bear its name.
 */
import { flagNames, type FlagName } from './flag-names.ts';
import { eventTable, sharedParameters } from './table.ts';

export type ParameterType =
  | 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64' | 'str' | 'path' | 'rel' | 'buf' | 'err' | 'fd' | 'pid' | 'uid' | 'gid'
  | 'f8' | 'f16' | 'f32' | 'e8' | 'e16' | 'e32' | 'mode' | 'addr' | 'tuple' | 'fds' | 'sc' | 'sig' | 'sigset' | 'rtime' | 'atime' | 'dyn' | 'strs' | 'pairs';

const types: ReadonlySet<string> = new Set<ParameterType>([
  'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'str', 'path', 'rel', 'buf', 'err', 'fd', 'pid', 'uid', 'gid',
  'f8', 'f16', 'f32', 'e8', 'e16', 'e32', 'mode', 'addr', 'tuple', 'fds', 'sc', 'sig', 'sigset', 'rtime', 'atime', 'dyn', 'strs', 'pairs',
]);

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly base: 'dec' | 'hex' | 'oct';
  readonly names: readonly FlagName[] | null;
  /** The list of a `dyn` parameter. */
  readonly variants: string | null;
  /** Place of the parameter that holds the directory of a relative path; -1: none. */
  readonly directoryAt: number;
}

export type Kind = 'syscall' | 'tracepoint' | 'meta' | 'plugin';

export interface Layout {
  /** As it lies in the file. */
  readonly code: number;
  /** As it is seen: the newest version of the same event. */
  readonly newest: number;
  readonly name: string;
  readonly kind: Kind;
  readonly category: string;
  readonly isExit: boolean;
  readonly parameters: readonly Parameter[];
  readonly byName: ReadonlyMap<string, number>;
  /** How many parameters the file may hold. */
  readonly storedMax: number;
  /** For each parameter its place in the stored event, and in the enter event before it; -1: not there. */
  readonly own: readonly number[];
  readonly enter: readonly number[];
  /** Whether anything may have to be taken from the enter event. */
  readonly needsEnter: boolean;
  readonly createsFd: boolean;
  readonly destroysFd: boolean;
  readonly usesFd: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly waits: boolean;
  readonly withoutThread: boolean;
  readonly largeLengths: boolean;
  readonly returns: boolean;
  /** Place of the descriptor that the event is about; -1: none. */
  readonly fdAt: number;
}

interface Pair {
  readonly code: number;
  readonly name: string;
  readonly kind: Kind;
  readonly category: string;
  readonly flags: string;
  readonly became: number;
  readonly onEnter: readonly Parameter[];
  readonly onExit: readonly Parameter[] | null;
}

const kinds: Readonly<Record<string, Kind>> = { s: 'syscall', t: 'tracepoint', m: 'meta', p: 'plugin' };

function parameterOf(text: string): Parameter {
  const match = /^(\w+):([a-z]+\d*)(?:\.(\w+))?(?:@(\d))?(?:\/(hex|oct))?$/.exec(text);
  const [, name = '', type = '', list, directory, base] = match ?? [];
  if (match === null || !types.has(type)) throw new RangeError(`the event table has a bad parameter: ${text}`);
  const names = list === undefined || type === 'dyn' ? null : flagNames.get(list);
  if (names === undefined) throw new RangeError(`the event table names a list that is not there: ${text}`);
  const variants = type === 'dyn' ? (list ?? null) : null;
  return { name, type: type as ParameterType, base: base === 'hex' || base === 'oct' ? base : 'dec', names, variants, directoryAt: directory === undefined ? -1 : Number(directory) };
}

function parametersOf(text: string): readonly Parameter[] {
  const words = text.trim().replace(/\*\w+/g, (word) => sharedParameters[word] ?? word);
  return words === '' ? [] : words.split(/\s+/).map(parameterOf);
}

function pairOf(line: string): Pair {
  const bar = line.indexOf('|');
  const [code = '', name = '', kind = '', category = '', flags = '', became = ''] = line.slice(0, bar).trim().split(/\s+/);
  const [onEnter = '', onExit] = line.slice(bar + 1).split('>');
  return {
    code: Number(code),
    name,
    kind: kinds[kind] ?? 'meta',
    category,
    flags,
    became: became === '' ? Number(code) : Number(became.slice(1)),
    onEnter: parametersOf(onEnter),
    onExit: onExit === undefined ? null : parametersOf(onExit),
  };
}

/** Duplicating calls name the old descriptor `fd` on entering and `oldfd` on leaving. */
const enterNames: Readonly<Record<string, string>> = { oldfd: 'fd' };

/** The exit event with what newer captures append to it. */
function newestExit(pair: Pair): readonly Parameter[] {
  const own = pair.onExit ?? [];
  const duplicates = own.some((one) => one.name === 'oldfd');
  const appended = pair.onEnter.filter((one) => !own.some((other) => other.name === one.name) && !(duplicates && one.name === 'fd'));
  const places = new Map([...own, ...appended].map((one, index) => [one.name, index] as const));
  const moved = appended.map((one) => ({ ...one, directoryAt: one.directoryAt < 0 ? -1 : (places.get(pair.onEnter[one.directoryAt]?.name ?? '') ?? -1) }));
  return [...own, ...moved];
}

function layoutOf(pair: Pair, newest: Pair, isExit: boolean): Layout {
  const stored = isExit ? newestExit(pair) : pair.onEnter;
  const parameters = isExit ? newestExit(newest) : newest.onEnter;
  const place = (list: readonly Parameter[], name: string) => list.findIndex((one) => one.name === name);
  const own = parameters.map((one) => place(stored, one.name));
  const enter = parameters.map((one) => {
    if (!isExit) return -1;
    const named = place(pair.onEnter, one.name);
    return named >= 0 || enterNames[one.name] === undefined ? named : place(pair.onEnter, enterNames[one.name] ?? '');
  });
  const has = (flag: string) => newest.flags.includes(flag);
  const descriptors = parameters.flatMap((one, index) => (one.type === 'fd' && !(isExit && index === 0) ? [index] : []));
  const first = parameters[0];
  return {
    code: pair.code + (isExit ? 1 : 0),
    newest: newest.code + (isExit ? 1 : 0),
    name: newest.name,
    kind: newest.kind,
    category: newest.category,
    isExit,
    parameters,
    byName: new Map(parameters.map((one, index) => [one.name, index] as const)),
    storedMax: stored.length,
    own,
    enter,
    needsEnter: enter.some((index) => index >= 0),
    createsFd: has('c'),
    destroysFd: has('d'),
    usesFd: has('u'),
    reads: has('r'),
    writes: has('w'),
    waits: has('t'),
    withoutThread: has('k'),
    largeLengths: pair.flags.includes('l'),
    returns: isExit && newest.kind === 'syscall' && first !== undefined && (first.name === 'res' || first.name === 'fd' || first.name === 'res_or_fd'),
    fdAt: has('u') ? (descriptors[0] ?? -1) : -1,
  };
}

function readTable(): readonly (Layout | null)[] {
  const pairs = new Map(eventTable.trim().split('\n').map((line) => [pairOf(line).code, pairOf(line)] as const));
  const layouts: (Layout | null)[] = [];
  for (const pair of pairs.values()) {
    const newest = pairs.get(pair.became) ?? pair;
    layouts[pair.code] = layoutOf(pair, newest, false);
    layouts[pair.code + 1] = pair.onExit === null ? null : layoutOf(pair, newest, true);
  }
  return layouts;
}

/** By number; null: a number that never stands in a capture. */
export const layouts: readonly (Layout | null)[] = readTable();

/** Old captures hold an open or an execution only as what the program asked for; newer ones add what the kernel made of it. */
export const parametersMax = Math.max(...layouts.map((one) => one?.storedMax ?? 0));
