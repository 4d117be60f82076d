import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compileFor, type Condition } from './condition.ts';
import { imageVocabulary, nameFacts, unknownImage, type ImageFacts, type VulnerabilityFacts } from './image-facts.ts';
import { absent, known, unknown } from './vocabulary.ts';

const lodash = { ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv/app/node_modules/lodash' };
const flaw: VulnerabilityFacts = { id: 'CVE-2021-23337', aliases: ['GHSA-35jh-r3h4-6jhm'], severity: known('high'), cvss: known(7.2), fixedIn: known('4.17.21'), affected: known(true), malicious: false, package: lodash, loaded: unknown('not watched') };
const unrated: VulnerabilityFacts = { ...flaw, id: 'CVE-2099-1', aliases: [], severity: unknown('no record rates it'), cvss: absent, fixedIn: absent };

const doubtful: VulnerabilityFacts = { ...flaw, id: 'CVE-2099-2', affected: unknown('the versions cannot be compared') };

const image: ImageFacts = {
  ...unknownImage('not looked at'),
  ...nameFacts('registry.test:5000/shop/cart:1.4'),
  labels: known({ tier: 'web', 'org.opencontainers.image.title': 'cart' }),
  user: absent,
  runsAsRoot: known(true),
  exposedPorts: known(['8080/tcp']),
  layers: known(2),
  packages: { items: [lodash], incomplete: null },
  vulnerabilities: { items: [flaw], incomplete: null },
};
const partly: ImageFacts = { ...image, vulnerabilities: { items: [flaw, unrated], incomplete: 'Python packages are not read' }, packages: { items: [lodash], incomplete: 'cut' } };

function compiled(expression: string): Condition<ImageFacts> {
  const result = compileFor(imageVocabulary, expression);
  ok(result.ok, `${expression}: ${result.ok ? '' : result.problems[0]?.message}`);
  return result.condition;
}

const rows: readonly (readonly [expression: string, whole: boolean | 'unknown', partly: boolean | 'unknown', nothing?: boolean | 'unknown'])[] = [
  ['image.registry == "registry.test:5000" && image.repository == "shop/cart" && image.tag == "1.4"', true, true],
  ['image.pinned', false, false],
  ['image.user == ""', true, true],
  ['image.labels["tier"] == "web"', true, true],
  ['image.labels.tier == "web"', true, true],
  ['"owner" in image.labels', false, false],
  ['image.labels["owner"] == "x"', 'unknown', 'unknown'],
  ['image.layers > 1', true, true],
  ['"8080/tcp" in image.exposedPorts', true, true],
  ['image.exposedPorts.exists(p, p.startsWith("80"))', true, true],
  ['image.digest == "sha256:00"', 'unknown', 'unknown'],
  ['image.vulnerabilities.exists(v, v.severity == "high")', true, true],
  ['image.vulnerabilities.exists(v, v.severity == "critical")', false, 'unknown'],
  ['image.vulnerabilities.exists(v, v.cvss >= 7.0 && v.fixedIn != "")', true, true],
  ['image.vulnerabilities.exists(v, v.cvss >= 9.0)', false, 'unknown'],
  ['image.vulnerabilities.exists(v, v.loaded == "yes")', 'unknown', 'unknown'],
  ['image.vulnerabilities.exists(v, "GHSA-35jh-r3h4-6jhm" in v.aliases)', true, true],
  ['image.vulnerabilities.all(v, v.severity != "critical")', true, 'unknown'],
  ['image.vulnerabilities.all(v, v.severity == "low")', false, false],
  ['image.vulnerabilities.exists_one(v, v.severity == "high")', true, 'unknown'],
  ['image.packages.exists(p, p.name.matches("^lo.+sh$"))', true, true],
  ['image.packages.exists(p, p.name == "left-pad")', false, 'unknown'],
  ['!image.packages.exists(p, p.name == "left-pad")', true, 'unknown'],
  ['image.packages.exists(p, true)', true, true],
  ['image.packages.exists(p, p.name == "left-pad") && image.pinned', false, false, 'unknown'],
  ['image.packages.exists(p, p.name == "left-pad") || image.runsAsRoot', true, true],
  ['image.packages.exists(p, p.name == "left-pad" || image.runsAsRoot)', true, true],
  ['image.signatures.exists(s, s.verified)', 'unknown', 'unknown'],
  ['image.packages.exists(p, p.name == "lodash") ? image.runsAsRoot : false', true, true],
  ['true', true, true, true],
];

test('conditions about an image: true, false or unknown, also over lists that may hold more', () => {
  for (const [expression, whole, open, nothing = 'unknown'] of rows) {
    equal(compiled(expression).examine(image).value, whole, expression);
    equal(compiled(expression).examine(partly).value, open, `partly known: ${expression}`);
    equal(compiled(expression).examine(unknownImage('not looked at')).value, nothing, `nothing known: ${expression}`);
  }
});

test('an answer says what it found, and an unknown one what is missing and why', () => {
  const { found } = compiled('image.vulnerabilities.exists(v, v.severity in ["high", "critical"])').examine(image);
  deepEqual(found.map((one) => one.sentence), ['CVE-2021-23337 (high) in lodash 4.17.15 in /srv/app/node_modules/lodash, fixed in 4.17.21']);
  deepEqual(compiled('image.vulnerabilities.exists(v, v.severity == "critical") || image.digest == "x"').examine(partly).missing, [
    { fact: 'image.digest', reason: 'not looked at' },
    { fact: 'image.vulnerabilities.severity', reason: 'no record rates it: CVE-2099-1 (severity not known) in lodash 4.17.15 in /srv/app/node_modules/lodash' },
    { fact: 'image.vulnerabilities', reason: 'Python packages are not read' },
  ]);
  deepEqual(compiled('image.labels["owner"] == "x"').examine(image).missing, [{ fact: 'no such key: owner', reason: '' }]);
});

test('what may not be there at all decides nothing, and matters only where it would', () => {
  const about = { ...image, vulnerabilities: { items: [doubtful], incomplete: null } };
  const answers = [['v.severity == "high"', 'unknown'], ['v.severity == "low"', false], ['v.package == "lodash"', 'unknown']] as const;
  for (const [predicate, value] of answers) equal(compiled(`image.vulnerabilities.exists(v, ${predicate})`).examine(about).value, value, predicate);
  equal(compiled('image.vulnerabilities.all(v, v.severity == "high")').examine(about).value, true);
  equal(compiled('image.vulnerabilities.exists_one(v, v.severity == "high")').examine(about).value, 'unknown');
  deepEqual(compiled('image.vulnerabilities.exists(v, v.severity == "high")').examine(about).missing.map((one) => `${one.fact}: ${one.reason}`), [
    'image.vulnerabilities: the versions cannot be compared: CVE-2099-2 (high) in lodash 4.17.15 in /srv/app/node_modules/lodash, fixed in 4.17.21',
  ]);
});

const refused: readonly (readonly [expression: string, message: RegExp])[] = [
  ['size(image.packages) == 0', /image\.packages can only be asked with exists/],
  ['image.packages[0].name == "x"', /./],
  ['image.packages == []', /image\.packages can only be asked with/],
  ['image.packages.filter(p, p.name == "x").exists(q, true)', /filter\( \) is not offered/],
  ['image.packages.exists(p, image.vulnerabilities.exists(v, v.package == p.name))', /inside another/],
  ['image.packages.exists(image, true)', /is the name of facts/],
  ['image.packages.exists(p)', /./],
  ['image.packages.exists(p, p.colour == "x")', /no such key: colour/],
  ['image.packages.exists(p, p.name)', /bool/],
  ['image.vulnerabilities.exists(v, v.severity == "criticl")', /"criticl" is not a severity/],
  ['image.vulnerabilities.exists(v, v.loaded in ["yes", "maybe"])', /"maybe" is not an answer/],
  ['image.packages.exists(p, p.name.matches("("))', /not a pattern/],
  ['image.colour == "x"', /no such key: colour/],
  ['execution.uid == 0', /unknown variable: execution/],
  ['image.packages.quantified_0()', /there is no quantified_0/],
  ['image.exposedPorts.quantified_0()', /there is no quantified_0/],
  ['image.tag.matchesInLinearTime("x")', /there is no matchesInLinearTime/],
  [Array.from({ length: 17 }, () => 'image.packages.exists(p, true)').join(' || '), /more than 16 questions/],
];

test('what could not say "unknown", and what is no condition, is refused', () => {
  for (const [expression, message] of refused) {
    const result = compileFor(imageVocabulary, expression);
    ok(!result.ok, expression);
    ok(message.test(result.problems[0]?.message ?? ''), `${expression}: ${result.problems[0]?.message}`);
  }
});

test('an answer over a list that may hold more stands, whatever else it turns out to hold', () => {
  const severity = fc.constantFrom(known('low' as const), known('high' as const), known('critical' as const));
  const item = fc.record({ severity, fixedIn: fc.constantFrom(absent, known('2')) }).map((over): VulnerabilityFacts => ({ ...flaw, ...over }));
  const conditions = [
    'image.vulnerabilities.exists(v, v.severity == "critical" && v.fixedIn != "")',
    'image.vulnerabilities.all(v, v.severity != "critical") || image.vulnerabilities.exists(v, v.fixedIn == "")',
    'image.vulnerabilities.exists_one(v, v.severity == "high")',
    '!image.vulnerabilities.exists(v, v.severity in ["high", "critical"]) && image.runsAsRoot',
    'image.vulnerabilities.exists(v, true)',
  ].map(compiled);
  fc.assert(
    fc.property(fc.constantFrom(...conditions), fc.array(item, { maxLength: 4 }), fc.array(item, { maxLength: 4 }), (condition, seen, unseen) => {
      const early = condition.examine({ ...image, vulnerabilities: { items: seen, incomplete: 'more may come' } });
      const late = condition.examine({ ...image, vulnerabilities: { items: [...seen, ...unseen], incomplete: null } });
      ok(late.value !== 'unknown');
      if (early.value !== 'unknown') equal(early.value, late.value, condition.expression);
      else ok(early.missing.length > 0);
    }),
  );
});

test('names of images as clients read them', () => {
  const texts = (reference: string) => {
    const facts = nameFacts(reference);
    return facts === null ? null : [facts.registry, facts.repository, facts.tag, facts.pinned].map((one) => (one.is === 'known' ? one.value : one.is));
  };
  const names: readonly (readonly [reference: string, facts: readonly (string | boolean)[] | null])[] = [
    ['nginx', ['docker.io', 'library/nginx', 'absent', false]],
    ['nginx:1.27', ['docker.io', 'library/nginx', '1.27', false]],
    ['team/app:1', ['docker.io', 'team/app', '1', false]],
    ['localhost/app', ['localhost', 'app', 'absent', false]],
    ['registry.test:5000/shop/cart:1.4', ['registry.test:5000', 'shop/cart', '1.4', false]],
    [`registry.test/a/b/c@sha256:${'a'.repeat(64)}`, ['registry.test', 'a/b/c', 'absent', true]],
    [`registry.test/a:1@sha256:${'a'.repeat(64)}`, ['registry.test', 'a', '1', true]],
    ['registry.test/Upper', null],
    ['with space', null],
    ['', null],
    ['a@sha256:zz', null],
  ];
  for (const [reference, facts] of names) deepEqual(texts(reference), facts, reference);
});

test('no text makes compiling or examining throw', () => {
  const text = 'image.vulnerabilities.exists(v, v.severity == "critical" && v.fixedIn != "") && !(image.packages.all(p, p.name.matches("a.*b")))';
  const piece = fc.constantFrom('"', '(', ')', '[', ']', '.', '&&', '||', '!', '==', ' in ', '?', ':', ',', 'image', 'v', 'p', '1', '0.5', 'size(', '\\', '\ud800', 'quantified_0()', '');
  const edit = fc.record({ at: fc.nat(text.length), drop: fc.nat(8), piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const result = compileFor(imageVocabulary, edits.reduce((current, one) => current.slice(0, one.at) + one.piece + current.slice(one.at + one.drop), text));
      if (!result.ok) return;
      result.condition.examine(partly);
      result.condition.examine(unknownImage(''));
    }),
    { numRuns: 1000 },
  );
});
