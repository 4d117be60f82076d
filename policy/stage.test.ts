import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Exception } from '@vedette/model/exception';
import { explainImageVerdict } from './explain-image.ts';
import { nameFacts, unknownImage, type ImageFacts, type VulnerabilityFacts } from './image-facts.ts';
import { parseExceptions, parsePolicies } from './parse.ts';
import { judgeImage, type Judging, type RuleVerdict } from './stage.ts';
import { absent, known, unknown } from './vocabulary.ts';

const nowMs = Date.parse('2026-06-01T12:00:00Z');
const lodash = { ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv/app/node_modules/lodash' };
const flaw: VulnerabilityFacts = { id: 'CVE-1', aliases: ['GHSA-1'], severity: known('critical'), cvss: known(9.8), fixedIn: known('4.17.21'), affected: known(true), malicious: false, package: lodash, loaded: unknown('not watched') };
const image: ImageFacts = {
  ...unknownImage('not looked at'),
  ...nameFacts('registry.test/shop/cart:1.4'),
  digest: known('sha256:aa'),
  runsAsRoot: known(true),
  packages: { items: [lodash], incomplete: null },
  vulnerabilities: { items: [flaw], incomplete: null },
};

interface Written {
  readonly when?: string;
  readonly mode?: string;
  readonly actions?: string;
  readonly scope?: string;
  readonly more?: string;
}

const criticalWithFix = 'image.vulnerabilities.exists(v, v.severity == "critical" && v.fixedIn != "")';

function policyText({ when = criticalWithFix, mode = 'enforce', actions = '{ build: fail, deploy: deny }', scope = '{}', more = '' }: Written = {}): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: p }
spec:
  description: x
  severity: high
  mode: ${mode}
  scope: ${scope}
  rules:
    - name: r
      on: image
      when: ${JSON.stringify(when)}
      actions: ${actions}
${more}`;
}

function exceptionText(scope: string, over: { readonly approval?: string; readonly expiresAt?: string; readonly name?: string } = {}): string {
  const { approval = '{ by: carol, at: 2026-05-01 }', expiresAt = '2026-06-30', name = 'e' } = over;
  return `apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata: { name: ${name} }
