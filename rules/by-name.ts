/**
 * Rules asked about events whose exact name is known, as in a recording: `evt.type = openat` means openat and nothing else.
 * Each name is a class of its own, so rules are specialised for a name when the first event of it comes; there are hundreds
 * of names, and a recording holds few of them. Which rules a name can reach, and what kept the others from it, is told at
 * the end.
 */
import type { TypedCondition } from './check/typed.ts';
import { compileCondition } from './compile/compile.ts';
import { hitsOf, type Indexed } from './index-by-event.ts';
import { outputFormatter, type FormatOutput } from './output.ts';
import type { Match, Rule, RuleSet } from './ruleset.ts';
import type { OnClass } from './source.ts';
import { specialise, type Undecided } from './specialise.ts';
import type { Suppliers } from './subject.ts';
import { WindowGate, withEarlier } from './window/gate.ts';
import { Windows } from './window/windows.ts';

export interface NamedRules<Subject> {
  /** Every enabled rule that matches. `known`: the class that the table knows the event by, where that is not its name. */
  evaluate(name: string, known: string, subject: Subject): readonly Match[];
  looksAt(name: string, known: string): boolean;
  /** Enabled rules that no event so far could have met, each with why. */
  unmet(): readonly { readonly rule: Rule; readonly reasons: readonly string[] }[];
  /** What sequences and counts remember. */
  readonly windows: Windows;
}

interface Bucket<Subject> {
  readonly rules: readonly Indexed<Rule, Subject>[];
  readonly formats: Map<Rule, FormatOutput<Subject>>;
  /** Where its events get their values from. */
  readonly where: OnClass;
}

const nothing: readonly Match[] = [];
const bucketsMax = 5000;

/** `printed`: values as outputs show them, where that is more than a number can hold. */
export function bindByName<Subject>(ruleset: RuleSet, suppliers: Suppliers<Subject>, printed: Suppliers<Subject> = suppliers): NamedRules<Subject> {
  const { enabled, table } = ruleset;
  const buckets = new Map<string, Bucket<Subject>>();
  const met = new Set<Rule>();
  const missing = new Map<Rule, Set<string>>();
  /** Of rules with a sequence: steps that an event so far could be. */
  const metSteps = new Map<Rule, Set<number>>();
  const windows = new Windows();
  windows.use(enabled);
  const gate = new WindowGate(windows, suppliers, printed);

  const bucketOf = (name: string, known: string): Bucket<Subject> => {
    const present = buckets.get(name);
    if (present !== undefined) return present;
    const where: OnClass = { table, eventClass: known, names: [name], absent: {} };
    const rules: Indexed<Rule, Subject>[] = [];
    for (const rule of enabled) {
      const special = specialise(rule.typed, where);
      if (special.condition.kind === 'constant' && !special.condition.value) {
        const reasons = missing.get(rule) ?? new Set<string>();
        for (const one of special.undecided) reasons.add(sentence(one));
        missing.set(rule, reasons);
        continue;
      }
      met.add(rule);
      rule.window?.steps.forEach(({ typed }, index) => {
        const { condition } = specialise(typed, where);
        if (condition.kind !== 'constant' || condition.value) metSteps.set(rule, (metSteps.get(rule) ?? new Set()).add(index));
      });
      rules.push({ rule, evaluate: compileCondition(special.condition, suppliers) });
    }
    const bucket = { rules, formats: new Map<Rule, FormatOutput<Subject>>(), where };
    if (buckets.size < bucketsMax) buckets.set(name, bucket);
    return bucket;
  };

  return {
    looksAt: (name, known) => bucketOf(name, known).rules.length > 0,
    evaluate: (name, known, subject) => {
      const bucket = bucketOf(name, known);
      const hits = hitsOf(bucket.rules, subject);
      if (hits.length === 0) return nothing;
      return hits.flatMap((hit): readonly Match[] => {
        const { rule, answer } = hit;
        const output = () => formatOf(bucket, rule, printed)(subject);
        if (rule.window === null) return [{ rule, answer, fired: null, output }];
        const passed = gate.pass(hit, rule.window, bucket.where, name, subject, {});
        if (passed?.answer !== 'match') return nothing;
        const { fired } = passed;
        return [{ rule, answer: 'match', fired, output: () => withEarlier(output(), fired) }];
      });
    },
    unmet: () => [
      ...enabled.filter((rule) => !met.has(rule)).map((rule) => ({ rule, reasons: reasonsOf(rule.typed, missing.get(rule) ?? new Set()) })),
      ...enabled.filter((rule) => met.has(rule)).flatMap((rule) => {
        const lacking = (rule.window?.steps ?? []).flatMap(({ typed }, index) => (metSteps.get(rule)?.has(index) === true ? [] : reasonsOf(typed, new Set()).map((one) => `step ${index + 1}: ${one}`)));
        return lacking.length === 0 ? [] : [{ rule, reasons: lacking }];
      }),
    ],
    windows,
  };
}

function formatOf<Subject>(bucket: Bucket<Subject>, rule: Rule, suppliers: Suppliers<Subject>): FormatOutput<Subject> {
  const present = bucket.formats.get(rule);
  if (present !== undefined) return present;
  const format = outputFormatter(rule, bucket.where, suppliers);
  bucket.formats.set(rule, format);
  return format;
}

function sentence({ field, positive }: Undecided): string {
  return positive ? `${field.text} is not in a recording` : `${field.text} is not in a recording, and the condition forbids it`;
}

function reasonsOf(condition: TypedCondition, missing: ReadonlySet<string>): readonly string[] {
  if (missing.size > 0) return [...missing];
  const names = namedEvents(condition);
  return [names.length === 0 ? 'its condition can never be true' : `the recording holds no ${names.slice(0, 6).join(', ')}${names.length > 6 ? ` or ${names.length - 6} others` : ''}`];
}

/** Names that a condition asks for after `evt.type`. */
function namedEvents(condition: TypedCondition): readonly string[] {
  const names = new Set<string>();
  const visit = (one: TypedCondition): void => {
    if (one.kind === 'and' || one.kind === 'or') one.of.forEach(visit);
    if (one.kind !== 'test' || one.left.kind !== 'field' || (one.left.field.name !== 'evt.type' && one.left.field.name !== 'syscall.type')) return;
    const values = one.test.on === 'text-set' ? one.test.values : one.test.on === 'text' ? one.test.comparisons.map(({ value }) => value) : [];
    for (const value of values) names.add(value);
  };
  visit(condition);
  return [...names];
}
