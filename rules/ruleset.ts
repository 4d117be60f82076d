/**
 * Rule files → a set of rules that can be asked about events. This file alone knows the order of the steps: load (YAML,
 * items, merging, lists), parse (text → tree, macros), check (names and types), specialise (each event class), compile.
 * Bad input is a list of problems; a rule with an error is left out, the others load.
 */
import { extraFieldsOf, withExtraOutput, withStaticFields, type AppendOutput } from './append-output.ts';
import { checkCondition } from './check/check.ts';
import type { TypedCondition } from './check/typed.ts';
import { eventClasses, type EventClass } from './events.ts';
import type { FieldTable } from './field-table.ts';
import { fieldTable } from './fields.ts';
import { everyRule, hitsOf, indexByEvent } from './index-by-event.ts';
import { interestsOf, type Interest } from './interest.ts';
import { collect, type RuleDefinition } from './load/collect.ts';
import { withExceptions } from './load/exceptions.ts';
import type { Item, Priority } from './load/item.ts';
import { expandLists, putLists, type ListTexts } from './load/lists.ts';
import { readItems, type RuleFile } from './load/read-items.ts';
import { outputFormatter, parseOutput, type ExtraOutput, type FormatOutput, type Output, type OutputPart } from './output.ts';
import { placeOf, type Expression } from './parse/ast.ts';
import { MacroTable, type MacroSource } from './parse/macros.ts';
import { parseCondition } from './parse/parse.ts';
import { insertedText, type PlacedText } from './placed-text.ts';
import { ruleProblem, type Place, type RuleProblem } from './problems.ts';
import { reachOf, widerThanWritten, type Reach, type Reached } from './reach.ts';
import { isSelected, type Selection } from './selection.ts';
import type { Absent } from './source.ts';
import { specialise, type Specialised } from './specialise.ts';
import type { Suppliers } from './subject.ts';
import { WindowGate, withEarlier, type Asking } from './window/gate.ts';
import { buildWindow, windowReach, type WindowPlan } from './window/plan.ts';
import type { Fired } from './window/state.ts';
import { Windows } from './window/windows.ts';

export interface LoadOptions extends Selection {
  /** What this node does not supply, although the engine could. */
  readonly absent?: Absent;
  readonly fields?: FieldTable;
  /** Events are known by their exact names: rules are then asked by `bindByName`, and reach is found there. */
  readonly byName?: boolean;
  /** What is put behind the outputs of rules. */
  readonly appendOutput?: readonly AppendOutput[];
  /** Constants of the site: fields named `static.…`. */
  readonly staticFields?: Readonly<Record<string, string>>;
  /** Keep each rule's tree, for explaining it. */
  readonly keepTrees?: boolean;
  /** Also tell lists and macros that nothing uses. */
  readonly tellUnused?: boolean;
}

export interface Rule {
  readonly name: string;
  readonly description: string;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly place: Place;
  /** After the file, the minimum priority and the switches. Rules that are not enabled are loaded and never asked. */
  readonly enabled: boolean;
  readonly reach: Reach;
  /** Of a rule with a sequence: any of its steps. */
  readonly typed: TypedCondition;
  /** A sequence or a count that its matches must complete. */
  readonly window: WindowPlan | null;
  readonly output: readonly OutputPart[];
  /** Fields that are only among the output's fields. */
  readonly extraFields: readonly ExtraOutput[];
  readonly conditions: ReadonlyMap<EventClass, Specialised>;
  /** With its macros; null unless it was asked for. */
  readonly tree: Expression | null;
}

export interface Match {
  readonly rule: Rule;
  /** `pending`: ask again with the same subject when the container's identity is known, or given up. */
  readonly answer: 'match' | 'pending';
  /** What it completes, and the events before. */
  readonly fired: Fired | null;
  output(): Output;
}

/** A rule set with the getters of one sensor. */
export interface BoundRules<Subject> {
  /** Every enabled rule that matches, or may match once identity is known. Rules with a sequence or a count remember the event. */
  evaluate(eventClass: EventClass, subject: Subject, asking?: Asking): readonly Match[];
  /** Whether any enabled rule looks at this class. */
  looksAt(eventClass: EventClass): boolean;
}

const problemsMax = 5000;
/** Of all conditions together, with their lists and macros put in: what a set of rules may cost in time and memory. */
const charactersMax = 32 * 1024 * 1024;
const checksMax = 100_000;
const rulesMax = 10_000;
const never: Specialised = { kind: 'constant', value: false };

