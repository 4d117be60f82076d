/** `vedette rules`: check rule files, list the fields of the language, run tests of rules, explain a rule: reads files, changes nothing. And what a hub knows of noise. */
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { globPredicate } from '@vedette/rules/compile/glob';
import { fieldTable } from '@vedette/rules/fields';
import { readDocuments } from '@vedette/rules/load/document';
import { loadRules, type RuleSet } from '@vedette/rules/ruleset';
import { readEventFile, type TrialEvent } from '@vedette/rules/trial/event';
import { readRuleTests, runRuleTest } from '@vedette/rules/trial/tests';
import { projectRoot } from '../build.ts';
import { checkJson, checkRules, checkText, painter, problemText } from '../rules/check.ts';
import { explainJson, explainText } from '../rules/explain.ts';
import { fieldLines, fieldsText } from '../rules/fields.ts';
import { exists, filesBelow, isTestFile, readRuleFiles, readText, Unusable } from '../rules/files.ts';
import { complain, say, UsageError, type CliCommand } from './command.ts';

function isColoured(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
}

const json = { type: 'boolean', default: false } as const;

function check(args: readonly string[]): number {
  const { values, positionals } = parseArgs({ args: [...args], options: { json, notes: json, strict: json }, allowPositionals: true, strict: true });
  if (positionals.length === 0) throw new UsageError('name the rule files: vedette rules check FILE …');
  const checked = checkRules(readRuleFiles(positionals));
  say(values.json ? checkJson(checked) : checkText(checked, isColoured(), values.notes));
  return checked.counts.errors > 0 || (values.strict && checked.counts.warnings > 0) ? 1 : 0;
}

function fields(args: readonly string[]): number {
  const { values, positionals } = parseArgs({ args: [...args], options: { json }, allowPositionals: true, strict: true });
  const [pattern, more] = positionals;
  if (more !== undefined) throw new UsageError('one pattern at a time');
  const lines = fieldLines(pattern ?? null);
  if (lines.length === 0) {
    complain(`There is no field with ${pattern} in its name or description. vedette rules fields lists them all.`);
    return 1;
  }
  say(values.json ? JSON.stringify(lines, null, 2) : fieldsText(lines, process.stdout.isTTY ? process.stdout.columns : 0));
  return 0;
}

interface TestCounts {
  passed: number;
  failed: number;
  /** Test files, or rules of theirs, that are not usable. */
  faulty: number;
}

function test(args: readonly string[]): number {
  const { values, positionals } = parseArgs({ args: [...args], options: { json, rules: { type: 'string', multiple: true }, verbose: json }, allowPositionals: true, strict: true });
  if (positionals.length === 0) throw new UsageError('name test files, or a directory with some: vedette rules test DIRECTORY');
  const files = positionals.flatMap((path) => filesBelow(path, isTestFile));
  if (files.length === 0) throw new Unusable(`There is no test file (.test.yaml) in ${positionals.join(', ')}.`);
  const counts: TestCounts = { passed: 0, failed: 0, faulty: 0 };
  const results = files.map((file): unknown => {
    try {
      return testFile(file, values.rules ?? [], counts, values.json ? null : { isVerbose: values.verbose });
    } catch (error) {
      // One test file whose rules are missing must not hide what the others say.
      if (!(error instanceof Unusable) || files.length === 1) throw error;
      counts.faulty += 1;
      complain(`${file}: ${error.message}`);
      return { file, unusable: error.message };
    }
  });
  if (values.json) say(JSON.stringify({ ok: counts.failed + counts.faulty === 0, ...counts, files: results }, null, 2));
  else say(`${counts.failed + counts.faulty === 0 ? painter(isColoured())('green', '✓') : painter(isColoured())('red', '✗')} ${counts.passed} passed, ${counts.failed} failed${counts.faulty > 0 ? `, ${counts.faulty} files not usable` : ''}`);
  return counts.failed + counts.faulty > 0 ? 1 : 0;
}

