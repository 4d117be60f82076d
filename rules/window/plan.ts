/**
 * What `vedette:` of a rule means, looked up and typed: its steps in order, the last one being the rule's own condition, and
 * for each the values that must be equal. A step takes part only on events that have all of these values, so each is part of
 * the step's condition: what kernel and index must bring is then said by the condition alone.
 */
import { checkOperand } from '../check/operand.ts';
import { textOf, type TypedCondition, type TypedOperand } from '../check/typed.ts';
import type { EventClass } from '../events.ts';
import type { FieldTable } from '../field-table.ts';
import type { WindowItem } from '../load/read-window.ts';
import type { OutputPart } from '../output.ts';
import { placeOf, type Expression } from '../parse/ast.ts';
import { parseOperand } from '../parse/parse-operand.ts';
import type { PlacedText } from '../placed-text.ts';
import { ruleProblem, type RuleProblem } from '../problems.ts';
import { reachOf, type Reached } from '../reach.ts';
import type { Absent } from '../source.ts';
import type { Specialised } from '../specialise.ts';

export interface WindowStep {
  readonly typed: TypedCondition;
  /** As written, with its macros; null unless it was asked for. */
  readonly tree: Expression | null;
  readonly by: readonly TypedOperand[];
  /** What an alert says of the event as one that came before. */
  readonly note: readonly OutputPart[];
}

export interface WindowPlan {
  readonly kind: 'sequence' | 'count';
  /** In order; the last is the rule's own condition, and of a count the only one. */
  readonly steps: readonly WindowStep[];
  readonly withinNs: number;
  /** Events that are needed; of a sequence as many as it has steps. */
  readonly count: number;
  readonly distinct: TypedOperand | null;
  /** What makes it another plan when the rule is changed. */
  readonly print: string;
}

/** How the caller turns texts of a rule into what they mean. */
export interface WindowGround {
  readonly rule: string;
  readonly table: FieldTable;
  condition(text: PlacedText): { readonly condition: TypedCondition | null; readonly tree: Expression | null; readonly problems: readonly RuleProblem[] };
  output(text: PlacedText): readonly OutputPart[] | null;
  /** A text that stands at the rule's own place. */
  placed(text: string): PlacedText;
}

export interface BuiltWindow {
  /** Null: one of the problems is an error. */
  readonly plan: WindowPlan | null;
  readonly problems: readonly RuleProblem[];
}

export function buildWindow(item: WindowItem, own: { readonly condition: TypedCondition; readonly tree: Expression | null; readonly text: string }, ground: WindowGround): BuiltWindow {
  const problems: RuleProblem[] = [];
  const operand = (text: PlacedText): TypedOperand | null => {
    const read = operandOf(text, ground.table);
    if ('operand' in read) return read.operand;
    problems.push({ ...read.problem, rule: ground.rule });
    return null;
  };
  const by = operandsOf(item.by, operand);
  const distinct = item.distinct === null ? null : operand(item.distinct);
  const steps: WindowStep[] = [];
  for (const { condition, by: ownBy, output } of item.sequence) {
    const typed = ground.condition(condition);
    problems.push(...typed.problems);
    const keys = ownBy === null ? by : operandsOf(ownBy, operand);
    const note = output === null ? null : ground.output(output);
    if (typed.condition === null || keys === null) continue;
    steps.push({ typed: withValues(typed.condition, keys), tree: typed.tree, by: keys, note: noteOf(keys, note, ground) });
  }
  if (by === null || problems.some((one) => one.severity === 'error')) return { plan: null, problems };
  const asked = distinct === null ? by : [...by, distinct];
  steps.push({ typed: withValues(own.condition, asked), tree: own.tree, by, note: noteOf(asked, null, ground) });
  const print = JSON.stringify([item.withinNs, item.count, item.distinct?.text, item.by.map((one) => one.text), item.sequence.map((one) => [one.condition.text, one.by?.map((field) => field.text)]), own.text]);
  return { plan: { kind: item.count === null ? 'sequence' : 'count', steps, withinNs: item.withinNs, count: item.count ?? steps.length, distinct, print }, problems };
}

function operandsOf(texts: readonly PlacedText[], operand: (text: PlacedText) => TypedOperand | null): readonly TypedOperand[] | null {
  const found = texts.map(operand);
  return found.every((one) => one !== null) ? found : null;
}

function operandOf(text: PlacedText, table: FieldTable): { readonly operand: TypedOperand } | { readonly problem: RuleProblem } {
  const parsed = parseOperand(text);
  if (!parsed.ok) return { problem: ruleProblem('window-invalid', parsed.message, placeOf(parsed.at)) };
  const checked = checkOperand(parsed.operand, table, 'left');
  if (!checked.ok) return { problem: ruleProblem(checked.code, checked.message, placeOf(checked.at)) };
  const { operand } = checked;
  const isSeveral = operand.kind === 'field' && (operand.field.anyAncestor || (operand.field.spec.from !== undefined && 'ends' in operand.field.spec.from));
  if (isSeveral) return { problem: ruleProblem('window-invalid', `${textOf(operand)} stands for several values of one event: name one of them`, placeOf(operand.at)) };
  return { operand };
}

function withValues(condition: TypedCondition, keys: readonly TypedOperand[]): TypedCondition {
  return keys.length === 0 ? condition : { kind: 'and', of: [condition, ...keys.map((left): TypedCondition => ({ kind: 'exists', left }))] };
}

/** The time, then what the step says, or what happened and the values it was taken by. */
function noteOf(keys: readonly TypedOperand[], own: readonly OutputPart[] | null, ground: WindowGround): readonly OutputPart[] {
  const time = ground.output(ground.placed('%evt.time.iso8601 ')) ?? [];
  if (own !== null) return [...time, ...own];
  const values = keys.flatMap((operand): OutputPart[] => [{ kind: 'text', text: `, ${textOf(operand)} ` }, { kind: 'field', name: textOf(operand), width: null, operand }]);
  return [...time, ...(ground.output(ground.placed('%evt.type by %proc.exepath: %proc.cmdline')) ?? []), ...values];
}

/** Where its steps can match. A rule whose step cannot is dead, and says which. */
export function windowReach(plan: WindowPlan, table: FieldTable, absent: Absent): Reached {
  const conditions = new Map<EventClass, Specialised>();
  const undecided = new Set<string>();
  const reasons: string[] = [];
  plan.steps.forEach(({ typed }, index) => {
    const { reach, conditions: ofStep } = reachOf(typed, table, absent);
    if (reach.kind === 'cannot-fire') return void reasons.push(...reach.reasons.map((one) => (index === plan.steps.length - 1 ? one : `step ${index + 1} of its sequence can never match here: ${one}`)));
    for (const one of reach.undecided) undecided.add(one);
    for (const [eventClass, condition] of ofStep) {
      const earlier = conditions.get(eventClass);
      conditions.set(eventClass, earlier === undefined ? condition : either(earlier, condition));
    }
  });
  if (reasons.length > 0) return { reach: { kind: 'cannot-fire', reasons }, conditions: new Map() };
  return { reach: { kind: 'fires', on: [...conditions.keys()], undecided: [...undecided] }, conditions };
}

function either(left: Specialised, right: Specialised): Specialised {
  const parts = [left, right].flatMap((one) => (one.kind === 'or' ? one.of : [one]));
  return parts.find((one) => one.kind === 'constant' && one.value) ?? { kind: 'or', of: parts };
}

/** `10 s`, `5 min`: as people read it. */
export function durationText(ns: number): string {
  const ms = ns / 1e6;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
