/**
 * The rules that ship, as a whole: each loads without a word, says its tactic and its technique, can fire with what this sensor delivers,
 * has tests of three kinds (firing, silent, and the same done otherwise, whose names begin with "equivalent:") that hold, is heard in
 * the battery of the lab, and stands in the table of docs/detections.md (UPDATE_GOLDEN=1 writes it again). Where the Falco project's own
 * files lie beside the checkout, nothing of ours may have one of their names, so that both can be loaded.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { problemLine } from '@vedette/rules/problems';
import { loadRules, type RuleSet } from '@vedette/rules/ruleset';
import { absentFields } from '@vedette/rules/subject';
import { readRuleTests, runRuleTest, type RuleTest } from '@vedette/rules/trial/tests';
import { syntheticSuppliers } from '@vedette/rules/synthetic';
import { suppliers } from '@vedette/sensor/detect/subject';
import { projectRoot } from '../borders/borders.ts';
import { actions } from './attacks.ts';
import { officialRuleFiles, ownRuleFiles } from './scene.ts';

const folder = join(projectRoot(), 'content', 'rules');
const tactics = ['initial-access', 'execution', 'persistence', 'privilege-escalation', 'defense-evasion', 'credential-access', 'discovery', 'lateral-movement', 'collection', 'command-and-control', 'exfiltration', 'impact'];
/** What an ordinary host and an ordinary container do all day must not be in what people are woken for. */
const priorities = ['critical', 'warning', 'notice', 'informational'];

const read = (path: string) => ({ name: relative(folder, path), text: readFileSync(path, 'utf8') });
const files = ownRuleFiles().map(read);
const absent = { fields: absentFields(suppliers({ hostname: '', userName: () => null })) };
const all = loadRules(files, { absent });

interface Shipped {
  readonly name: string;
  readonly tactic: string;
  readonly file: string;
}

/** Every rule with the file that it stands in. */
const shipped: readonly Shipped[] = files.flatMap((file) =>
  [...file.text.matchAll(/^- rule: (.*)$/gm)].map(([, name = '']) => ({ name: name.trim(), tactic: dirname(file.name), file: file.name })));

function ruleOf(name: string): RuleSet['rules'][number] {
  const rule = all.rules.find((one) => one.name === name);
  assert.ok(rule !== undefined, name);
  return rule;
}

test('they load without a word, and none is lost', () => {
  assert.deepEqual(all.problems.filter((one) => one.severity !== 'note').map(problemLine), []);
  assert.deepEqual(all.rules.map((one) => one.name).sort(), shipped.map((one) => one.name).sort());
  assert.ok(shipped.length >= 60, String(shipped.length));
});

test('there are rules for twelve tactics, and each says its tactic, its technique and where it looks', () => {
  assert.deepEqual([...new Set(shipped.map((one) => one.tactic))].sort(), [...tactics].sort());
  for (const { name, tactic } of shipped) {
    const { tags, priority, enabled } = ruleOf(name);
    assert.ok(tags.includes(`mitre_${tactic.replaceAll('-', '_')}`), `${name}: ${tags.join(' ')}`);
    assert.ok(tags.some((one) => /^T\d{4}(\.\d{3})?$/.test(one)), name);
    assert.ok(tags.includes('host') || tags.includes('container'), name);
    assert.ok(enabled && priorities.includes(priority.toLowerCase()), `${name}: ${priority}`);
  }
});

test('each can fire with what the sensor delivers, and no check in it is void', () => {
  for (const rule of all.rules) {
    assert.equal(rule.reach.kind, 'fires', `${rule.name}: ${rule.reach.kind === 'fires' ? '' : rule.reach.reasons.join('; ')}`);
    assert.deepEqual(rule.reach.kind === 'fires' ? rule.reach.undecided : [], [], rule.name);
  }
});

function testsBeside(file: string): { readonly tests: readonly RuleTest[]; readonly rules: RuleSet } {
  const path = join(folder, file.replace(/\.yaml$/, '.test.yaml'));
  const found = readRuleTests(path, readFileSync(path, 'utf8'));
  assert.deepEqual(found.problems.map(problemLine), [], path);
  const named = found.rules.length === 0 ? [basename(file)] : found.rules;
  return { tests: found.tests, rules: loadRules(named.map((one) => read(join(dirname(path), one)))) };
}

