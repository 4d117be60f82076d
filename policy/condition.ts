/**
 * CEL text → a condition over the facts of one execution. The only file that knows the CEL engine. Types are checked
 * before anything is evaluated; the answer is true, false or unknown, and unknown names the fact that is missing: it is
 * never taken for false. Refuses what would let a missing fact pass for an absent one (`has`), what would not take
 * bounded time (nested or transforming comprehensions, patterns that are computed), and literals that are no origin.
 */
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError, type ASTNode, type Context, type ParseResult } from '@marcbachmann/cel-js';
import { fileOrigins } from '@vedette/model/policy';
import { compileRegex, type Regex } from '@vedette/rules/regex';
import { factNames, factOf, originFact, type FactName, type Facts } from './facts.ts';

export type Answer = { readonly value: true } | { readonly value: false } | { readonly value: 'unknown'; readonly missing: string };

export interface Condition {
  readonly expression: string;
  /** The facts it reads. A name that ends in `.*` stands for any below it. */
  readonly references: ReadonlySet<string>;
  /** Texts that are written in it. */
  readonly literals: ReadonlySet<string>;
  evaluate(facts: Facts): Answer;
}

export interface ConditionProblem {
  readonly message: string;
  readonly advice: string;
  /** In the expression. */
  readonly offset: number;
}

export type CompiledCondition = { readonly ok: true; readonly condition: Condition } | { readonly ok: false; readonly problems: readonly ConditionProblem[] };

export const expressionCharactersMax = 4096;
const limits = { maxAstNodes: 500, maxDepth: 40, maxListElements: 200, maxMapEntries: 20, maxCallArguments: 4 };
const renamedMatches = 'matchesInLinearTime';
const comprehensions = new Set(['exists', 'all', 'exists_one']);
const transforming = new Set(['map', 'filter', 'bind']);

export function compileCondition(expression: string): CompiledCondition {
  const refuse = (message: string, advice: string, offset = 0): CompiledCondition => ({ ok: false, problems: [{ message, advice, offset }] });
  if (expression.length > expressionCharactersMax) return refuse(`the condition has more than ${expressionCharactersMax} characters`, 'Write several rules.');
  const regexes = new Map<string, Regex>();
  const environment = environmentWith(regexes);
  let parsed: ParseResult;
  try {
    parsed = environment.parse(expression);
  } catch (error) {
    if (error instanceof ParseError) return refuse(`this is not CEL: ${lowerFirst(error.summary)}`, 'Correct the expression.', error.range?.start ?? 0);
    throw error;
  }
  const reading = readTree(parsed.ast, regexes);
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems };
  const checked = parsed.check();
  if (!checked.valid) {
    const error = checked.error;
    if (!(error instanceof ParseError) && !(error instanceof CelTypeError)) throw error ?? new Error('a condition failed its check without an error');
    return refuse(lowerFirst(error.summary.replaceAll(renamedMatches, 'matches')), `The facts are ${factNames.join(', ')}.`, error.range?.start ?? 0);
  }
  if (checked.type !== 'bool') return refuse(`the condition is ${checked.type}, not true or false`, 'Compare it with something.');
  const { references, literals } = reading;
  return { ok: true, condition: { expression, references, literals, evaluate: (facts) => evaluate(parsed, facts, references) } };
}

function environmentWith(regexes: ReadonlyMap<string, Regex>): Environment {
  return new Environment({ limits })
    .registerVariable({
      name: 'execution',
      schema: { file: { path: 'string', name: 'string', origin: 'string' }, uid: 'int', arguments: 'list<string>', parent: { path: 'string' } },
    })
    .registerVariable({ name: 'container', schema: { id: 'string', name: 'string', image: 'string', digest: 'string', namespace: 'string' } })
    .registerFunction(`string.${renamedMatches}(string): bool`, (text: string, pattern: string) => regexes.get(pattern)?.matchesPart(text) ?? false);
}

/** Only facts that are known are handed over; reading another one is the engine's error, which is our unknown. */
function contextOf(facts: Facts): Context {
  const context: Record<string, unknown> = { execution: { file: {}, parent: {} }, container: {} };
  for (const name of factNames) {
    const value = factOf(facts, name);
    if (value === null) continue;
    const path = name.split('.');
    const last = path.pop() ?? '';
    let at = context;
    for (const part of path) at = at[part] as Record<string, unknown>;
    at[last] = typeof value === 'number' ? BigInt(value) : value;
  }
  return context;
}

function evaluate(parsed: ParseResult, facts: Facts, references: ReadonlySet<string>): Answer {
  try {
    return { value: parsed(contextOf(facts)) === true };
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    const missing = error.code === 'no_such_key' ? missingFact(facts, references) : null;
    return { value: 'unknown', missing: missing ?? lowerFirst(error.summary) };
  }
}

