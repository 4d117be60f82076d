/**
 * Fuzzing of the rule language: from a seed, conditions, outputs, rule files, events and patterns, most of them nearly
 * right, some broken at random, some made to unfold (nesting, lists of lists, macros of macros, aliases, repetitions). Each
 * is taken all the way: read, checked, compiled, asked about an event, printed, explained. What must hold: nothing throws,
 * a tree that is printed parses to the same print, no input takes long, and memory does not grow with their number.
 */
import { modifiers, orderOperators, textOperators, listOperators } from '@vedette/rules/operators';
import { explain } from '@vedette/rules/explain';
import { fieldTable } from '@vedette/rules/fields';
import { eventClasses, eventNames } from '@vedette/rules/events';
import { readDocuments } from '@vedette/rules/load/document';
import { parseOutput } from '@vedette/rules/output';
import { parseCondition } from '@vedette/rules/parse/parse';
import { printCondition, quotedIfNeeded } from '@vedette/rules/parse/print';
import { insertedText } from '@vedette/rules/placed-text';
import { compileRegex } from '@vedette/rules/regex';
import { loadRules } from '@vedette/rules/ruleset';
import { syntheticSuppliers, type SyntheticEvent } from '@vedette/rules/synthetic';
import { readEventFile } from '@vedette/rules/trial/event';
import { readRuleTests } from '@vedette/rules/trial/tests';
import { Chance } from './chance.ts';
import type { FuzzTarget } from './target.ts';

const fields = [...fieldTable.keys(), 'no.such', 'evt.arg.flags', 'proc.aname[1]', 'proc.aname["2"]', 'container.mount.dest[/etc/*]', 'proc.env[HOME]', 'evt.arg[x]', 'proc.args[0]'];
const words = ['bash', '/etc/*', '"two words"', "'it\\'s'", '10.0.0.0/8', '::1', '0x1F', '-1', '5e+9', '443', 'true', 'host', '"<NA>"', '""', 'runc:[0:PARENT]', '"[a-z]{1,3}(x|y)*"', 'execve', 'shells', '\u202e', '\ud800', '00ff', '"\\n"'];
const pieces = ['(', ')', '[', ']', '"', "'", '\\', ',', '=', ' and ', ' or ', ' not ', ' not(', ' in ', ' exists', ' val(', ' len(', 'join(', 'getopt(', '%', '*', '{', '}', ':', '\n', '\n  ', '- ', '\t', '\0', '&a ', '*a ', '|', '>', '#', '~', '!!x ', '---\n', '\ud800', '\u2028', '999999999999', 'x'.repeat(300)];

