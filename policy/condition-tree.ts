/**
 * The syntax tree of a condition → what it reads, the texts written in it, the quantifiers over open lists, and what is
 * wrong with it beyond types: what would let a missing fact pass for an absent one (`has`), what would not take bounded
 * time (nested or transforming comprehensions, patterns that are computed), texts that a fact never is, and any use of an
 * open list that could not say "unknown". Calls of `matches` are given the name of our own function on the way.
 */
import { serialize, type ASTNode } from '@marcbachmann/cel-js';
import { compileRegex, type Regex } from '@vedette/rules/regex';
import type { ListEntry, Vocabulary, Words } from './vocabulary.ts';

export interface ConditionProblem {
  readonly message: string;
  readonly advice: string;
  /** In the expression. */
  readonly offset: number;
}

export type Quantified = 'exists' | 'all' | 'exists_one';

/** `image.packages.exists(p, …)`: evaluated by us, because the list may not be complete. */
export interface QuantifierText<Subject> {
  readonly list: ListEntry<Subject, unknown>;
  readonly kind: Quantified;
  readonly variable: string;
  readonly predicate: string;
  /** Names of the item's fields that the predicate reads. */
  readonly fields: ReadonlySet<string>;
}

export interface TreeReading<Subject> {
  /** Names of facts; one that ends in `.*` stands for any below it. */
  readonly references: ReadonlySet<string>;
  readonly literals: ReadonlySet<string>;
  readonly problems: readonly ConditionProblem[];
  readonly quantifiers: readonly QuantifierText<Subject>[];
}

export const matchesFunction = 'matchesInLinearTime';
export const quantifiersMax = 16;
const quantifierNames: ReadonlySet<string> = new Set<Quantified>(['exists', 'all', 'exists_one']);
const transforming = new Set(['map', 'filter', 'bind']);

/** `all` stays the engine's over lists of texts, which are known whole or not at all. */
export function quantifierFunction(index: number): string {
  return `quantified_${index}`;
}

/** `replaceQuantifiers`: calls of quantifiers over open lists become calls of our functions, in the order of `quantifiers`. */
export function readTree<Subject>(tree: ASTNode, vocabulary: Vocabulary<Subject>, regexes: Map<string, Regex>, replaceQuantifiers: boolean): TreeReading<Subject> {
  const reader = new TreeReader(vocabulary, regexes, replaceQuantifiers);
  reader.visit(tree, nowhere);
  return reader;
}

interface Within {
  readonly comprehensions: number;
  /** The item that a quantifier over an open list has bound. */
  readonly bound: { readonly variable: string; readonly list: string; readonly fields: Set<string> } | null;
}

const nowhere: Within = { comprehensions: 0, bound: null };

class TreeReader<Subject> implements TreeReading<Subject> {
  readonly references = new Set<string>();
  readonly literals = new Set<string>();
  readonly problems: ConditionProblem[] = [];
  readonly quantifiers: QuantifierText<Subject>[] = [];
  readonly #vocabulary: Vocabulary<Subject>;
  readonly #regexes: Map<string, Regex>;
  readonly #replace: boolean;
  readonly #words = new Map<string, Words>();

  constructor(vocabulary: Vocabulary<Subject>, regexes: Map<string, Regex>, replace: boolean) {
    this.#vocabulary = vocabulary;
    this.#regexes = regexes;
    this.#replace = replace;
    for (const { name, words } of [...vocabulary.facts, ...vocabulary.lists.flatMap((list) => list.fields)]) {
      if (words !== undefined) this.#words.set(name, words);
    }
  }

  visit(node: ASTNode, within: Within): void {
    const fact = this.#factPath(node, within);
    if (fact !== null) return this.#refer(node, fact, within);
    const next = (child: ASTNode) => this.visit(child, within);
    switch (node.op) {
      case 'value':
        if (typeof node.args === 'string') this.literals.add(node.args);
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
        if (node.args[0] === 'has') this.#refuse(node, 'has( ) is not offered: a fact that is not known is unknown, not absent', 'Compare the fact itself.');
        return node.args[1].forEach(next);
      case 'rcall':
        return this.#visitMethod(node, within);
      case '==':
      case '!=':
      case 'in':
        this.#checkWords(node.args[0], node.args[1], within);
        this.#checkWords(node.args[1], node.args[0], within);
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

  #refer(node: ASTNode, fact: string, within: Within): void {
    this.references.add(fact);
    const { bound } = within;
    if (bound !== null && fact.startsWith(`${bound.list}.`)) bound.fields.add(fact.slice(bound.list.length + 1));
    if (this.#vocabulary.lists.some((one) => one.name === fact)) {
      this.#refuse(node, `${fact} can only be asked with exists( ), all( ) or exists_one( ): it may hold more than is known`, `Write ${fact}.exists(one, …).`);
    }
  }

  #visitMethod(node: ASTNode & { op: 'rcall' }, within: Within): void {
    const [method, receiver, given] = node.args;
    if (method === matchesFunction || /^quantified_\d+$/.test(method)) this.#refuse(node, `there is no ${method}( )`, 'Use matches( ), exists( ) or all( ).');
    if (transforming.has(method)) this.#refuse(node, `${method}( ) is not offered`, 'Use exists( ) or all( ) on the list.');
    const comprehensions = quantifierNames.has(method) ? within.comprehensions + 1 : within.comprehensions;
    if (comprehensions > 1) this.#refuse(node, 'one comprehension stands inside another', 'Write the condition without nesting them.');
    if (method === 'matches') this.#usePattern(node);
    const list = quantifierNames.has(method) ? this.#vocabulary.lists.find((one) => one.name === this.#factPath(receiver, within)) : undefined;
    if (list !== undefined) return this.#quantify(node, list, { ...within, comprehensions });
    this.visit(receiver, within);
    for (const one of given) this.visit(one, { ...within, comprehensions });
  }