/** Rules are read from where the test file says, seen from its folder; without that from the file of the same name, without `.test`. */
function rulesOf(file: string, written: readonly string[], asked: readonly string[]): readonly string[] {
  if (asked.length > 0) return asked;
  if (written.length > 0) return written.map((one) => resolve(dirname(file), one));
  return [join(dirname(file), basename(file).replace(/\.test(\.ya?ml)$/, '$1'))];
}

function testFile(file: string, asked: readonly string[], counts: TestCounts, print: { readonly isVerbose: boolean } | null): unknown {
  const paint = painter(isColoured());
  const text = readText(file);
  const read = readRuleTests(file, text);
  const ruleFiles = readRuleFiles(rulesOf(file, read.rules, asked));
  const rules = loadRules(ruleFiles);
  const faults = [...read.problems, ...rules.problems.filter((one) => one.severity === 'error')];
  if (faults.length > 0) counts.faulty += 1;
  const results = read.tests.map((one) => runRuleTest(one, rules));
  for (const { failures } of results) counts[failures.length === 0 ? 'passed' : 'failed'] += 1;
  const sources = [{ name: file, text }, ...ruleFiles];
  if (print !== null) {
    for (const fault of faults) say(problemText(fault, sources, paint).join('\n'));
    for (const { test: one, failures } of results) {
      if (failures.length === 0 && print.isVerbose) say(`${paint('green', '✓')} ${file}: ${one.name}`);
      for (const { message, place } of failures) say(`${paint('red', '✗')} ${place.file}:${place.line}:${place.column}: ${one.name}: ${message}`);
    }
  }
  return {
    file, rules: ruleFiles.map((one) => one.name), problems: faults,
    tests: results.map(({ test: one, failures }) => ({ name: one.name, line: one.place.line, passed: failures.length === 0, failures })),
  };
}

function explain(args: readonly string[]): number {
  const { values, positionals } = parseArgs({ args: [...args], options: { json, event: { type: 'string' } }, allowPositionals: true, strict: true });
  if (positionals.length === 0) throw new UsageError('name a rule, or rule files: vedette rules explain RULE FILE …');
  const paths = positionals.filter((one) => exists(one));
  const names = positionals.filter((one) => !exists(one));
  const files = readRuleFiles(paths.length > 0 ? paths : [join(projectRoot, 'content', 'rules')]);
  const rules = loadRules(files, { keepTrees: true });
  const errors = rules.problems.filter((one) => one.severity === 'error');
  for (const problem of errors) complain(problemText(problem, files, painter(false)).join('\n'));
  const chosen = chosenRules(rules, names, paths);
  const trial = values.event === undefined ? null : eventOf(values.event);
  if (values.json) say(JSON.stringify(chosen.map((one) => explainJson(one, trial)), null, 2));
  else say(chosen.map((one) => explainText(one, trial, painter(isColoured())).join('\n')).join('\n\n'));
  return errors.length > 0 ? 1 : 0;
}

function chosenRules(rules: RuleSet, names: readonly string[], paths: readonly string[]): RuleSet['rules'] {
  const chosen = names.length === 0 ? rules.rules : names.flatMap((name) => {
    const fits = globPredicate(name.replace(/[?[\]\\]/g, '\\$&'), true);
    const found = rules.rules.filter((one) => fits(one.name));
    if (found.length === 0) throw new Unusable(`There is no rule "${name}"${paths.length === 0 ? ' among those of the product; name its file too' : ` in ${paths.join(', ')}`}, and no file of that name.`);
    return found;
  });
  if (chosen.length === 0) throw new Unusable('There is no rule in these files that can be explained.');
  return chosen;
}

