/**
 * Between a rule whose steps were asked and an alert: which steps an event is, by which values, and whether that completes what
 * the rule waits for. One event is one step: the last that it can be is tried first, and an event that fires is nothing else.
 * While a step hangs on an identity that is not known, the whole event waits, and so do later ones of its container behind it.
 */
import { answers, compileCondition, type Answer, type Evaluate } from '../compile/compile.ts';
import { plainText, readersOf } from '../compile/readers.ts';
import type { TypedOperand } from '../check/typed.ts';
import type { Hit } from '../index-by-event.ts';
import { outputFormatter, type FormatOutput, type Output, type OutputField } from '../output.ts';
import type { Rule } from '../ruleset.ts';
import { readOf, specialise } from '../specialise.ts';
import type { OnClass } from '../source.ts';
import type { Suppliers } from '../subject.ts';
import type { WindowPlan } from './plan.ts';
import type { Fired } from './state.ts';
import type { StepTaken, Windows } from './windows.ts';

export interface Asking {
  /** Ask just these rules, by name. */
  readonly only?: ReadonlySet<string>;
  /** Rules of which an earlier event of the same container waits: a step of theirs waits too. */
  readonly behind?: ReadonlySet<string>;
  /** What still hangs on an identity is taken as it is. */
  readonly decided?: boolean;
}

export type Passed = { readonly answer: 'pending' } | { readonly answer: 'match'; readonly fired: Fired };

interface StepOnClass<Subject> {
  readonly index: number;
  readonly evaluate: Evaluate<Subject>;
  readonly by: readonly ((subject: Subject) => string | null)[];
  readonly distinct: ((subject: Subject) => string | null) | null;
  readonly note: FormatOutput<Subject>;
}

export class WindowGate<Subject> {
  readonly #windows: Windows;
  readonly #suppliers: Suppliers<Subject>;
  readonly #printed: Suppliers<Subject>;
  readonly #steps = new Map<Rule, Map<string, readonly StepOnClass<Subject>[]>>();

  constructor(windows: Windows, suppliers: Suppliers<Subject>, printed: Suppliers<Subject>) {
    this.#windows = windows;
    this.#suppliers = suppliers;
    this.#printed = printed;
  }

  /** Null: nothing is to be said. `className`: what the steps are specialised for. */
  pass({ rule, answer: answered }: Hit<Rule>, plan: WindowPlan, where: OnClass, className: string, subject: Subject, { behind, decided = false }: Asking): Passed | null {
    const steps = this.#stepsOf(rule, plan, where, className);
    const [only] = steps;
    // one step alone was asked already: that is the whole condition here
    if (steps.length === 1 && only !== undefined) return this.#take(rule.name, [{ step: only, answer: answered === 'match' ? answers.yes : answers.unknown }], subject, { behind, decided });
    const given = steps.map((step) => ({ step, answer: step.evaluate(subject) })).filter((one) => one.answer !== answers.no);
    return given.length === 0 ? null : this.#take(rule.name, given, subject, { behind, decided });
  }

  #take(rule: string, given: readonly { readonly step: StepOnClass<Subject>; readonly answer: Answer }[], subject: Subject, { behind, decided }: { readonly behind: ReadonlySet<string> | undefined; readonly decided: boolean }): Passed | null {
    if (!decided && (given.some((one) => one.answer === answers.unknown) || behind?.has(rule) === true)) return { answer: 'pending' };
    const timeNs = this.#suppliers.timeNs(subject);
    for (const { step, answer } of given) {
      const taken = takenOf(step, subject, timeNs, answer === answers.unknown);
      const fired = taken === null ? null : this.#windows.take(rule, taken);
      if (fired !== null) return { answer: 'match', fired };
    }
    return null;
  }

  /** Last step first. */
  #stepsOf(rule: Rule, plan: WindowPlan, where: OnClass, className: string): readonly StepOnClass<Subject>[] {
    const ofRule = this.#steps.get(rule) ?? new Map<string, readonly StepOnClass<Subject>[]>();
    this.#steps.set(rule, ofRule);
    const present = ofRule.get(className);
    if (present !== undefined) return present;
    const steps: StepOnClass<Subject>[] = [];
    plan.steps.forEach(({ typed, by, note }, index) => {
      const { condition } = specialise(typed, where);
      if (condition.kind === 'constant' && !condition.value) return;
      const text = (operand: TypedOperand) => textReader(operand, where, this.#suppliers);
      steps.push({
        index, by: by.map(text), distinct: plan.distinct === null ? null : text(plan.distinct),
        evaluate: compileCondition(condition, this.#suppliers), note: outputFormatter({ output: note, extraFields: [] }, where, this.#printed),
      });
    });
    ofRule.set(className, steps.reverse());
    return steps;
  }
}

function takenOf<Subject>(step: StepOnClass<Subject>, subject: Subject, timeNs: number, identityPending: boolean): StepTaken | null {
  let key = '';
  for (const read of step.by) {
    const text = read(subject);
    if (text === null) return null;
    key += `${text.length}:${text}`;
  }
  const value = step.distinct === null ? null : step.distinct(subject);
  if (step.distinct !== null && value === null) return null;
  return { step: step.index, key, timeNs, identityPending, value, note: () => step.note(subject).text };
}

function textReader<Subject>(operand: TypedOperand, where: OnClass, suppliers: Suppliers<Subject>): (subject: Subject) => string | null {
  const reading = readOf(operand, where);
  const [read] = reading.kind === 'none' ? [] : readersOf(reading.read, suppliers);
  const isBytes = operand.type === 'bytes';
  return (subject) => {
    const value = read?.(subject, 0) ?? null;
    return value === null ? null : Array.isArray(value) ? value.join('\0') : plainText(value as Exclude<typeof value, readonly string[]>, isBytes);
  };
}

/** What came before as fields of the output: `vedette.step[1]`, and of a count `vedette.count`. */
export function withEarlier({ text, fields }: Output, fired: Fired): Output {
  const more: OutputField[] = fired.earlier.map((note, index) => ({ name: `vedette.step[${index + 1}]`, value: note.text, text: note.text }));
  if (fired.count !== null) more.unshift({ name: 'vedette.count', value: fired.count, text: String(fired.count) });
  return { text, fields: [...fields, ...more] };
}
