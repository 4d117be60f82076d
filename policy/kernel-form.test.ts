import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileCondition, type Condition } from './condition.ts';
import { unknownContainer, unknownExecution, type ContainerFacts } from './facts.ts';
import { kernelFormOf, kernelOrigins } from './kernel-form.ts';

function conditionOf(expression: string): Condition {
  const compiled = compileCondition(expression);
  ok(compiled.ok, `${expression}: ${compiled.ok ? '' : compiled.problems[0]?.message}`);
  return compiled.condition;
}

const web: ContainerFacts = { id: 'c1', name: 'web', image: 'nginx:1', digest: 'sha256:aa', namespace: 'shop' };

const forms: readonly (readonly [expression: string, web: readonly string[], unknown: readonly string[]])[] = [
  ['execution.file.origin == "dropped"', ['dropped'], []],
  ['execution.file.origin != "image"', ['modified', 'dropped', 'memory', 'volume'], []],
  ['execution.file.origin in ["dropped", "memory"]', ['dropped', 'memory'], []],
  ['!(execution.file.origin in ["image", "volume"])', ['modified', 'dropped', 'memory'], []],
  ['!(execution.file.origin in ["image", "unjudged", "host"])', ['modified', 'dropped', 'memory', 'volume'], []],
  ['execution.file.origin == "dropped" && container.name == "web"', ['dropped'], ['dropped']],
  ['execution.file.origin == "dropped" && container.name != "web"', [], ['dropped']],
  ['execution.file.origin == "memory" || execution.file.origin == "dropped" && container.namespace == "shop"', ['dropped', 'memory'], ['dropped']],
  ['container.image.startsWith("nginx") ? execution.file.origin == "dropped" : execution.file.origin == "volume"', ['dropped'], ['image', 'modified', 'dropped', 'memory', 'volume']],
  ['execution.file.origin.startsWith("d")', ['dropped'], []],
  ['container.name == "web"', ['image', 'modified', 'dropped', 'memory', 'volume'], ['image', 'modified', 'dropped', 'memory', 'volume']],
  ['false', [], []],
];

test('conditions on the origin and the container fold to sets of origins', () => {
  for (const [expression, holds, unknown] of forms) {
    const form = kernelFormOf(conditionOf(expression));
    ok(form.kind === 'kernel', expression);
    deepEqual([...form.originsOf(web).holds], holds, expression);
    deepEqual([...form.originsOf(unknownContainer).unknown], unknown, expression);
  }
});

const none: readonly (readonly [expression: string, missing: RegExp])[] = [
  ['execution.file.path == "/tmp/x"', /no atom for execution\.file\.path/],
  ['execution.file.origin == "dropped" && execution.uid == 0', /no atom for execution\.uid/],
  ['execution.file.origin == "dropped" || execution.arguments.exists(a, a == "-c")', /no atom for execution\.arguments/],
  ['execution.file.origin == "host"', /origin host: processes of the host are never judged/],
  ['execution.file.origin in ["dropped", "unjudged"]', /origin unjudged: .*cannot be judged/],
  ['execution.file.origin == "unjudged" && container.name == "web"', /origin unjudged/],
];

test('what the kernel cannot decide says what is missing', () => {
  for (const [expression, missing] of none) {
    const form = kernelFormOf(conditionOf(expression));
    ok(form.kind === 'none' && missing.test(form.missing), `${expression}: ${form.kind === 'none' ? form.missing : 'kernel'}`);
  }
});

const origin = fc.constantFrom(...kernelOrigins, 'host', 'unjudged');
const list = fc.array(origin, { minLength: 1, maxLength: 4 }).map((origins) => `[${origins.map((one) => `"${one}"`).join(', ')}]`);
const text = fc.constantFrom('web', 'db', 'nginx:1', 'shop', '');
const leaf = fc.oneof(
  origin.map((one) => `execution.file.origin == "${one}"`),
  origin.map((one) => `execution.file.origin != "${one}"`),
  list.map((one) => `execution.file.origin in ${one}`),
  fc.tuple(fc.constantFrom('name', 'image', 'namespace', 'digest', 'id'), fc.constantFrom('==', '!='), text).map(([fact, operator, value]) => `container.${fact} ${operator} "${value}"`),
);
const expression = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    tie('tree').map((one) => `!(${one})`),
    fc.tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree')).map((parts) => `(${parts.join(' ')})`),
  ),
})).tree;
const fact = fc.option(text);
const container = fc.record({ id: text, name: fact, image: fact, digest: fact, namespace: fact });

test('the kernel form agrees with the condition, for every origin and container', () => {
  fc.assert(
    fc.property(expression, container, (written, facts) => {
      const condition = conditionOf(written);
      const form = kernelFormOf(condition);
      if (form.kind === 'none') {
        ok(/"(host|unjudged)"/.test(written) && form.missing.startsWith('it holds for'), `${written}: ${form.missing}`);
        return;
      }
      const sets = form.originsOf(facts);
      for (const one of kernelOrigins) {
        const { value } = condition.evaluate({ execution: { ...unknownExecution, origin: one }, container: facts });
        equal(sets.holds.has(one), value === true, `${written} for ${one}`);
        equal(sets.unknown.has(one), value === 'unknown', `${written} for ${one}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('more knowledge never takes back an answer', () => {
  fc.assert(
    fc.property(expression, container, container, (written, less, more) => {
      const condition = conditionOf(written);
      const filled: ContainerFacts = { id: less.id || more.id, name: less.name ?? more.name, image: less.image ?? more.image, digest: less.digest ?? more.digest, namespace: less.namespace ?? more.namespace };
      for (const one of kernelOrigins) {
        const execution = { ...unknownExecution, origin: one };
        const before = condition.evaluate({ execution, container: less }).value;
        if (before !== 'unknown') equal(condition.evaluate({ execution, container: filled }).value, before, written);
      }
    }),
    { numRuns: 300 },
  );
});