function eventOf(path: string): TrialEvent {
  const text = readText(path);
  const { roots, problems } = readDocuments(path, text);
  const read = problems.length > 0 ? { trial: null, problems } : readEventFile(roots, fieldTable);
  if (read.trial !== null && read.problems.length === 0) return read.trial;
  throw new Unusable(read.problems.flatMap((one) => problemText(one, [{ name: path, text }], painter(false))).join('\n'));
}

/** Of these only those that are asked for are loaded: the others speak with no hub. */
type NoiseAction = 'noise' | 'propose' | 'files' | 'apply' | 'withdraw';
const atHub = (name: NoiseAction) => async (args: readonly string[]): Promise<number> => (await import('../rules/noise.ts'))[name](args);

const actions: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  check, fields, test, explain, noise: atHub('noise'), propose: atHub('propose'), files: atHub('files'), apply: atHub('apply'), withdraw: atHub('withdraw'),
};

export const rulesCommand: CliCommand = {
  name: 'rules',
  summary: 'Check, test and explain behaviour rules, list their fields, quieten noisy ones',
  usage: `vedette rules check FILE|DIRECTORY … [--strict] [--notes] [--json]
       vedette rules fields [PATTERN] [--json]
       vedette rules test FILE|DIRECTORY … [--rules FILE] [--verbose] [--json]
       vedette rules explain [RULE …] [FILE …] [--event FILE] [--json]
       vedette rules noise --hub URL [--days N] [--over] [--rule RULE] [--json]
       vedette rules propose RULE --hub URL [--place PLACE] [--days N] [--output FILE] [--json]
       vedette rules files|apply FILE|withdraw NAME --hub URL [--name NAME] [--json]`,
  details: `  check     loads rule files in the order given, as a sensor would; of a directory every .yaml file, by name; - is
            standard input. Each problem is told with its file, line and column.
    --strict  warnings count as errors
    --notes   also what is used and differs from how it is written
  fields    the fields of the language whose name or description holds PATTERN (or whose name fits it, with * and ?):
            type, what stands in brackets, and which events supply it here
  test      runs test files (*.test.yaml): events, and which rules must fire on each or stay silent; for rules with a
            sequence or a count several events, each at its time
    --rules   take the rules from here, whatever the test file says; may be given more than once
    --verbose also name the tests that pass
  explain   the condition as a tree, with macros by name, and on which events each part is asked; where it never fires
            and why. A RULE may hold *; without a FILE the rules of the product are meant.
    --event   an event (YAML or JSON, as in a test file): how each part answers, and which decided
  noise     how often each rule spoke in each workload, as the hub has it: the loudest first, ! over the budget
  propose   exceptions from RULE that hide most of its noise (in one PLACE, as noise names it) and nothing that somebody
            confirmed, tried on the stored detections; a rule file on standard output
  files     rule files that people gave to the hub; apply gives it one, which all sensors load; withdraw takes it back
    --token-file  file with an API token of the hub; without it VEDETTE_TOKEN of the environment
  --json    the same as data
  Exit code 0: all is well; 1: errors, a test failed, something is over the budget, or nothing can be proposed; 2: a
  file cannot be read, the hub refuses, or the call is wrong.`,
  examples: [
    'vedette rules check /etc/vedette/rules --strict',
    "vedette rules fields 'proc.a*'",
    'vedette rules test rules/',
    'vedette rules explain "Shell in a container" --event event.json',
    'vedette rules noise --hub https://vedette.example.com --over',
    'vedette rules propose "Shell in a container" --hub https://vedette.example.com --place w12 > exceptions.yaml',
    'vedette rules apply exceptions.yaml --hub https://vedette.example.com',
  ],
  async run(args) {
    const [action, ...rest] = args;
    const run = action === undefined ? undefined : actions[action];
    if (run === undefined) throw new UsageError(action === undefined ? `say what to do: ${Object.keys(actions).join(', ')}` : `there is no "vedette rules ${action}"; there are: ${Object.keys(actions).join(', ')}`);
    try {
      return await run(rest);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      complain(error.message);
      return 2;
    }
  },
};