spec: { scope: ${scope}, reason: fixed in the next release, owner: team shop, expiresAt: ${expiresAt}${approval === '' ? '' : `, approval: ${approval}`} }
`;
}

function exceptions(...texts: string[]): readonly Exception[] {
  const parsed = parseExceptions('e.yaml', texts.join('---\n'));
  deepEqual(parsed.problems, []);
  return parsed.exceptions;
}

function judge(text: string, over: Partial<Judging> = {}, about = image): RuleVerdict | undefined {
  const { policies, problems } = parsePolicies('p.yaml', text);
  deepEqual(problems, []);
  return judgeImage(about, { stage: 'build', policies: policies.map((policy) => ({ policy, mode: policy.policy.spec.mode })), exceptions: [], nowMs, unknown: 'fail', ...over })[0];
}

const rows: readonly (readonly [what: string, written: Written, over: Partial<Judging>, answer: string])[] = [
  ['broken', {}, {}, 'broken stop stop'],
  ['at deployment', {}, { stage: 'deploy' }, 'broken stop stop'],
  ['shadow says what it would do', { mode: 'shadow' }, {}, 'broken none stop'],
  ['what runs', { actions: '{ run: kill }' }, { stage: 'run' }, 'broken stop stop'],
  ['what runs, in shadow', { mode: 'shadow', actions: '{ run: kill }' }, { stage: 'run' }, 'broken none stop'],
  ['what runs and is only told', { actions: '{ run: inform }' }, { stage: 'run' }, 'broken inform inform'],
  ['what runs is not stopped for what is not known', { when: 'image.created == ""', actions: '{ run: kill }' }, { stage: 'run' }, 'unknown inform inform'],
  ['warn', { actions: '{ build: warn }' }, {}, 'broken warn warn'],
  ['inform', { actions: '{ build: inform }' }, {}, 'broken inform inform'],
  ['kept', { when: 'image.vulnerabilities.exists(v, v.severity == "low")' }, {}, 'kept none none'],
  ['unknown counts as failed', { when: 'image.created == ""' }, {}, 'unknown stop stop'],
  ['unknown counts as a warning', { when: 'image.created == ""' }, { unknown: 'warn' }, 'unknown warn warn'],
  ['an unknown of a rule that informs stays that', { when: 'image.created == ""', actions: '{ build: inform }' }, { unknown: 'warn' }, 'unknown inform inform'],
  ['in scope', { scope: '{ images: { names: ["registry.test/shop/*"] } }' }, {}, 'broken stop stop'],
  ['in scope by digest', { scope: '{ images: { names: ["sha256:aa"] } }' }, {}, 'broken stop stop'],
];

test('what follows from a rule at a stage', () => {
  for (const [what, written, over, answer] of rows) {
    const verdict = judge(policyText(written), over);
    equal(`${verdict?.answer} ${verdict?.effect} ${verdict?.effectIfEnforced}`, answer, what);
  }
  equal(judge(policyText({ mode: 'off' })), undefined);
  equal(judge(policyText({ actions: '{ deploy: deny }' })), undefined);
  equal(judge(policyText({ actions: '{ deploy: deny }' }), { stage: 'run' }), undefined);
  equal(judge(policyText({ scope: '{ images: { excludeNames: ["registry.test/*"] } }' })), undefined);
  const nameless = { ...image, reference: unknown('it has no name') };
  equal(judge(policyText({ scope: '{ images: { names: ["registry.test/*"] } }' }), {}, nameless)?.answer, 'unknown');
  equal(judge(policyText(), {}, nameless)?.answer, 'broken');
});

const second = { ...flaw, id: 'CVE-2', aliases: [] };
const unrated = { ...flaw, id: 'CVE-3', aliases: [], severity: unknown('no record rates it') };

const exceptionRows: readonly (readonly [what: string, exception: string, items: readonly VulnerabilityFacts[], answer: string])[] = [
  ['the rule whole', exceptionText('{ policies: [p] }'), [flaw], 'accepted'],
  ['by policy and rule', exceptionText('{ policies: [p/r] }'), [flaw], 'accepted'],
  ['another policy', exceptionText('{ policies: [q] }'), [flaw], 'broken'],
  ['another rule', exceptionText('{ policies: [p/q] }'), [flaw], 'broken'],
  ['this image', exceptionText('{ policies: ["*"], images: ["registry.test/shop/*"] }'), [flaw], 'accepted'],
  ['another image', exceptionText('{ policies: [p], images: [nginx] }'), [flaw], 'broken'],
  ['another stage', exceptionText('{ policies: [p], stages: [deploy] }'), [flaw], 'broken'],
  ['the vulnerability', exceptionText('{ policies: [p], vulnerabilities: [CVE-1] }'), [flaw], 'accepted'],
  ['by its other name', exceptionText('{ policies: [p], vulnerabilities: [GHSA-1] }'), [flaw], 'accepted'],
  ['one of two', exceptionText('{ policies: [p], vulnerabilities: [CVE-1] }'), [flaw, second], 'broken'],
  ['both, by two', `${exceptionText('{ policies: [p], vulnerabilities: [CVE-1] }')}---\n${exceptionText('{ policies: [p], vulnerabilities: [CVE-2] }', { name: 'f' })}`, [flaw, second], 'accepted'],
  ['in its package', exceptionText('{ policies: [p], packages: [lodash] }'), [flaw, second], 'accepted'],
  ['in another package', exceptionText('{ policies: [p], vulnerabilities: [CVE-1], packages: [minimist] }'), [flaw], 'broken'],
  ['what is not known of it', exceptionText('{ policies: [p], vulnerabilities: [CVE-3] }'), [unrated], 'accepted'],
  ['an unknown, whole', exceptionText('{ policies: [p] }'), [unrated], 'accepted'],
  ['not approved', exceptionText('{ policies: [p] }', { approval: '' }), [flaw], 'broken: e nobody has approved it'],
  ['approved in the future', exceptionText('{ policies: [p] }', { approval: '{ by: carol, at: 2026-06-02 }' }), [flaw], 'broken: e its approval lies in the future (2026-06-02)'],
  ['expired', exceptionText('{ policies: [p] }', { expiresAt: '2026-05-31' }), [flaw], 'broken: e it expired (2026-05-31)'],
  ['on its last day', exceptionText('{ policies: [p] }', { expiresAt: '2026-06-01' }), [flaw], 'accepted'],
  ['expired this morning', exceptionText('{ policies: [p] }', { expiresAt: '2026-06-01T10:00:00+02:00' }), [flaw], 'broken: e it expired (2026-06-01T10:00:00+02:00)'],
  ['a day that does not exist', exceptionText('{ policies: [p] }', { expiresAt: '2026-13-01' }), [flaw], 'broken: e its expiry is no time that exists (2026-13-01)'],
];

test('exceptions: those that count are honoured, the others are named', () => {
  for (const [what, text, items, answer] of exceptionRows) {
    const verdict = judge(policyText(), { exceptions: exceptions(text) }, { ...image, vulnerabilities: { items, incomplete: null } });
    ok(verdict !== undefined);
    const ignored = verdict.notCounted.map((one) => `: ${one.exception} ${one.why}`).join('');
    equal(`${verdict.answer}${ignored}`, answer, what);
    if (verdict.answer === 'accepted') ok(verdict.accepted.length > 0 && verdict.effect === 'none', what);
  }
});

test('the words for people', () => {
  const fix = policyText({ more: '  message: "{{ image.reference }} has a critical flaw"\n' });
  const verdict = judge(fix);
  ok(verdict !== undefined);
  deepEqual(explainImageVerdict(verdict, image), {
    summary: 'registry.test/shop/cart:1.4 fails the build by the policy p.',
    message: 'registry.test/shop/cart:1.4 has a critical flaw',
    fact: 'CVE-1 (critical) in lodash 4.17.15 in /srv/app/node_modules/lodash, fixed in 4.17.21.',
    evidence: [
      'policy p, rule r, stage build, mode enforce',
      'image registry.test/shop/cart:1.4 (sha256:aa)',
      'found CVE-1 (critical) in lodash 4.17.15 in /srv/app/node_modules/lodash, fixed in 4.17.21',
    ],
    fix: 'upgrade lodash 4.17.15 to 4.17.21',
  });
  const said = (written: Written, over: Partial<Judging> = {}, about = image) => {
    const one = judge(policyText(written), over, about);
    ok(one !== undefined);
    return explainImageVerdict(one, about);
  };
  equal(said({}, { stage: 'deploy' }).summary, 'registry.test/shop/cart:1.4 was refused at deployment by the policy p.');
  const running: Written = { actions: '{ run: kill }' };
  equal(said(running, { stage: 'run' }).summary, 'registry.test/shop/cart:1.4 runs, and its next execution is killed by the policy p.');
  equal(said({ ...running, mode: 'shadow' }, { stage: 'run' }).summary, 'registry.test/shop/cart:1.4 runs, and its next execution would be killed by the policy p.');
  equal(said({ mode: 'shadow' }).summary, 'registry.test/shop/cart:1.4 would fail the build by the policy p.');
  equal(said({ when: 'false' }).summary, 'registry.test/shop/cart:1.4 passes by the policy p.');
  equal(said({ when: 'image.runsAsRoot' }).fact, 'The image runs as root (image.runsAsRoot).');
  const open = said({ when: 'image.created == ""' });
  equal(open.summary, 'registry.test/shop/cart:1.4 fails the build, because what the rule asks is not known, by the policy p.');
  equal(open.fact, 'Not known: image.created (not looked at).');
  ok(open.evidence.includes('not known: image.created (not looked at)'));
  const accepted = said({}, { exceptions: exceptions(exceptionText('{ policies: [p], vulnerabilities: [CVE-1] }')) });
  equal(accepted.summary, 'registry.test/shop/cart:1.4 passes with an exception by the policy p.');
  ok(accepted.evidence.some((line) => line.startsWith('accepted by the exception e of team shop until 2026-06-30: CVE-1')));
  const hostile = { ...image, vulnerabilities: { items: [{ ...flaw, fixedIn: absent, package: { ...lodash, name: 'a\n\u202eb' } }], incomplete: null } };
  ok(!/[\n\u202e]/.test(said({ when: 'image.vulnerabilities.exists(v, true)' }, {}, hostile).fact));
});

const faults: readonly (readonly [text: string, problem: RegExp])[] = [
  [policyText({ actions: '{}' }), /needs an action for build, deploy or run/],
  [policyText({ actions: '{ run: fail }' }), /spec\.rules\.0\.actions\.run/],
  [policyText({ actions: '{ build: deny }' }), /spec\.rules\.0\.actions\.build/],
  [policyText({ scope: '{ containers: { names: ["web"] } }' }), /scope\.containers is for rules on: execution/],
  [policyText({ more: '  message: "{{ execution.uid }}"\n' }), /there is no fact "execution\.uid"/],
  [policyText({ when: 'image.colour == "x"' }), /no such key: colour/],
];

test('what a policy about images may not say', () => {
  for (const [text, problem] of faults) ok(parsePolicies('p.yaml', text).problems.some((one) => problem.test(one.message)), `${String(problem)}: ${JSON.stringify(parsePolicies('p.yaml', text).problems)}`);
});

test('an exception of another shape is refused with its place', () => {
  const good = exceptionText('{ policies: [p] }');
  for (const [broken, problem] of [
    [good.replace('reason: fixed in the next release, ', ''), /4:1 .*spec\.reason/],
    [good.replace(', expiresAt: 2026-06-30', ''), /4:1 .*spec\.expiresAt/],
    [good.replace('2026-06-30', 'tomorrow'), /spec\.expiresAt: must be a day/],
    [good.replace('policies: [p]', 'policies: []'), /spec\.scope\.policies/],
    [good.replace('kind: Exception', 'kind: Policy'), /2:1 .*kind.*See the form of an exception/],
  ] as const) {
    const { exceptions: read, problems } = parseExceptions('e.yaml', broken);
    equal(read.length, 0);
    ok(problems.some((one) => problem.test(`${one.line}:${one.column} ${one.message} ${one.advice}`)), JSON.stringify(problems));
  }
});
