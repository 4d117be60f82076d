/** `vedette rules check`: what loading rule files has to say, each problem with the line it is about; or the same as JSON. */
import { styleText } from 'node:util';
import { escapeControls as shown } from '@vedette/rules/output';
import { needsOf, type Needs } from '@vedette/rules/needs';
import type { RuleFile } from '@vedette/rules/load/read-items';
import type { RuleProblem } from '@vedette/rules/problems';
import type { Expression } from '@vedette/rules/parse/ast';
import { loadRules, type RuleSet } from '@vedette/rules/ruleset';

type Colour = 'red' | 'yellow' | 'cyan' | 'green' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

export function painter(isColoured: boolean): Paint {
  return (colour, text) => (isColoured ? styleText(colour, text, { validateStream: false }) : text);
}

const colours = { error: 'red', warning: 'yellow', note: 'cyan' } as const;
const lineCharactersMax = 160;

/** The line that a problem is about with a caret under its column; long lines are cut around it. */
export function sourceLines(problem: RuleProblem, files: readonly RuleFile[], paint: Paint): readonly string[] {
  const { file, line, column } = problem.place;
  const text = files.find((one) => one.name === file)?.text.split('\n', line)[line - 1]?.replace(/\r$/, '');
  if (text === undefined || text.trim() === '') return [];
  const from = column > lineCharactersMax ? column - 1 - (lineCharactersMax >> 1) : 0;
  const part = text.slice(from, from + lineCharactersMax).replaceAll('\t', ' ');
  const cut = { before: from > 0 ? '…' : '', after: from + lineCharactersMax < text.length ? '…' : '' };
  const number = String(line).padStart(5);
  const caret = ' '.repeat(Math.max(0, Math.min(column - 1 - from, part.length)) + cut.before.length);
  return [paint('dim', `${number} | ${cut.before}${shown(part)}${cut.after}`), `${' '.repeat(number.length)} ${paint('dim', '|')} ${caret}${paint(colours[problem.severity], '^')}`];
}

export function problemText(problem: RuleProblem, files: readonly RuleFile[], paint: Paint): readonly string[] {
  const { file, line, column } = problem.place;
  const rule = problem.rule === null ? '' : `rule ${JSON.stringify(problem.rule)}: `;
  const head = `${file}:${line}:${column}: ${paint(colours[problem.severity], problem.severity)}: ${shown(`${rule}${problem.message}`)} ${paint('dim', `[${problem.code}]`)}`;
  return [head, ...sourceLines(problem, files, paint)];
}

export interface CheckedRules {
  readonly files: readonly RuleFile[];
  readonly rules: RuleSet;
  readonly counts: { readonly errors: number; readonly warnings: number; readonly notes: number };
}

export function checkRules(files: readonly RuleFile[]): CheckedRules {
  const rules = loadRules(files, { tellUnused: true, keepTrees: true });
  const count = (severity: RuleProblem['severity']) => rules.problems.filter((one) => one.severity === severity).length;
  return { files, rules, counts: { errors: count('error'), warnings: count('warning'), notes: count('note') } };
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

export function checkText({ files, rules, counts }: CheckedRules, isColoured: boolean, withNotes: boolean): string {
  const paint = painter(isColoured);
  const told = rules.problems.filter((one) => withNotes || one.severity !== 'note');
  const off = rules.rules.filter((one) => !one.enabled).length;
  const dead = rules.enabled.filter((one) => one.reach.kind === 'cannot-fire').length;
  const parts = [
    `${plural(rules.rules.length, 'rule')} in ${plural(files.length, 'file')}`,
    ...(off > 0 ? [`${off} switched off`] : []),
    ...(dead > 0 ? [`${dead} that cannot fire here`] : []),
    plural(counts.errors, 'error'), plural(counts.warnings, 'warning'),
    ...(counts.notes > 0 ? [`${plural(counts.notes, 'note')}${withNotes ? '' : ' (--notes shows them)'}`] : []),
  ];
  const sum = `${counts.errors === 0 ? paint('green', '✓') : paint('red', '✗')} ${parts.join(', ')}`;
  return [...told.flatMap((one) => problemText(one, files, paint)), ...(told.length > 0 ? [''] : []), sum].join('\n');
}

/** Of a rule with a sequence: what any of its steps asks for. */
function needsOfAll(trees: readonly Expression[]): Needs {
  const all = trees.map(needsOf);
  return { events: [...new Set(all.flatMap((one) => one.events))].sort(), fields: [...new Set(all.flatMap((one) => one.fields))].sort() };
}

export function checkJson({ files, rules, counts }: CheckedRules): string {
  return JSON.stringify({
    ok: counts.errors === 0,
    counts,
    files: files.map((one) => one.name),
    rules: rules.rules.map(({ name, enabled, priority, tags, place, reach, tree, window }) => ({
      name, enabled, priority, tags, place,
      ...(tree === null ? {} : { needs: needsOfAll([tree, ...(window?.steps ?? []).flatMap((one) => one.tree ?? [])]) }),
      reach: reach.kind === 'fires' ? { fires: true, on: reach.on, undecided: reach.undecided } : { fires: false, reasons: reach.reasons },
    })),
    problems: rules.problems,
  }, null, 2);
}