  #quantify(node: ASTNode & { op: 'rcall' }, list: ListEntry<Subject, unknown>, within: Within): void {
    const [kind, , [variable, predicate, ...more]] = node.args;
    // Anything else is the type check's to refuse.
    if (variable?.op !== 'id' || predicate === undefined || more.length > 0) return;
    if (this.#vocabulary.roots.includes(variable.args)) return this.#refuse(variable, `${variable.args} is the name of facts`, 'Give the item another name.');
    if (this.quantifiers.length >= quantifiersMax) return this.#refuse(node, `more than ${quantifiersMax} questions about lists in one condition`, 'Write several rules.');
    this.references.add(list.name);
    const fields = new Set<string>();
    this.quantifiers.push({ list, kind: kind as Quantified, variable: variable.args, predicate: serialize(predicate), fields });
    const index = this.quantifiers.length - 1;
    this.visit(predicate, { ...within, bound: { variable: variable.args, list: list.name, fields } });
    if (!this.#replace) return;
    const call = node.args as [string, ASTNode, ASTNode[]];
    call[0] = quantifierFunction(index);
    call[2] = [];
  }

  /** The engine's own `matches` has no bound on time: the call is given our function's name before it is checked. */
  #usePattern(node: ASTNode & { op: 'rcall' }): void {
    const [pattern] = node.args[2];
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string' || node.args[2].length !== 1) {
      return this.#refuse(node, 'matches( ) needs one pattern that is written out', 'Write the pattern as text in quotes.');
    }
    const compiled = compileRegex(pattern.args);
    if (!compiled.ok) return this.#refuse(pattern, `this is not a pattern: ${compiled.reason}`, 'Patterns have RE2 syntax.');
    this.#regexes.set(pattern.args, compiled.regex);
    (node.args as [string, ASTNode, ASTNode[]])[0] = matchesFunction;
  }

  #refuse(node: ASTNode, message: string, advice: string): void {
    this.problems.push({ message, advice, offset: node.range.start });
  }

  #checkWords(fact: ASTNode, literal: ASTNode, within: Within): void {
    const words = this.#words.get(this.#factPath(fact, within) ?? '');
    if (words === undefined) return;
    const literals = literal.op === 'list' ? literal.args : [literal];
    for (const one of literals) {
      if (one.op !== 'value' || typeof one.args !== 'string' || words.texts.includes(one.args)) continue;
      this.#refuse(one, `${JSON.stringify(one.args.slice(0, 60))} is not ${words.one}`, `${words.all} ${words.texts.join(', ')}.`);
    }
  }

  /** `execution.file.origin`, also written with brackets; `execution.*` where it is not clear which fact is read. */
  #factPath(node: ASTNode, { bound }: Within): string | null {
    const parts: string[] = [];
    let at = node;
    while (at.op === '.' || at.op === '.?' || at.op === '[]' || at.op === '[?]') {
      const key: string | ASTNode = at.args[1];
      if (typeof key === 'string') parts.unshift(key);
      else if (key.op === 'value' && typeof key.args === 'string') parts.unshift(key.args);
      else return null;
      at = at.args[0];
    }
    if (at.op !== 'id') return null;
    if (bound !== null && at.args === bound.variable) return parts.length === 0 ? null : `${bound.list}.${parts[0]}`;
    if (!this.#vocabulary.roots.includes(at.args)) return null;
    const path = [at.args, ...parts].join('.');
    const named = [...this.#vocabulary.facts, ...this.#vocabulary.lists].find(({ name }) => name === path || isKeyOf(this.#vocabulary, name, path));
    return named?.name ?? `${at.args}.*`;
  }
}

/** `image.labels.tier` reads the fact `image.labels`. */
function isKeyOf<Subject>(vocabulary: Vocabulary<Subject>, name: string, path: string): boolean {
  return path.startsWith(`${name}.`) && vocabulary.facts.some((one) => one.name === name && one.type.startsWith('map<'));
}
