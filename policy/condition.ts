/**
 * CEL text → a condition over the facts of one subject: an execution, or an image. Types are checked before anything is
 * evaluated; the answer is true, false or unknown, and unknown names the facts that are missing and why: it is never taken
 * for false. Questions about open lists are answered here and not by the engine: it knows no list that may hold more.
 * Only this file and `condition-tree.ts` know the CEL engine.
 */
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError, serialize, type Context, type ParseResult } from '@marcbachmann/cel-js';
import type { Regex } from '@vedette/rules/regex';
import { matchesFunction, quantifierFunction, quantifiersMax, readTree, type ConditionProblem, type QuantifierText } from './condition-tree.ts';
import { executionVocabulary, type Facts } from './facts.ts';
import { emptyValue, type Fact, type FactType, type FactValue, type ListEntry, type Vocabulary } from './vocabulary.ts';

export type { ConditionProblem };

export type Answer = { readonly value: true } | { readonly value: false } | { readonly value: 'unknown'; readonly missing: string };

/** A fact that the answer needs and that is not known. */
export interface Missing {
  readonly fact: string;
  /** Empty where nobody knows why. */
  readonly reason: string;
}

/** An item of a list that answered a question about it: what `exists` found, what broke `all`. */
export interface Found {
  readonly list: string;
  readonly item: unknown;
  readonly sentence: string;
}

export interface Outcome {
  readonly value: boolean | 'unknown';
  /** For `unknown`; in the order of the vocabulary. */
  readonly missing: readonly Missing[];
  readonly found: readonly Found[];
}

export interface Condition<Subject = Facts> {
  readonly expression: string;
  /** The facts it reads. A name that ends in `.*` stands for any below it. */
  readonly references: ReadonlySet<string>;
  /** Texts that are written in it. */
  readonly literals: ReadonlySet<string>;
  evaluate(subject: Subject): Answer;
  /** The same with everything it rests on. */
  examine(subject: Subject): Outcome;
}

export type CompiledCondition<Subject = Facts> =
  | { readonly ok: true; readonly condition: Condition<Subject> }
  | { readonly ok: false; readonly problems: readonly ConditionProblem[] };

export const expressionCharactersMax = 4096;
const limits = { maxAstNodes: 500, maxDepth: 40, maxListElements: 200, maxMapEntries: 20, maxCallArguments: 4 };

export function compileCondition(expression: string): CompiledCondition {
  return compileFor(executionVocabulary, expression);
}

export function compileFor<Subject>(vocabulary: Vocabulary<Subject>, expression: string): CompiledCondition<Subject> {
  const refuse = (message: string, advice: string, offset = 0): CompiledCondition<Subject> => ({ ok: false, problems: [{ message, advice, offset }] });
  if (expression.length > expressionCharactersMax) return refuse(`the condition has more than ${expressionCharactersMax} characters`, 'Write several rules.');
  if (!expression.isWellFormed()) return refuse('this is not CEL: half of a character', 'Correct the expression.');
  const regexes = new Map<string, Regex>();
  const running = new Running();
  const environment = environmentWith(vocabulary, regexes, running);
  let parsed: ParseResult;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    if (error instanceof ParseError) return refuse(`this is not CEL: ${lowerFirst(error.summary)}`, 'Correct the expression.', error.range?.start ?? 0);
    throw error;
  }
  const { problems, quantifiers, references, literals } = readTree(parsed.ast, vocabulary, regexes, false);
  if (problems.length > 0) return { ok: false, problems };
  const checked = parsed.check();
  if (!checked.valid) {
    const error = checked.error;
    if (!(error instanceof ParseError) && !(error instanceof CelTypeError)) throw error ?? new Error('a condition failed its check without an error');
    const names = [...vocabulary.facts, ...vocabulary.lists].map((one) => one.name);
    return refuse(lowerFirst(error.summary.replaceAll(matchesFunction, 'matches')), `The facts are ${names.join(', ')}.`, error.range?.start ?? 0);
  }
  if (checked.type !== 'bool') return refuse(`the condition is ${checked.type}, not true or false`, 'Compare it with something.');
  const ours = quantifiers.length === 0 ? parsed : withOurQuantifiers(environment, vocabulary, expression, regexes);
  const program: Program<Subject> = { vocabulary, parsed: ours, references, running, quantifiers: quantifiers.map((one) => quantifierOf(one, vocabulary, environment, regexes)) };
  return {
    ok: true,
    condition: { expression, references, literals, evaluate: (subject) => answerOf(examine(program, subject)), examine: (subject) => examine(program, subject) },
  };
}

function withOurQuantifiers<Subject>(environment: Environment, vocabulary: Vocabulary<Subject>, expression: string, regexes: Map<string, Regex>): ParseResult {
  const parsed = environment.parse(expression);
  readTree(parsed.ast, vocabulary, regexes, true);
  // The engine has expanded its own macros while it parsed, so what was changed is written out and parsed again.
  return environment.parse(serialize(parsed.ast));
}