export class RuleSet {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
  /** With the constants of the site. */
  readonly table: FieldTable;
  readonly #absent: Absent;

  constructor(rules: readonly Rule[], problems: readonly RuleProblem[], table: FieldTable, absent: Absent) {
    this.rules = rules;
    this.problems = problems;
    this.table = table;
    this.#absent = absent;
  }

  get enabled(): readonly Rule[] {
    return this.rules.filter((rule) => rule.enabled);
  }

  /** What the enabled rules want from the kernel. */
  interests(): readonly Interest[] {
    return interestsOf(this.enabled);
  }

  /**
   * `windows`: what sequences and counts remember, where that is to outlive these rules. `indexed: false`: every rule is asked about every
   * event, which must change nothing but the time it takes.
   */
  bind<Subject>(suppliers: Suppliers<Subject>, { indexed = true, windows = new Windows() } = {}): BoundRules<Subject> {
    windows.use(this.enabled);
    const gate = new WindowGate(windows, suppliers, suppliers);
    const whole = (rule: Rule, eventClass: EventClass) =>
      // the steps of a sequence are asked by their classes
      rule.window === null ? specialise(rule.typed, { table: this.table, eventClass, absent: this.#absent }).condition : (rule.conditions.get(eventClass) ?? never);
    const index = indexed ? indexByEvent(this.enabled, suppliers) : everyRule(this.enabled, whole, suppliers, eventClasses);
    const formatters = new Map<Rule, Map<EventClass, FormatOutput<Subject>>>();
    const formatter = (rule: Rule, eventClass: EventClass): FormatOutput<Subject> => {
      const ofRule = formatters.get(rule) ?? new Map<EventClass, FormatOutput<Subject>>();
      formatters.set(rule, ofRule);
      const format = ofRule.get(eventClass) ?? outputFormatter(rule, { eventClass, table: this.table, absent: this.#absent }, suppliers);
      ofRule.set(eventClass, format);
      return format;
    };
    const nothing: readonly Match[] = [];
    return {
      looksAt: (eventClass) => index.has(eventClass),
      evaluate: (eventClass, subject, asking = {}) => {
        const { only } = asking;
        const bucket = index.get(eventClass);
        const hits = hitsOf(only === undefined ? bucket?.of(subject) : bucket?.all.filter((one) => only.has(one.rule.name)), subject);
        if (hits.length === 0) return nothing;
        return hits.flatMap((hit): readonly Match[] => {
          const { rule, answer } = hit;
          const output = () => formatter(rule, eventClass)(subject);
          if (rule.window === null) return [{ rule, answer, fired: null, output }];
          const passed = gate.pass(hit, rule.window, { eventClass, table: this.table, absent: this.#absent }, eventClass, subject, asking);
          if (passed === null) return nothing;
          if (passed.answer === 'pending') return [{ rule, answer: 'pending', fired: null, output }];
          const { fired } = passed;
          return [{ rule, answer: 'match', fired, output: () => withEarlier(output(), fired) }];
        });
      },
    };
  }
}

/** Files in the order given: later ones change earlier ones. */
export function loadRules(files: readonly RuleFile[], options: LoadOptions = {}): RuleSet {
  const table = withStaticFields(options.fields ?? fieldTable, options.staticFields ?? {});
  const absent = options.absent ?? {};
  const items: Item[] = [];
  const problems: RuleProblem[] = [];
  for (const file of files) {
    const read = readItems(file);
    for (const item of read.items) items.push(item);
    problems.push(...read.problems);
  }
  const collected = collect(items);
  problems.push(...collected.problems);
  const lists = expandLists(collected.lists);
  problems.push(...lists.problems);
  const usedLists = new Set<string>();
  const budget: Budget = { characters: charactersMax, checks: checksMax };
  const sources = new Map<string, MacroSource>();
  for (const macro of collected.macros.values()) {
    const condition = spend(putLists(macro.condition, lists.texts, usedLists), budget);
    if (condition === null) problems.push(ruleProblem('too-many', `with their lists the conditions are too long; the macro ${macro.name} is left out`, macro.place));
    else sources.set(macro.name, { ...macro, condition });
  }
  const macros = new MacroTable(sources);
  problems.push(...macros.problems());
  const rules: Rule[] = [];
  for (const definition of collected.rules.slice(0, rulesMax)) {
    if (problems.length > problemsMax) break;
    const built = buildRule(definition, { lists: lists.texts, usedLists, macros, budget, table, absent, options });
    problems.push(...built.problems);
    if (built.rule !== null) rules.push(built.rule);
  }
  if (options.tellUnused === true) {
    const nested = new Set([...collected.lists.values()].flatMap((list) => list.items.map((item) => item.text)));
    for (const { name, place } of collected.lists.values()) if (!usedLists.has(name) && !nested.has(name)) problems.push(ruleProblem('unused', `nothing uses the list ${name}`, place));
    for (const { name, place } of collected.macros.values()) if (!macros.used.has(name)) problems.push(ruleProblem('unused', `nothing uses the macro ${name}`, place));
  }
  const [extra] = collected.rules.slice(rulesMax);
  if (extra !== undefined) problems.push(ruleProblem('too-many', `at most ${rulesMax} rules are loaded; the others are left out`, extra.place));
  return new RuleSet(rules, bounded(problems), table, absent);
}

function bounded(problems: readonly RuleProblem[]): readonly RuleProblem[] {
  const last = problems[problemsMax];
  if (last === undefined) return problems;
  return [...problems.slice(0, problemsMax), ruleProblem('too-many', `${problems.length - problemsMax} more problems are not shown; rules behind them may be left out`, last.place)];
}

interface Budget {
  characters: number;
  checks: number;
}

/** The condition, or null when it or all of them together are too long. */
function spend(condition: PlacedText | null, budget: Budget): PlacedText | null {
  budget.characters -= condition?.text.length ?? 0;
  return budget.characters < 0 ? null : condition;
}

interface Ground {
  readonly lists: ListTexts;
  readonly usedLists: Set<string>;
  readonly macros: MacroTable;
  readonly budget: Budget;
  readonly table: FieldTable;
  readonly absent: Absent;
  readonly options: LoadOptions;
}

const reachedLater: Reached = { reach: { kind: 'fires', on: [], undecided: [] }, conditions: new Map() };

interface Built {
  readonly rule: Rule | null;
  readonly problems: readonly RuleProblem[];
}

function buildRule(definition: RuleDefinition, ground: Ground): Built {
  const { name, place } = definition;
  if (definition.source !== 'syscall') {
    return { rule: null, problems: [ruleProblem('source-unknown', `its source ${JSON.stringify(definition.source.slice(0, 60))} is not supplied here; the rule is skipped`, place, name)] };
  }
  const typed = typedCondition(withExceptions(definition.condition, definition.exceptions), definition, ground);
  const output = builtOutput(definition, ground);
  const window = builtWindow(definition, typed, ground);
  const problems = [...typed.problems, ...output.problems, ...window.problems];
  const errors = problems.filter((one) => one.severity === 'error');
  if (definition.skipIfUnknownFilter && errors.length > 0 && errors.every((one) => one.code === 'field-unknown' || one.code === 'event-unknown')) {
    const rest = problems.filter((one) => one.severity !== 'error');
    return { rule: null, problems: [...rest, ...errors.map((one) => ruleProblem('skipped', `${one.message} The rule is skipped, as it asks to be.`, one.place, name))] };
  }
  if (typed.condition === null || output.parts === null || (definition.window !== null && window.plan === null)) return { rule: null, problems };
  const { plan } = window;
  const { byName } = ground.options;
  const { reach, conditions } = byName === true ? reachedLater : plan === null ? reachOf(typed.condition, ground.table, ground.absent) : windowReach(plan, ground.table, ground.absent);
  const condition: TypedCondition = plan === null ? typed.condition : { kind: 'or', of: plan.steps.map((one) => one.typed) };
  const enabled = isSelected(definition, ground.options);
  if (enabled && byName !== true) problems.push(...reachProblems(definition, condition, reach, ground.absent));
  const { description, priority, tags } = definition;
  const tree = ground.options.keepTrees === true ? typed.tree : null;
  return { rule: { name, description, priority, tags, place, enabled, reach, typed: condition, window: plan, output: output.parts, extraFields: output.extraFields, conditions, tree }, problems };
}

/** Null where the rule has none, or where one of the problems is an error. */
function builtWindow(definition: RuleDefinition, own: TypedRule, ground: Ground): { readonly plan: WindowPlan | null; readonly problems: readonly RuleProblem[] } {
  const { name, place, window } = definition;
  if (window === null || own.condition === null) return { plan: null, problems: [] };
  const problems: RuleProblem[] = [];
  const built = buildWindow(window, { condition: own.condition, tree: own.tree, text: own.text }, {
    rule: name,
    table: ground.table,
    condition: (text) => {
      const typed = typedCondition(text, definition, ground);
      return { ...typed, tree: ground.options.keepTrees === true ? typed.tree : null };
    },
    output: (text) => parsedOutput(text, name, ground, problems),
    placed: (text) => insertedText(text, place),
  });
  const found = [...built.problems, ...problems];
  return { plan: found.some((one) => one.severity === 'error') ? null : built.plan, problems: found };
}

interface BuiltOutput {
  readonly parts: readonly OutputPart[] | null;
  readonly extraFields: readonly ExtraOutput[];
  readonly problems: readonly RuleProblem[];
}

function parsedOutput(text: PlacedText, rule: string, { table }: Ground, problems: RuleProblem[]): readonly OutputPart[] | null {
  const parsed = parseOutput(text, table);
  if (parsed.ok) return parsed.parts;
  problems.push(ruleProblem(parsed.code, `in the output: ${parsed.message}`, placeOf(parsed.at), rule));
  return null;
}

function builtOutput(definition: RuleDefinition, ground: Ground): BuiltOutput {
  const { name, place } = definition;
  const { appendOutput = [] } = ground.options;
  const problems: RuleProblem[] = [];
  const parse = (text: PlacedText) => parsedOutput(text, name, ground, problems);
  const parts = parse(withExtraOutput(definition.output, appendOutput, definition, place));
  const extraFields = extraFieldsOf(appendOutput, definition).flatMap(({ key, text, raw }): ExtraOutput[] => {
    const of = parse(insertedText(text, place));
    return of === null ? [] : [{ key, parts: of, raw }];
  });
  for (const part of parts ?? []) {
    if (part.kind !== 'field' || !deprecatedFields.has(part.name)) continue;
    problems.push(ruleProblem('deprecated', `%${part.name} in an output is deprecated: leave it out`, placeOf(part.operand.at), name));
  }
  return { parts, extraFields, problems };
}

/** Falco warns of these in outputs. */
const deprecatedFields = new Set(['container.info', 'evt.dir', 'evt.latency', 'evt.latency.s', 'evt.latency.ns', 'evt.latency.human', 'evt.wait_latency']);

interface TypedRule {
  readonly condition: TypedCondition | null;
  readonly tree: Expression | null;
  readonly problems: readonly RuleProblem[];
  /** With its lists. */
  readonly text: string;
}

/** Of a rule, or of a step of its sequence. */
function typedCondition(written: PlacedText, { name, place }: RuleDefinition, ground: Ground): TypedRule {
  const refuse = (problem: RuleProblem): TypedRule => ({ condition: null, tree: null, text: '', problems: [{ ...problem, rule: name }] });
  const text = spend(putLists(written, ground.lists, ground.usedLists), ground.budget);
  if (text === null) return refuse(ruleProblem('too-many', 'with its lists the condition is too long', place));
  const parsed = parseCondition(text);
  if (!parsed.ok) return refuse(ruleProblem('condition-invalid', parsed.message, placeOf(parsed.at)));
  const resolved = ground.macros.resolve(parsed.expression);
  if (!resolved.ok) return refuse(resolved.problem);
  ground.budget.checks -= resolved.checks;
  if (ground.budget.checks < 0) return refuse(ruleProblem('too-many', `all rules together have more than ${checksMax} checks with their macros; this one and what is larger is left out`, place));
  return { ...checkCondition(resolved.expression, ground.table, name), tree: resolved.expression, text: text.text };
}

function reachProblems(definition: RuleDefinition, condition: TypedCondition, reach: Reach, absent: Absent): readonly RuleProblem[] {
  const { name, place } = definition;
  if (reach.kind === 'cannot-fire') return [ruleProblem('cannot-fire', `it can never match here: ${reach.reasons.join('; ')}`, place, name)];
  const problems = reach.undecided.map((one) => ruleProblem('check-undecided', one, place, name));
  for (const one of widerThanWritten(condition)) problems.push(ruleProblem('reads-more-than-falco', one, place, name));
  const available = eventClasses.filter((one) => absent.classes?.has(one) !== true);
  if (definition.warnEventTypes && available.length > 1 && reach.on.length === available.length) {
    problems.push(ruleProblem('no-event-type', 'it names no event type, so every event is checked: name the events it is about', place, name));
  }
  return problems;
}
