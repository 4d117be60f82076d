/**
 * Noise of one rule in one workload → the narrowest exceptions that hide most of it and nothing that somebody confirmed.
 * Begins with one value of what tells programs apart, adds every field on which all that it hides agree, and, where
 * nearly all agree, gives up the few for the narrower form; what would hide a confirmed detection, or one of which it
 * cannot be known, is narrowed further or dropped. Pure; bounded by the numbers below.
 */
import { backTest } from './back-test.ts';
import { exceptionName, isUsableValue, type Atom, type NoiseException } from './exception.ts';
import { foldKeyOf, keptFields, storedDirectory, storedValue, variedBetween, type KeptField, type StoredDetection } from './stored.ts';

export interface ProposalInput {
  readonly rule: string;
  /** Of the workload, not confirmed. */
  readonly noise: readonly StoredDetection[];
  /** Of the rule, wherever they were: an exception holds everywhere. */
  readonly confirmed: readonly StoredDetection[];
  /** Names of lists in the loaded rules. */
  readonly lists: ReadonlySet<string>;
}

const exceptionsMax = 5;
/** An exception that hides less than this part of the noise is not worth reading. */
const partMin = 0.05;
/** So many of what is hidden must agree on a value for it to be asked for. */
const agreementMin = 0.9;
const seedsMax = 30;
const valuesMax = 8;
const refinementsMax = 2;
const kindsMax = 2000;
const keptNames: ReadonlySet<string> = new Set([...keptFields, 'fd.directory']);

/** What tells programs apart. */
const programFields: readonly KeptField[] = ['proc.exepath', 'proc.name'];
/** Where a search begins: what one program starts may be many others. */
const seedFields: readonly KeptField[] = [...programFields, 'proc.pname'];
/** What tells workloads apart, where a detection has it. */
const imageField: KeptField = 'container.image.repository';

type Rows = readonly StoredDetection[];

/** Three-valued, as the engine answers: `unknown` where a value is not known and no other atom says no. */
export function holds(atoms: readonly Atom[], row: StoredDetection): 'yes' | 'no' | 'unknown' {
  let answer: 'yes' | 'unknown' = 'yes';
  for (const atom of atoms) {
    const one = atomHolds(atom, row);
    if (one === 'no') return 'no';
    if (one === 'unknown') answer = 'unknown';
  }
  return answer;
}

function atomHolds({ field, comparator, value }: Atom, row: StoredDetection): 'yes' | 'no' | 'unknown' {
  if (comparator === 'startswith' && row.varied.includes(field)) {
    const directory = storedDirectory(row);
    return directory === null ? 'unknown' : directory.startsWith(value) ? 'yes' : 'no';
  }
  const stored = storedValue(row, field);
  if (stored.kind !== 'is') return stored.kind === 'missing' ? 'no' : 'unknown';
  return (comparator === '=' ? stored.text === value : stored.text.startsWith(value)) ? 'yes' : 'no';
}

function weight(rows: Rows): number {
  return rows.reduce((sum, row) => sum + row.count, 0);
}

function hiddenBy(atoms: readonly Atom[], rows: Rows): Rows {
  return rows.filter((row) => holds(atoms, row) === 'yes');
}