interface Quantifier<Subject> {
  readonly text: QuantifierText<Subject>;
  readonly predicate: ParseResult;
}

function quantifierOf<Subject>(text: QuantifierText<Subject>, vocabulary: Vocabulary<Subject>, environment: Environment, regexes: Map<string, Regex>): Quantifier<Subject> {
  const predicate = environment.clone().registerVariable(text.variable, text.list.itemType).parse(text.predicate);
  readTree(predicate.ast, vocabulary, regexes, false);
  return { text, predicate };
}

function environmentWith<Subject>(vocabulary: Vocabulary<Subject>, regexes: ReadonlyMap<string, Regex>, running: Running): Environment {
  const environment = new Environment({ limits });
  for (const list of vocabulary.lists) environment.registerType(list.itemType, { fields: Object.fromEntries(list.fields.map((one) => [lastPart(one.name), one.type])) });
  for (const root of vocabulary.roots) environment.registerVariable({ name: root, schema: schemaOf(vocabulary, root) });
  environment.registerFunction(`string.${matchesFunction}(string): bool`, (text: string, pattern: string) => regexes.get(pattern)?.matchesPart(text) ?? false);
  for (let index = 0; vocabulary.lists.length > 0 && index < quantifiersMax; index += 1) {
    environment.registerFunction(`list.${quantifierFunction(index)}(): bool`, () => running.answer(index));
  }
  return environment;
}

interface Schema {
  [name: string]: string | Schema;
}

function schemaOf<Subject>({ facts, lists }: Vocabulary<Subject>, root: string): Schema {
  const schema: Schema = {};
  for (const { name, type } of facts) if (name.startsWith(`${root}.`)) put(schema, name.split('.').slice(1), type);
  for (const { name, itemType } of lists) if (name.startsWith(`${root}.`)) put(schema, name.split('.').slice(1), `list<${itemType}>`);
  return schema;
}

type Nested = { [name: string]: unknown };

function put(into: Nested, path: readonly string[], value: unknown): void {
  objectFor(into, path)[path.at(-1) ?? ''] = value;
}

/** The object that holds the last part of the path, made where it is not there. */
function objectFor(into: Nested, path: readonly string[]): Nested {
  let at = into;
  for (const part of path.slice(0, -1)) {
    at[part] ??= {};
    at = at[part] as Nested;
  }
  return at;
}

/** Only facts that are known are handed over; reading another one is the engine's error, which is our unknown. */
function contextOf<Subject>({ facts, lists }: Vocabulary<Subject>, subject: Subject): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  for (const { name, type, read } of facts) {
    const path = name.split('.');
    const value = celValue(read(subject), type);
    const holder = objectFor(context, path);
    if (value !== undefined) holder[path.at(-1) ?? ''] = value;
  }
  // Never read: questions about them are ours.
  for (const { name } of lists) put(context, name.split('.'), []);
  return context;
}

function itemOf(list: ListEntry<never, unknown>, item: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { name, type, read } of list.fields) {
    const value = celValue(read(item), type);
    if (value !== undefined) fields[lastPart(name)] = value;
  }
  return fields;
}

function celValue(fact: Fact<FactValue>, type: FactType): unknown {
  if (fact.is === 'unknown') return undefined;
  const value = fact.is === 'absent' ? emptyValue(type) : fact.value;
  return type === 'int' ? BigInt(value as number) : value;
}

interface Program<Subject> {
  readonly vocabulary: Vocabulary<Subject>;
  readonly parsed: ParseResult;
  readonly references: ReadonlySet<string>;
  readonly quantifiers: readonly Quantifier<Subject>[];
  readonly running: Running;
}

/** What a question about an open list throws when it has no answer; the engine passes it on as it does its own errors. */
class NotKnown extends Error {}

/** The questions about lists while one subject is evaluated. Evaluating is synchronous, so there is one at a time. */
class Running {
  #ask: ((index: number) => boolean | 'unknown') | null = null;

  answer(index: number): boolean {
    const answer = this.#ask?.(index);
    if (answer === undefined || answer === 'unknown') throw new NotKnown();
    return answer;
  }

  during<T>(ask: (index: number) => boolean | 'unknown', act: () => T): T {
    this.#ask = ask;
    try {
      return act();
    } finally {
      this.#ask = null;
    }
  }
}

