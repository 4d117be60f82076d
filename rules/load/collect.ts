/**
 * Items of all files, in order → the lists, macros and rules that result. A later definition of the same name replaces
 * the earlier one but keeps its place in the order; `override` changes it; what is changed must have been defined.
 * `definedAt` and `changedAt` count items: a macro sees the macros that were first defined before its last change.
 */
import { insertedText, joinTexts, sliceText, type PlacedText } from '../placed-text.ts';
import { ruleProblem, type Place, type RuleProblem } from '../problems.ts';
import { checkException, type RuleException } from './exceptions.ts';
import type { WindowItem } from './read-window.ts';
import type { ExceptionItem, Item, Priority, RuleKeys, Word } from './item.ts';

interface Ordered {
  readonly name: string;
  readonly definedAt: number;
  readonly changedAt: number;
  readonly place: Place;
}

export interface ListDefinition extends Ordered {
  readonly items: readonly Word[];
}

export interface MacroDefinition extends Ordered {
  readonly condition: PlacedText;
}

export interface RuleDefinition extends Ordered {
  readonly condition: PlacedText;
  readonly output: PlacedText;
  readonly description: string;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly source: string;
  readonly enabled: boolean;
  readonly warnEventTypes: boolean;
  readonly skipIfUnknownFilter: boolean;
  readonly exceptions: readonly RuleException[];
  readonly window: WindowItem | null;
}

export interface Collected {
  readonly lists: ReadonlyMap<string, ListDefinition>;
  readonly macros: ReadonlyMap<string, MacroDefinition>;
  readonly rules: readonly RuleDefinition[];
  readonly problems: readonly RuleProblem[];
}

const textCharactersMax = 1024 * 1024;
const appendsMax = 1000;

export function collect(items: Iterable<Item>): Collected {
  const collector = new Collector();
  for (const item of items) collector.add(item);
  return { lists: collector.lists, macros: collector.macros, rules: [...collector.rules.values()], problems: collector.problems };
}

class Collector {
  readonly lists = new Map<string, ListDefinition>();
  readonly macros = new Map<string, MacroDefinition>();
  readonly rules = new Map<string, RuleDefinition>();
  readonly problems: RuleProblem[] = [];
  #count = 0;

  add(item: Item): void {
    const at = this.#count;
    this.#count += 1;
    switch (item.kind) {
      case 'list':
        return this.#list(item, at);
      case 'macro':
        return this.#macro(item, at);
      case 'rule':
        return this.#rule(item, at);
      case 'rule-change':
        return this.#change(item, at);
      case 'rule-switch': {
        const earlier = this.rules.get(item.name);
        if (earlier === undefined) this.#notDefined('rule', item.name, item.place);
        else this.rules.set(item.name, { ...earlier, enabled: item.enabled });
        return;
      }
      default:
        return item satisfies never;
    }
  }