/** Values by how much of the rows has them, the most first; equal ones by name. */
function byWeight(rows: Rows, valueOf: (row: StoredDetection) => readonly string[]): (readonly [value: string, weight: number])[] {
  const sums = new Map<string, number>();
  for (const row of rows) for (const value of valueOf(row)) sums.set(value, (sums.get(value) ?? 0) + row.count);
  return [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

function valuesOf(field: KeptField, rows: Rows, lists: ReadonlySet<string>): Atom[] {
  const known = byWeight(rows, (row) => {
    const value = storedValue(row, field);
    return value.kind === 'is' && value.text !== '' && isUsableValue(value.text, lists) ? [value.text] : [];
  });
  return known.slice(0, valuesMax).map(([value]) => ({ field, comparator: '=', value }));
}

/** Directories in which most of the rows are, the deepest first among those that hold as much. The root is none. */
function directoriesOf(rows: Rows, lists: ReadonlySet<string>): (readonly [Atom, number])[] {
  const found = byWeight(rows, (row) => {
    const parts = (storedDirectory(row) ?? '').split('/').filter((part) => part !== '').slice(0, 32);
    return parts.map((_, depth) => `/${parts.slice(0, depth + 1).join('/')}/`);
  });
  return found.filter(([value]) => isUsableValue(value, lists)).sort(([a, x], [b, y]) => y - x || b.length - a.length).map(([value, sum]) => [{ field: 'fd.name', comparator: 'startswith', value }, sum]);
}

/** The atoms and every further one on which (nearly) all that they hide agree. */
function narrowed(seed: readonly Atom[], noise: Rows, lists: ReadonlySet<string>): readonly Atom[] {
  let atoms = seed;
  for (const field of keptFields) {
    if (atoms.some((one) => one.field === field)) continue;
    const rows = hiddenBy(atoms, noise);
    const enough = weight(rows) * agreementMin;
    const [best] = valuesOf(field, rows, lists);
    const atom = best !== undefined && weight(hiddenBy([best], rows)) >= enough ? best : field === 'fd.name' ? directoriesOf(rows, lists).findLast(([, sum]) => sum >= enough)?.[0] : undefined;
    const deepest = field === 'fd.name' && atom?.comparator === 'startswith' ? deepestDirectory(rows, enough, lists) : atom;
    if (deepest !== undefined) atoms = [...atoms, deepest];
  }
  return keptFields.flatMap((field) => atoms.filter((one) => one.field === field));
}

function deepestDirectory(rows: Rows, enough: number, lists: ReadonlySet<string>): Atom | undefined {
  const fitting = directoriesOf(rows, lists).filter(([, sum]) => sum >= enough);
  return fitting.sort(([a], [b]) => b.value.length - a.value.length)[0]?.[0];
}

function hidesConfirmed(atoms: readonly Atom[], confirmed: Rows): boolean {
  return confirmed.some((row) => holds(atoms, row) !== 'no');
}

/** Not "whatever runs there": a program in an image; on the host a program; what one program starts only in one directory of an image. */
function isNarrowEnough(atoms: readonly Atom[], rows: Rows): boolean {
  const has = (...fields: readonly KeptField[]): boolean => atoms.some((one) => fields.includes(one.field));
  if (!has(...programFields)) return has('proc.pname') && has('fd.name') && has(imageField);
  return has(imageField) || rows.every((row) => storedValue(row, imageField).kind === 'missing');
}

/** The best single exception for these rows, or null. */
function best(noise: Rows, input: ProposalInput): readonly Atom[] | null {
  let found: { readonly atoms: readonly Atom[]; readonly hidden: number } | null = null;
  const seeds = seedFields.flatMap((field) => valuesOf(field, noise, input.lists)).slice(0, seedsMax).map((one): readonly Atom[] => [one]);
  let round: readonly (readonly Atom[])[] = seeds;
  for (let depth = 0; depth <= refinementsMax && round.length > 0; depth += 1) {
    const next: (readonly Atom[])[] = [];
    for (const seed of round) {
      const atoms = narrowed(seed, noise, input.lists);
      const rows = hiddenBy(atoms, noise);
      const hidden = weight(rows);
      if (found !== null && (hidden < found.hidden || (hidden === found.hidden && atoms.length <= found.atoms.length))) continue;
      if (!hidesConfirmed(atoms, input.confirmed) && isNarrowEnough(atoms, rows)) found = { atoms, hidden };
      else if (depth < refinementsMax && next.length < seedsMax) next.push(...refined(seed, noise, input.lists));
    }
    round = next.slice(0, seedsMax);
  }
  return found?.atoms ?? null;
}

/** The seed with one more value of a field that it does not have yet. */
function refined(seed: readonly Atom[], noise: Rows, lists: ReadonlySet<string>): (readonly Atom[])[] {
  const rows = hiddenBy(seed, noise);
  return keptFields.filter((field) => !seed.some((one) => one.field === field)).flatMap((field) => {
    const directories = field === 'fd.name' ? directoriesOf(rows, lists).slice(0, valuesMax).map(([atom]) => atom) : [];
    return [...valuesOf(field, rows, lists), ...directories].map((atom) => [...seed, atom]);
  });
}

/** Alike ones as one, the most first, as the sensor and the hub count them: the search looks at kinds, not at each. */
function alike(rows: Rows): Rows {
  const kinds = new Map<string, StoredDetection>();
  for (const row of rows) {
    const key = `${row.eventClass}\0${row.identityPending ? 1 : 0}${row.inContainer ? 1 : 0}\0${row.varied.filter((name) => keptNames.has(name)).join()}\0${foldKeyOf(row.fields)}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, row);
    else kinds.set(key, { ...known, count: known.count + row.count, varied: [...new Set([...known.varied, ...row.varied, ...variedBetween(known.fields, row.fields)])] });
  }
  return [...kinds.values()].sort((a, b) => b.count - a.count).slice(0, kindsMax);
}

/** Each different one once: how often it was confirmed does not matter. */
function distinct(rows: Rows): Rows {
  return [...new Map(rows.map((row) => [JSON.stringify([keptFields.map((name) => (Object.hasOwn(row.fields, name) ? row.fields[name] : 0)), row.varied, row.identityPending, row.inContainer, row.eventClass]), row])).values()];
}

/** None: nothing narrow enough hides a part worth it without hiding what was confirmed. */
export function proposeExceptions(input: ProposalInput): readonly NoiseException[] {
  const exceptions: NoiseException[] = [];
  const confirmed = distinct(input.confirmed);
  let rest: Rows = alike(input.noise);
  // of many kinds the loudest are searched; what that finds is then weighed on all
  const enough = Math.max(1, weight(rest) * partMin);
  while (exceptions.length < exceptionsMax && rest.length > 0) {
    const atoms = best(rest, { ...input, confirmed });
    if (atoms === null) break;
    const hidden = new Set(hiddenBy(atoms, rest));
    if (weight([...hidden]) < enough) break;
    exceptions.push({ rule: input.rule, name: exceptionName(atoms), atoms });
    rest = rest.filter((row) => !hidden.has(row));
  }
  const worthIt = weight(input.noise) * partMin;
  return exceptions.filter((one) => {
    if (weight(hiddenBy(one.atoms, input.noise)) < worthIt) return false;
    // the engine has the last word: what it cannot decide about a confirmed detection is not proposed
    return confirmed.length === 0 || backTest(input.rule, [one], confirmed).kept === weight(confirmed);
  });
}