class Inputs {
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  operand(depth: number): string {
    const { below, one } = bound(this.#chance);
    if (depth > 3 || below(4) > 0) return one(fields);
    switch (below(4)) {
      case 0:
        return `${one(['tolower', 'toupper', 'b64', 'basename', 'len'])}(${this.operand(depth + 1)})`;
      case 1:
        return `concat(${this.operand(depth + 1)}, "${one(['-', 'x', ''])}")`;
      case 2:
        return `join(",", (${this.operand(depth + 1)}, "a", ${this.operand(depth + 1)}))`;
      default:
        return `getopt(${one(['proc.args', '("-a", "b")'])}, "${one(['a:b', ':', 'lp:'])}")${one(['', '[a]', '[p]'])}`;
    }
  }

  check(): string {
    const { below, one } = bound(this.#chance);
    const left = this.operand(0);
    switch (below(6)) {
      case 0:
        return `${left} exists`;
      case 1:
        return `${left} ${one(listOperators)} (${this.#chance.times(5, () => one(words)).join(', ')})`;
      case 2:
        return `${left} ${one(textOperators)} ${one(modifiers)} (${this.#chance.times(3, () => one(words)).join(', ')})`;
      case 3:
        return `${left} ${one(orderOperators)} ${one(['3', '-1', '0x1f', `val(${one(fields)})`])}`;
      case 4:
        return one(['m', 'shells', 'never']);
      default:
        return `${left} ${one(textOperators)} ${below(5) === 0 ? `val(${one(fields)})` : one(words)}`;
    }
  }

  condition(depth = 0): string {
    const { below, one } = bound(this.#chance);
    if (depth > 4 || below(3) === 0) return this.check();
    const of = Array.from({ length: 1 + below(3) }, () => this.condition(depth + 1));
    const joined = of.join(` ${one(['and', 'or'])} `);
    return below(3) === 0 ? `${one(['not ', 'not not ', ''])}(${joined})` : joined;
  }

  output(): string {
    const { below, one } = bound(this.#chance);
    return Array.from({ length: 1 + below(6) }, () => `${one(['text ', '', '(', '*'])}%${one(['', '12', '0'])}${below(3) === 0 ? this.operand(0) : one(fields)}${one([' ', ')', '.', ''])}`).join('');
  }

  file(): string {
    const { below, one } = bound(this.#chance);
    const item = (): string => {
      switch (below(6)) {
        case 0:
          return `- list: ${one(['shells', 'l', 'in.x'])}\n  items: [${this.#chance.times(6, () => one([...words.filter((word) => !/[[\]{}]/.test(word)), 'l', 'shells'])).join(', ')}]\n${one(['', '  override: { items: append }\n', '  append: true\n'])}`;
        case 1:
          return `- macro: ${one(['m', 'never', 'n'])}\n  condition: ${JSON.stringify(this.condition(2))}\n${one(['', '  override: { condition: append }\n'])}`;
        case 2:
          return `- rule: ${one(['a', 'b'])}\n  ${one(['enabled: false', 'condition: or evt.num = 1\n  override: { condition: append }', 'tags: [x]\n  override: { tags: append }', 'exceptions: [{ name: e, values: [[x, 1]] }]\n  override: { exceptions: append }'])}\n`;
        case 3:
          return one(['- required_engine_version: 57\n', '- required_engine_version: 0.99.0\n', '- required_plugin_versions: [{ name: container, version: 0.2.0 }]\n', '- foo: bar\n', '-\n']);
        default:
          return `- rule: ${one(['a', 'b', 'c d'])}\n  desc: d\n  condition: ${JSON.stringify(this.condition(1))}\n  output: ${JSON.stringify(this.output())}\n  priority: ${one(['INFO', 'warning', 'LOUD'])}\n${one(['', '  tags: [x, y]\n', '  exceptions: [{ name: e, fields: [proc.name, proc.tty], comps: [in, "="], values: [[[a], 1]] }]\n', '  skip-if-unknown-filter: true\n', '  source: k8s_audit\n'])}${below(4) === 0 ? this.window() : ''}`;
      }
    };
    return Array.from({ length: 1 + below(6) }, item).join('');
  }

  window(): string {
    const { below, one } = bound(this.#chance);
    const by = () => `[${this.#chance.times(3, () => JSON.stringify(below(4) === 0 ? this.operand(2) : one(fields))).join(', ')}]`;
    const step = () => (below(3) === 0 ? JSON.stringify(this.condition(3)) : `{ condition: ${JSON.stringify(this.condition(3))}${below(3) === 0 ? `, by: ${by()}` : ''}${below(4) === 0 ? `, output: ${JSON.stringify(this.output())}` : ''} }`);
    const what = below(2) === 0 ? `sequence: [${this.#chance.times(4, step).join(', ')}]` : `count: ${one(['2', '3', '1', '1000', 'x'])}${below(2) === 0 ? `, distinct: ${one(fields)}` : ''}`;
    return `  vedette: { ${what}, within: ${one(['10s', '5m', '1h', '1ms', '0s', '9', '24h'])}, by: ${below(2) === 0 ? '[]' : by()} }\n`;
  }

  event(): string {
    const { below, one } = bound(this.#chance);
    const given = this.#chance.times(4, () => `${JSON.stringify(one(fields))}: ${one(['1', 'true', 'x', '[a, b]', '10.0.0.1', '{}'])}`);
    const text = `{ event: ${one(Object.values(eventNames).flat())}, processes: [{ name: sh, pid: 4 }, {}], arguments: [-c, x], fields: { ${given.join(', ')} } }`;
    if (below(4) === 0) return `tests:\n  - { name: t, fires: [], events: [${this.#chance.times(3, () => text.replace('{', `{ at: ${one(['0s', '5ms', '9h', 'x'])},`)).join(', ')}] }\n`;
    return below(2) === 0 ? text : `tests:\n  - ${text.replace('{', '{ name: t, fires: [],')}\n`;
  }

  pattern(): string {
    const { one } = bound(this.#chance);
    return this.#chance.times(12, () => one(['a', '.', '.*', '(', ')', '[a-z]', '[^', ']', '{2,5}', '{30}', '{1,}', '+', '?', '|', '\\d', '\\', '\\pL', '(?i)', '(?P<n>', '^', '$', '\\b', '\\x{10FFFF}', '[[:alpha:]]', 'é', '\ud800'])).join('');
  }

  /** Small inputs that unfold into large ones. */
  bomb(): readonly [kind: string, input: string] {
    const { below, one } = bound(this.#chance);
    const size = 10 ** (1 + below(4));
    const rule = (condition: string) => `- rule: r\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n`;
    return one<() => readonly [string, string]>([
      () => ['condition', '('.repeat(size)],
      () => ['condition', `${'('.repeat(size)}proc.name = a${')'.repeat(size)}`],
      () => ['condition', `${'not ('.repeat(size)}proc.name = a${')'.repeat(size)}`],
      () => ['condition', `${'a or not (b and '.repeat(size)}c${')'.repeat(size)}`],
      () => ['condition', `${'toupper('.repeat(size)}proc.name${')'.repeat(size)} = a`],
      () => ['condition', `proc.name in (${'x,'.repeat(size)}y)`],
      () => ['condition', Array.from({ length: size }, (_, index) => `proc.name = ${index}`).join(' or ')],
      () => ['condition', `proc.name = "${'\\\\'.repeat(size)}"`],
      () => ['condition', `fd.name glob "${'*a'.repeat(size)}"`],
      () => ['condition', `fd.name pmatch (${'/*'.repeat(Math.min(size, 1000))}, /a)`],
      () => ['output', '%proc.name '.repeat(size)],
      () => ['output', `%${'9'.repeat(size)}proc.name`],
      () => ['output', `%${'concat('.repeat(size)}proc.name`],
      () => ['pattern', '(a{1,30}){1,30}'.repeat(Math.min(size, 60))],
      () => ['pattern', '('.repeat(Math.min(size, 900))],
      () => ['pattern', '(a?){1000}b'],
      () => ['file', Array.from({ length: 30 }, (_, index) => `- list: g${index}\n  items: [${index === 0 ? 'x' : `g${index - 1}, g${index - 1}`}]\n`).join('') + rule('proc.name in (g29)')],
      () => ['file', Array.from({ length: 40 }, (_, index) => `- macro: m${index}\n  condition: ${index === 0 ? 'proc.name = a' : `m${index - 1} or m${index - 1}`}\n`).join('') + rule('m39')],
      () => ['file', Array.from({ length: Math.min(size, 1200) }, (_, index) => `- macro: m${index}\n  condition: ${index === 0 ? 'proc.name = a' : `not m${index - 1}`}\n`).join('') + rule(`m${Math.min(size, 1200) - 1}`)],
      () => ['file', Array.from({ length: 12 }, (_, index) => `- &l${index} [${Array.from({ length: 10 }, () => (index === 0 ? 'x' : `*l${index - 1}`)).join(', ')}]\n`).join('')],
      () => ['file', '['.repeat(size)],
      () => ['file', `- &a [*a]\n- ${'{a: '.repeat(Math.min(size, 1000))}`],
      () => ['file', `- list: l\n  items: [${'x,'.repeat(size)}]\n${Array.from({ length: Math.min(30, size) }, (_, index) => rule('proc.name in (l, l, l)').replace(': r', `: r${index}`)).join('')}`],
      () => ['file', rule('evt.type = execve') + '- rule: r\n  condition: or proc.name = x\n  override: { condition: append }\n'.repeat(Math.min(size, 3000))],
      () => ['event', `{ event: execve, processes: [${'{},'.repeat(size)}] }`],
    ])();
  }

  /** Pieces put in, taken out and doubled at random. */
  broken(text: string): string {
    const { below, one } = bound(this.#chance);
    let current = text;
    for (let edit = 0; edit <= below(4); edit += 1) {
      const at = below(current.length + 1);
      const drop = below(8) === 0 ? below(40) : below(3);
      current = current.slice(0, at) + (below(4) === 0 ? current.slice(at, at + below(60)) : one(pieces)) + current.slice(at + drop);
    }
    return current.slice(0, 200_000);
  }

  next(): readonly [kind: string, input: string] {
    const { below } = bound(this.#chance);
    const drawn = below(1000);
    // a bomb costs as much as a thousand others
    if (drawn === 0 && below(2) === 0) return this.bomb();
    const [kind, input] = drawn < 600 ? ['condition', this.condition()] as const : drawn < 750 ? ['output', this.output()] as const : drawn < 860 ? ['file', this.file()] as const : drawn < 930 ? ['event', this.event()] as const : drawn < 970 ? ['pattern', this.pattern()] as const : ['window', this.window()] as const;
    return [kind, below(2) === 0 ? input : this.broken(input)];
  }
}

function bound(chance: Chance): { below: (end: number) => number; one: <T>(of: readonly T[]) => T } {
  return { below: (end) => chance.below(end), one: (of) => chance.one(of) };
}

const place = { file: 'fuzz', line: 1, column: 1 };
const event: SyntheticEvent = {
  processes: [{ name: 'bash', exepath: '/usr/bin/bash', cmdline: 'bash -c x', exe: '-bash', pid: 3 }, { name: 'nginx', pid: 2 }, { name: 'init', pid: 1 }],
  arguments: ['-c', 'x'],
  fields: { 'evt.num': 1, 'fd.name': '/etc/shadow', 'fd.type': 'file', 'fd.lip': '10.0.0.1', 'fd.rip': '::1', 'fd.lport': 1, 'fd.rport': 443, 'container.id': 'c', 'container.image': 'nginx:1', 'proc.tty': 4, 'evt.is_open_write': true },
  identityPending: true,
};

function takeFile(text: string): boolean {
  const rules = loadRules([{ name: 'fuzz', text }], { keepTrees: true, tellUnused: true });
  rules.interests();
  const askable = rules.bind(syntheticSuppliers);
  for (const eventClass of eventClasses) for (const match of askable.evaluate(eventClass, event)) match.output();
  for (const rule of rules.rules) if (rule.tree !== null) explain(rule.tree, { table: fieldTable, absent: {} });
  return rules.problems.every((one) => one.severity !== 'error');
}

const rulesAround = `- list: shells\n  items: [sh, bash]\n- macro: m\n  condition: proc.name in (shells)\n- macro: never\n  condition: (evt.num = 0)\n`;

const take: Readonly<Record<string, (input: string) => boolean>> = {
  condition: (input) => {
    const parsed = parseCondition(insertedText(input, place));
    if (!parsed.ok) return false;
    for (const quoted of [undefined, quotedIfNeeded]) {
      const printed = printCondition(parsed.expression, quoted);
      const again = parseCondition(insertedText(printed, place));
      if (!again.ok || printCondition(again.expression, quoted) !== printed) throw new Error(`printed as ${printed.slice(0, 300)}, which ${again.ok ? 'prints differently' : `is refused: ${again.message}`}`);
    }
    return takeFile(`${rulesAround}- rule: r\n  desc: d\n  condition: ${JSON.stringify(input)}\n  output: o %proc.name\n  priority: INFO\n`);
  },
  output: (input) => parseOutput(insertedText(input, place), fieldTable).ok && takeFile(`- rule: r\n  desc: d\n  condition: evt.type = execve\n  output: ${JSON.stringify(input)}\n  priority: INFO\n`),
  file: takeFile,
  event: (input) => {
    const read = readEventFile(readDocuments('fuzz', input).roots, fieldTable);
    return readRuleTests('fuzz', input).problems.length === 0 || read.trial !== null;
  },
  window: (input) => {
    const rules = loadRules([{ name: 'fuzz', text: `${rulesAround}- rule: r\n  desc: d\n  condition: evt.num = 1\n  output: o %proc.name\n  priority: INFO\n${input}` }], { keepTrees: true });
    const askable = rules.bind(syntheticSuppliers);
    for (let round = 0; round < 3; round += 1) {
      for (const eventClass of eventClasses) for (const match of askable.evaluate(eventClass, { ...event, timeNs: round * 4e9, identityPending: round === 0 }, { decided: round === 1 })) match.output();
    }
    return rules.rules.some((one) => one.window !== null);
  },
  pattern: (input) => {
    const compiled = compileRegex(input);
    if (compiled.ok) for (const text of ['', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaab', 'bash -c x', '\ud800']) compiled.regex.matchesWhole(text);
    return compiled.ok;
  },
};

export function ruleTarget(seed: number): FuzzTarget {
  return (index) => {
    const [kind, input] = new Inputs(new Chance(seed * 1_000_003 + index)).next();
    return { kind, take: () => take[kind]?.(input) === true, shown: () => input.slice(0, 4000) };
  };
}