function fires(one: RuleTest, rule: string): boolean {
  return [...(one.fires ?? []), ...one.trials.flatMap((trial) => trial.fires ?? [])].some(({ name }) => name === rule);
}

function isSilent(one: RuleTest, rule: string): boolean {
  return one.silent.some(({ name }) => name === rule) || (one.fires?.length === 0 && !fires(one, rule));
}

test('each has tests that fire, that are silent, and that do the same otherwise, and all hold', () => {
  for (const file of new Set(shipped.map((one) => one.file))) {
    const { tests, rules } = testsBeside(file);
    for (const one of tests) assert.deepEqual(runRuleTest(one, rules).failures.map((failure) => failure.message), [], `${file}: ${one.name}`);
    for (const { name } of shipped.filter((one) => one.file === file)) {
      const firing = tests.filter((one) => fires(one, name));
      const otherwise = firing.filter((one) => one.name.startsWith('equivalent: '));
      assert.ok(firing.length > otherwise.length, `${name} has no test in which it fires`);
      assert.ok(otherwise.length > 0, `${name} has no test in which the same is done otherwise`);
      assert.ok(tests.some((one) => isSilent(one, name)), `${name} has no test in which it is silent`);
    }
  }
});

test('the battery of the lab hears each of them, and expects none that there is not', () => {
  const expected = new Set(actions.flatMap((one) => one.own));
  assert.deepEqual(shipped.map((one) => one.name).filter((one) => !expected.has(one)), []);
  assert.deepEqual([...expected].filter((one) => !shipped.some((rule) => rule.name === one)), []);
});

test('people who signed in can be counted in again, as the documentation says', () => {
  const strict = { name: 'strict.yaml', text: '- macro: by_a_signed_in_user\n  condition: (evt.num = 0)\n' };
  const person = { processes: [{ name: 'find', exepath: '/usr/bin/find' }], arguments: ['/', '-name', 'id_rsa'], fields: { 'evt.num': 1, 'evt.type': 'execve', 'container.id': 'host', 'user.loginuid': 1000 } };
  const fired = (more: typeof files) => loadRules([...files, ...more]).bind(syntheticSuppliers).evaluate('exec', person).map((one) => one.rule.name);
  assert.deepEqual([fired([]), fired([strict])], [[], ['Search for keys and passwords']]);
});

const names = (texts: readonly string[]) => new Set(texts.flatMap((text) => [...text.matchAll(/^- (?:rule|macro|list): (.*)$/gm)].map(([, name = '']) => name.trim())));

test("nothing of ours has a name of the official files, so that both can be loaded", { skip: officialRuleFiles().length === 0 ? 'the official rule files are not there' : false }, () => {
  const theirs = names(officialRuleFiles().map((one) => readFileSync(one, 'utf8')));
  assert.deepEqual([...names(files.map((one) => one.text))].filter((one) => theirs.has(one)), []);
});

function table(): string {
  const lines: string[] = [];
  for (const tactic of tactics) {
    lines.push(`### ${tactic[0]?.toUpperCase()}${tactic.slice(1).replaceAll('-', ' ')}`, '', '| Rule | Priority | Looks at | Techniques | File |', '|---|---|---|---|---|');
    for (const { name, file } of shipped.filter((one) => one.tactic === tactic)) {
      const { tags, priority } = ruleOf(name);
      const places = ['container', 'host'].filter((one) => tags.includes(one)).join(', ');
      lines.push(`| ${name} | ${priority.toLowerCase()} | ${places} | ${tags.filter((one) => /^T\d/.test(one)).join(', ')} | [${basename(file)}](../content/rules/${file}) |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

test('the table in the documentation is what ships', () => {
  const page = join(projectRoot(), 'docs', 'detections.md');
  const text = readFileSync(page, 'utf8');
  const [begin, end] = ['<!-- table: begin -->\n', '<!-- table: end -->'];
  const head = text.slice(0, text.indexOf(begin) + begin.length);
  const made = `${head}\n${table()}\n${text.slice(text.indexOf(end))}`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(page, made);
  assert.equal(readFileSync(page, 'utf8'), made, 'UPDATE_GOLDEN=1 writes the table again');
});