  #notDefined(kind: string, name: string, place: Place): void {
    this.problems.push(ruleProblem('not-defined', `there is no earlier ${kind} ${name} to change`, place, kind === 'rule' ? name : null));
  }

  #list(item: Item & { kind: 'list' }, at: number): void {
    const earlier = this.lists.get(item.name);
    if (item.mode !== 'define' && earlier === undefined) return this.#notDefined('list', item.name, item.place);
    const items = item.mode === 'append' ? [...(earlier?.items ?? []), ...item.items] : item.items;
    this.lists.set(item.name, { name: item.name, items, definedAt: earlier?.definedAt ?? at, changedAt: at, place: earlier?.place ?? item.place });
  }

  #macro(item: Item & { kind: 'macro' }, at: number): void {
    const earlier = this.macros.get(item.name);
    if (item.mode !== 'define' && earlier === undefined) return this.#notDefined('macro', item.name, item.place);
    const condition = item.mode === 'append' && earlier !== undefined ? this.#appended(earlier.condition, item.condition, item.place) : item.condition;
    this.macros.set(item.name, { name: item.name, condition, definedAt: earlier?.definedAt ?? at, changedAt: at, place: earlier?.place ?? item.place });
  }

  #rule(item: Item & { kind: 'rule' }, at: number): void {
    const { condition, output, priority, description = '' } = item.keys;
    if (condition === undefined || output === undefined || priority === undefined) return;
    const earlier = this.rules.get(item.name);
    const source = item.keys.source ?? 'syscall';
    if (earlier !== undefined && earlier.source !== source) {
      this.problems.push(ruleProblem('item-invalid', `the rule was defined with source ${earlier.source} and cannot change it`, item.place, item.name));
      return;
    }
    const exceptions = this.#exceptions(item.keys.exceptions ?? [], item.name);
    if (exceptions === null) return;
    this.rules.set(item.name, {
      name: item.name,
      condition,
      output: trimmed(output),
      description,
      priority,
      tags: [...new Set(item.keys.tags)],
      source,
      enabled: item.keys.enabled ?? true,
      warnEventTypes: item.keys.warnEventTypes ?? true,
      skipIfUnknownFilter: item.keys.skipIfUnknownFilter ?? false,
      exceptions,
      window: item.keys.window ?? null,
      definedAt: earlier?.definedAt ?? at,
      changedAt: at,
      place: item.place,
    });
  }

  #change(item: Item & { kind: 'rule-change' }, at: number): void {
    const earlier = this.rules.get(item.name);
    if (earlier === undefined) return this.#notDefined('rule', item.name, item.place);
    const appended = this.#append(earlier, item.append, item.place);
    if (appended === null) return;
    const { exceptions: replacing, ...rest } = item.replace;
    const exceptions = replacing === undefined ? appended.exceptions : this.#exceptions(replacing, item.name);
    if (exceptions === null) return;
    this.rules.set(item.name, { ...appended, ...rest, exceptions, changedAt: at });
  }

  #append(earlier: RuleDefinition, keys: RuleKeys, place: Place): RuleDefinition | null {
    const exceptions = this.#appendExceptions(earlier, keys.exceptions ?? []);
    if (exceptions === null) return null;
    return {
      ...earlier,
      condition: keys.condition === undefined ? earlier.condition : this.#appended(earlier.condition, keys.condition, place),
      output: keys.output === undefined ? earlier.output : this.#appended(earlier.output, keys.output, place),
      description: keys.description === undefined ? earlier.description : `${earlier.description} ${keys.description}`,
      tags: [...new Set([...earlier.tags, ...(keys.tags ?? [])])],
      exceptions,
    };
  }

  /** Concatenated as text with one blank: `a or b` and `and c` bind as they then stand. */
  #appended(earlier: PlacedText, more: PlacedText, place: Place): PlacedText {
    if (earlier.text.length + more.text.length > textCharactersMax || earlier.parts.length > 2 * appendsMax) {
      this.problems.push(ruleProblem('too-many', `a condition or output has at most ${textCharactersMax} characters, and is appended to at most ${appendsMax} times`, place));
      return earlier;
    }
    return joinTexts([earlier, insertedText(' ', place), more]);
  }

  #exceptions(items: readonly ExceptionItem[], rule: string): readonly RuleException[] | null {
    const found: RuleException[] = [];
    let failed = false;
    for (const item of items) {
      const checked = checkException(item, rule);
      if ('problem' in checked) {
        this.problems.push(checked.problem);
        failed = true;
      } else {
        found.push(checked.exception);
      }
    }
    return failed ? null : found;
  }

  /** New values for a named exception, or a whole new one; fields and comparators of an existing one stay. */
  #appendExceptions(earlier: RuleDefinition, items: readonly ExceptionItem[]): readonly RuleException[] | null {
    const result = [...earlier.exceptions];
    for (const item of items) {
      const index = result.findIndex((one) => one.name === item.name);
      const existing = result[index];
      if (existing !== undefined && (item.fields !== null || item.comparators !== null)) {
        const message = `exception ${item.name} exists: only values can be added to it, not fields or comps`;
        this.problems.push(ruleProblem('exception-invalid', message, item.place, earlier.name));
        return null;
      }
      const whole: ExceptionItem = existing === undefined ? item : { ...item, ...shapeOf(existing) };
      const checked = this.#exceptions([whole], earlier.name)?.[0];
      if (checked === undefined) return null;
      if (existing === undefined) result.push(checked);
      else result[index] = { ...existing, values: [...existing.values, ...checked.values] };
    }
    return result;
  }
}

function shapeOf(exception: RuleException): Pick<ExceptionItem, 'fields' | 'comparators'> {
  const { place } = exception;
  if (exception.form === 'single') {
    return { fields: { kind: 'word', word: exception.field }, comparators: { kind: 'word', word: { text: exception.comparator, place } } };
  }
  const comparators = exception.comparators.map((text) => ({ kind: 'word' as const, word: { text, place } }));
  return { fields: { kind: 'list', of: exception.fields.map((word) => ({ kind: 'word', word })), place }, comparators: { kind: 'list', of: comparators, place } };
}

function trimmed(output: PlacedText): PlacedText {
  const start = output.text.length - output.text.trimStart().length;
  return sliceText(output, start, Math.max(start, output.text.trimEnd().length));
}