function missingFact(facts: Facts, references: ReadonlySet<string>): string | null {
  const missing = factNames.filter((name) => references.has(name) && factOf(facts, name) === null);
  return missing.length === 0 ? null : missing.join(', ');
}

interface TreeReading {
  readonly references: Set<string>;
  readonly literals: Set<string>;
  readonly problems: ConditionProblem[];
}

function readTree(tree: ASTNode, regexes: Map<string, Regex>): TreeReading {
  const reading: TreeReading = { references: new Set(), literals: new Set(), problems: [] };
  visit(tree, reading, regexes, 0);
  return reading;
}

function visit(node: ASTNode, reading: TreeReading, regexes: Map<string, Regex>, within: number): void {
  const fact = factPath(node);
  if (fact !== null) {
    reading.references.add(fact);
    return;
  }
  const next = (child: ASTNode) => visit(child, reading, regexes, within);
  switch (node.op) {
    case 'value':
      if (typeof node.args === 'string') reading.literals.add(node.args);
      return;
    case 'id':
      return;
    case '.':
    case '.?':
      return next(node.args[0]);
    case '!_':
    case '-_':
      return next(node.args);
    case 'list':
      return node.args.forEach(next);
    case 'map':
      return node.args.forEach((entry) => entry.forEach(next));
    case 'call':
      if (node.args[0] === 'has') refuseAt(reading, node, 'has( ) is not offered: a fact that is not known is unknown, not absent', 'Compare the fact itself.');
      return node.args[1].forEach(next);
    case 'rcall':
      return visitMethod(node, reading, regexes, within);
    case '==':
    case '!=':
    case 'in':
      checkOrigins(node.args[0], node.args[1], reading);
      checkOrigins(node.args[1], node.args[0], reading);
      return node.args.forEach(next);
    case '[]':
    case '[?]':
    case '?:':
    case '&&':
    case '||':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (node.args as readonly ASTNode[]).forEach(next);
    default:
      return node satisfies never;
  }
}

function visitMethod(node: ASTNode & { op: 'rcall' }, reading: TreeReading, regexes: Map<string, Regex>, within: number): void {
  const [method, receiver, given] = node.args;
  if (transforming.has(method)) refuseAt(reading, node, `${method}( ) is not offered`, 'Use exists( ) or all( ) on the list.');
  const deeper = comprehensions.has(method) ? within + 1 : within;
  if (deeper > 1) refuseAt(reading, node, 'one comprehension stands inside another', 'Write the condition without nesting them.');
  if (method === 'matches') usePattern(node, reading, regexes);
  visit(receiver, reading, regexes, within);
  for (const one of given) visit(one, reading, regexes, deeper);
}

/** The engine's own `matches` has no bound on time: the call is given our function's name before it is checked. */
function usePattern(node: ASTNode & { op: 'rcall' }, reading: TreeReading, regexes: Map<string, Regex>): void {
  const [pattern] = node.args[2];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string' || node.args[2].length !== 1) {
    return refuseAt(reading, node, 'matches( ) needs one pattern that is written out', 'Write the pattern as text in quotes.');
  }
  const compiled = compileRegex(pattern.args);
  if (!compiled.ok) return refuseAt(reading, pattern, `this is not a pattern: ${compiled.reason}`, 'Patterns have RE2 syntax.');
  regexes.set(pattern.args, compiled.regex);
  (node.args as [string, ASTNode, ASTNode[]])[0] = renamedMatches;
}

function refuseAt(reading: TreeReading, node: ASTNode, message: string, advice: string): void {
  reading.problems.push({ message, advice, offset: node.range.start });
}

/** Texts that are compared with the origin must be origins: a misspelt one would silently never be met. */
function checkOrigins(fact: ASTNode, literal: ASTNode, reading: TreeReading): void {
  if (factPath(fact) !== originFact) return;
  const literals = literal.op === 'list' ? literal.args : [literal];
  for (const one of literals) {
    if (one.op !== 'value' || typeof one.args !== 'string' || (fileOrigins as readonly string[]).includes(one.args)) continue;
    refuseAt(reading, one, `${JSON.stringify(one.args.slice(0, 60))} is not an origin`, `The origins are ${fileOrigins.join(', ')}.`);
  }
}

/** `execution.file.origin`, also written with brackets; `execution.*` where it is not clear which fact is read. */
function factPath(node: ASTNode): FactName | `${string}.*` | null {
  const parts: string[] = [];
  let at = node;
  while (at.op === '.' || at.op === '.?' || at.op === '[]' || at.op === '[?]') {
    const key: string | ASTNode = at.args[1];
    if (typeof key === 'string') parts.unshift(key);
    else if (key.op === 'value' && typeof key.args === 'string') parts.unshift(key.args);
    else return null;
    at = at.args[0];
  }
  if (at.op !== 'id' || (at.args !== 'execution' && at.args !== 'container')) return null;
  const path = [at.args, ...parts].join('.');
  return factNames.find((name) => name === path) ?? `${at.args}.*`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
