import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileCondition, type Answer } from './condition.ts';
import { unknownContainer, unknownExecution, type Facts } from './facts.ts';

const facts: Facts = {
  execution: { origin: 'dropped', path: '/tmp/x.sh', uid: 33, arguments: ['-c', 'id'], parentPath: '/usr/sbin/nginx' },
  container: { id: 'c1', name: 'web', image: 'docker.io/library/nginx:1.27', digest: null, namespace: '' },
};
const nothing: Facts = { execution: unknownExecution, container: unknownContainer };

function answer(expression: string, from: Facts): Answer['value'] {
  const compiled = compileCondition(expression);
  ok(compiled.ok, `${expression}: ${compiled.ok ? '' : compiled.problems[0]?.message}`);
  return compiled.condition.evaluate(from).value;
}

const rows: readonly (readonly [expression: string, known: Answer['value'], unknown: Answer['value']])[] = [
  ['execution.file.origin == "dropped"', true, 'unknown'],
  ['execution.file.origin != "dropped"', false, 'unknown'],
  ['!(execution.file.origin in ["image", "volume"])', true, 'unknown'],
  ['execution.file.path.startsWith("/tmp/")', true, 'unknown'],
  ['execution.file.name == "x.sh"', true, 'unknown'],
  ['execution.uid == 33', true, 'unknown'],
  ['execution.uid > 1000 || execution.parent.path.endsWith("nginx")', true, 'unknown'],
  ['execution.arguments.exists(a, a == "-c")', true, 'unknown'],
  ['execution.arguments.all(a, a.matches("^[a-z-]+$"))', true, 'unknown'],
  ['size(execution.arguments) == 2 && execution.arguments[0] == "-c"', true, 'unknown'],
  ['execution.arguments[7] == "x"', 'unknown', 'unknown'],
  ['container.image.matches("nginx:1[.]")', true, 'unknown'],
  ['container["name"] == "web"', true, 'unknown'],
  ['container.namespace == ""', true, 'unknown'],
  ['container.digest == "sha256:00"', 'unknown', 'unknown'],
  ['!(container.digest == "sha256:00")', 'unknown', 'unknown'],
  ['container.digest == "sha256:00" && execution.uid == 0', false, 'unknown'],
  ['container.digest == "sha256:00" || execution.uid == 33', true, 'unknown'],
  ['execution.uid == 33 ? container.name == "web" : false', true, 'unknown'],
  ['true', true, true],
  ['false && container.name == "x"', false, false],
];

test('conditions answer true, false, or unknown where a fact is missing', () => {
  for (const [expression, known, unknown] of rows) {
    equal(answer(expression, facts), known, expression);
    equal(answer(expression, nothing), unknown, expression);
  }
});

test('unknown names what is missing', () => {
  const compiled = compileCondition('container.digest == "x" && execution.file.origin == "dropped"');
  ok(compiled.ok);
  deepEqual(compiled.condition.evaluate(facts), { value: 'unknown', missing: 'container.digest' });
  deepEqual([...compiled.condition.references].sort(), ['container.digest', 'execution.file.origin']);
});

const refused: readonly (readonly [expression: string, offset: number, message: RegExp])[] = [
  ['execution.file.origin = "dropped"', 22, /not CEL/],
  ['execution.file.origin == "droped"', 25, /"droped" is not an origin/],
  ['execution.file.origin in ["image", "x"]', 35, /"x" is not an origin/],
  ['execution.file.hash == "x"', 15, /no such key: hash/],
  ['process.name == "x"', 0, /unknown variable: process/],
  ['execution.uid == "root"', 0, /no such overload/],
  ['execution.file.path', 0, /is string, not true or false/],
  ['has(container.name)', 0, /has\( \) is not offered/],
  ['execution.arguments.map(a, a + a).size() > 1', 0, /map\( \) is not offered/],
  ['execution.arguments.exists(a, execution.arguments.exists(b, a == b))', 30, /inside another/],
  ['container.image.matches("(")', 24, /not a pattern/],
  ['container.image.matches(container.name)', 0, /pattern that is written out/],
  ['execution.uid.matches("x")', 0, /'int\.matches\(string\)'/],
  ['container.name == "\ud800"', 0, /half of a character/],
  [`${'!'.repeat(4100)}true`, 0, /more than 4096 characters/],
  [`${'true||'.repeat(400)}true`, 0, /not CEL: exceeded/],
  [`${'('.repeat(200)}true${')'.repeat(200)}`, 0, /not CEL: exceeded/],
];

test('what is no condition is refused with its place', () => {
  for (const [expression, offset, message] of refused) {
    const compiled = compileCondition(expression);
    ok(!compiled.ok, expression.slice(0, 60));
    const [problem] = compiled.problems;
    ok(problem !== undefined && message.test(problem.message) && problem.advice !== '', `${expression.slice(0, 60)}: ${problem?.message}`);
    if (offset > 0) equal(problem.offset, offset, expression);
  }
});

test('patterns take linear time', () => {
  const compiled = compileCondition('execution.file.path.matches("(a|aa)+(b|c)*(a*)*$x")');
  ok(compiled.ok);
  equal(compiled.condition.evaluate({ ...facts, execution: { ...facts.execution, path: 'a'.repeat(4000) } }).value, false);
});

test('no text makes compiling or evaluating throw', () => {
  const text = 'execution.arguments.exists(a, a == "x") && !(execution.file.origin in ["dropped"]) || container.name.matches("a.*b")';
  const piece = fc.constantFrom('"', '(', ')', '[', ']', '{', '}', '.', '&&', '||', '!', '==', ' in ', '?', ':', ',', 'execution', 'container', '1', 'null', 'b"x"', 'dyn(', 'size(', '\\', '\ud800', '/0', '');
  const edit = fc.record({ at: fc.nat(text.length), drop: fc.nat(8), piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const compiled = compileCondition(edits.reduce((current, one) => current.slice(0, one.at) + one.piece + current.slice(one.at + one.drop), text));
      if (!compiled.ok) return;
      compiled.condition.evaluate(facts);
      compiled.condition.evaluate(nothing);
    }),
    { numRuns: 1000 },
  );
});