function examine<Subject>(program: Program<Subject>, subject: Subject): Outcome {
  const { vocabulary, parsed, quantifiers, running } = program;
  const context = contextOf(vocabulary, subject) as Context;
  const asked = new Map<number, ListAnswer>();
  const ask = (index: number): boolean | 'unknown' => {
    const answer = asked.get(index) ?? askList(quantifiers[index]!, context, subject);
    asked.set(index, answer);
    return answer.value;
  };
  const found = (): Found[] => [...asked.values()].flatMap((one) => one.found);
  try {
    const value = running.during(ask, () => parsed(context) === true);
    return { value, missing: [], found: found() };
  } catch (error) {
    if (!(error instanceof EvaluationError) && !(error instanceof NotKnown)) throw error;
    const isMissing = error instanceof NotKnown || error.code === 'no_such_key';
    const missing = isMissing ? [...missingFacts(program, subject), ...[...asked.values()].flatMap((one) => one.missing)] : [];
    const plain = error instanceof EvaluationError ? lowerFirst(error.summary) : 'it could not be decided';
    return { value: 'unknown', missing: missing.length > 0 ? missing : [{ fact: plain, reason: '' }], found: found() };
  }
}

function missingFacts<Subject>({ vocabulary, references }: Program<Subject>, subject: Subject): Missing[] {
  return vocabulary.facts.flatMap(({ name, read }) => {
    const fact = references.has(name) ? read(subject) : null;
    return fact?.is === 'unknown' ? [{ fact: name, reason: fact.reason }] : [];
  });
}

interface ListAnswer {
  readonly value: boolean | 'unknown';
  readonly found: readonly Found[];
  readonly missing: readonly Missing[];
}

const foundMax = 2000;

/** Every item is asked, also when one has already decided: whoever reads the answer wants all of them. */
function askList<Subject>({ text, predicate }: Quantifier<Subject>, context: Context, subject: Subject): ListAnswer {
  const { items, incomplete } = text.list.read(subject);
  const deciding = text.kind !== 'all';
  const found: Found[] = [];
  const unclear: unknown[] = [];
  let decided = 0;
  for (const item of items) {
    const answer = askItem(predicate, { ...context, [text.variable]: itemOf(text.list, item) });
    // What may not be there at all can decide nothing; where it would change nothing, it does not matter.
    if (answer === 'unknown' || (answer === deciding && isDoubtful(text.list, item))) {
      unclear.push(item);
      continue;
    }
    if (answer !== deciding) continue;
    decided += 1;
    if (found.length < foundMax) found.push({ list: text.list.name, item, sentence: text.list.sentence(item) });
  }
  const isOpen = unclear.length > 0 || incomplete !== null;
  const missing = isOpen ? [...missingFields(text, unclear), ...(incomplete === null ? [] : [{ fact: text.list.name, reason: incomplete }])] : [];
  const value = quantified(text.kind, decided, isOpen);
  return { value, found, missing: value === 'unknown' ? missing : [] };
}

function isDoubtful(list: ListEntry<never, unknown>, item: unknown): boolean {
  return (list.doubt?.(item) ?? null) !== null;
}

function quantified(kind: QuantifierText<unknown>['kind'], decided: number, isOpen: boolean): boolean | 'unknown' {
  switch (kind) {
    case 'exists':
      return decided > 0 ? true : isOpen ? 'unknown' : false;
    case 'all':
      return decided > 0 ? false : isOpen ? 'unknown' : true;
    case 'exists_one':
      return decided > 1 ? false : isOpen ? 'unknown' : decided === 1;
    default:
      return kind satisfies never;
  }
}

function askItem(predicate: ParseResult, context: Context): boolean | 'unknown' {
  try {
    return predicate(context) === true;
  } catch (error) {
    if (error instanceof EvaluationError) return 'unknown';
    throw error;
  }
}

/** One line for each field and reason, with the number of items and the first. */
function missingFields<Subject>(text: QuantifierText<Subject>, unclear: readonly unknown[]): Missing[] {
  const groups = new Map<string, { readonly fact: string; readonly reason: string; readonly first: string; count: number }>();
  const count = (fact: string, reason: string, item: unknown) => {
    const group = groups.get(`${fact}\n${reason}`) ?? { fact, reason, first: text.list.sentence(item), count: 0 };
    group.count += 1;
    groups.set(`${fact}\n${reason}`, group);
  };
  for (const item of unclear) {
    const doubt = text.list.doubt?.(item) ?? null;
    if (doubt !== null) count(text.list.name, doubt, item);
    for (const { name, read } of text.list.fields) {
      const fact = text.fields.has(lastPart(name)) ? read(item) : null;
      if (fact?.is === 'unknown') count(name, fact.reason, item);
    }
  }
  return [...groups.values()].map(({ fact, reason, first, count }) => ({ fact, reason: `${reason}: ${count === 1 ? first : `${count}, the first is ${first}`}` }));
}

function answerOf({ value, missing }: Outcome): Answer {
  if (value !== 'unknown') return { value };
  return { value, missing: missing.map((one) => one.fact).join(', ') };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
