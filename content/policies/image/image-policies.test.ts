import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nameFacts, unknownImage, type ImageFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { parsePolicies } from '@vedette/policy/parse';
import { judgeImage, type ImageStage } from '@vedette/policy/stage';
import { absent, known, unknown } from '@vedette/policy/vocabulary';

const files = readdirSync(import.meta.dirname).filter((one) => one.endsWith('.yaml')).sort();
const read = files.map((file) => ({ file, ...parsePolicies(file, readFileSync(join(import.meta.dirname, file), 'utf8')) }));
const policies = new Map(read.flatMap((one) => one.policies).map((one) => [one.policy.metadata.name, one]));

test('each is read without a word, is called as its file, says what to do, and starts off or in shadow', () => {
  ok(files.length >= 12, `${files.length} policies`);
  for (const { file, policies: found, problems } of read) {
    deepEqual(problems, [], file);
    const [one] = found;
    equal(`${one?.policy.metadata.name}.yaml`, file);
    ok(one !== undefined && one.policy.spec.mode !== 'enforce' && one.policy.spec.description.trim().length > 60, file);
    for (const { rule } of one.imageRules) ok(rule.fix !== undefined, `${file} ${rule.name}`);
  }
});

const flaw: VulnerabilityFacts = {
  id: 'CVE-2021-23337', aliases: [], severity: known('critical'), cvss: known(9.8), fixedIn: known('4.17.21'), affected: known(true), malicious: false,
  package: { ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv' }, loaded: unknown('not watched'),
};
const clean: ImageFacts = {
  ...unknownImage('not looked for'),
  ...nameFacts(`registry.example.com/shop/cart:1.4@sha256:${'a'.repeat(64)}`),
  registryTrusted: known(true),
  labels: known({ 'org.opencontainers.image.source': 'https://git.example.com/shop', 'org.opencontainers.image.revision': 'abc' }),
  runsAsRoot: known(false), environment: known(['PATH', 'TOKENIZER_PATH', 'KEYBOARD']), exposedPorts: known(['8080/tcp']), layers: known(2), sizeBytes: known(1000),
  distributionId: known('debian'), distributionVersion: known('12'), distributionEcosystem: known('Debian:12'), supportedUntil: known('2028-06-30'), endOfLife: known(false),
  advisoriesAgeDays: known(1), packages: { items: [flaw.package], incomplete: null }, vulnerabilities: { items: [], incomplete: null },
  signatures: { items: [{ verified: known(true), signer: known('release') }], incomplete: null },
};
const flawed = (over: Partial<VulnerabilityFacts>): Partial<ImageFacts> => ({ vulnerabilities: { items: [{ ...flaw, ...over }], incomplete: null } });
const nameOf = (reference: string): Partial<ImageFacts> => nameFacts(reference) ?? {};
const withPackage = (name: string): Partial<ImageFacts> => ({ packages: { items: [{ ...flaw.package, name }], incomplete: null } });

const rows: readonly (readonly [rule: string, broken: readonly Partial<ImageFacts>[], kept: readonly Partial<ImageFacts>[], unknownOf: readonly Partial<ImageFacts>[]])[] = [
  [
    'no-critical-with-fix/critical',
    [flawed({})],
    [flawed({ fixedIn: absent }), flawed({ severity: known('high') }), flawed({ severity: unknown('nobody rates it'), fixedIn: absent })],
    [flawed({ severity: unknown('nobody rates it') }), flawed({ affected: unknown('cannot be compared') }), { vulnerabilities: { items: [], incomplete: 'no store' } }],
  ],
  ['no-high-with-fix/high', [flawed({ severity: known('high') })], [flawed({}), flawed({ severity: known('high'), fixedIn: absent })], [{ vulnerabilities: { items: [], incomplete: 'no store' } }]],
  ['no-malicious-package/malicious', [flawed({ malicious: true })], [flawed({})], [{ vulnerabilities: { items: [], incomplete: 'no store' } }]],
  ['known-base/advisories-exist', [{ distributionId: known('arch'), distributionEcosystem: absent }], [{ distributionId: absent, distributionEcosystem: absent }], [{ distributionId: unknown('x'), distributionEcosystem: unknown('x') }]],
  ['known-base/no-distribution', [{ distributionId: absent }], [], [{ distributionId: unknown('x') }]],
  ['supported-base/end-of-life', [{ endOfLife: known(true) }], [{ endOfLife: absent }], [{ endOfLife: unknown('not in the table') }]],
  ['no-root-user/root', [{ runsAsRoot: known(true) }], [], [{ runsAsRoot: unknown('no such user') }]],
  ['pinned-by-digest/digest', [nameOf('registry.example.com/shop/cart:1.4')], [], [{ pinned: unknown('no name') }]],
  ['no-moving-tag/moving', [nameOf('nginx'), nameOf('nginx:latest')], [nameOf('nginx:1.27'), nameOf(`nginx@sha256:${'a'.repeat(64)}`)], [{ pinned: unknown('x'), tag: unknown('x') }]],
  ['trusted-registries/registry', [{ registryTrusted: known(false) }], [], [{ registryTrusted: unknown('no list was given') }]],
  ['signed/signature', [{ signatures: { items: [], incomplete: null } }, { signatures: { items: [{ verified: known(false), signer: known('x') }], incomplete: null } }], [], [{ signatures: { items: [], incomplete: 'not asked' } }]],
  ['current-advisories/a-week', [{ advisoriesAgeDays: known(8) }], [{ advisoriesAgeDays: known(7) }, { advisoriesAgeDays: absent }], [{ advisoriesAgeDays: unknown('no store') }]],
  ['traceable/source', [{ labels: known({}) }], [], [{ labels: unknown('x') }]],
  ['traceable/revision', [{ labels: known({ 'org.opencontainers.image.source': 'x' }) }], [], [{ labels: unknown('x') }]],
  ['no-secret-in-environment/named-as-a-secret', [{ environment: known(['DB_PASSWORD']) }, { environment: known(['npm_token']) }, { environment: known(['AWS_SECRET_ACCESS_KEY']) }], [{ environment: known([]) }], [{ environment: unknown('x') }]],
  ['no-remote-shell/server', [withPackage('openssh-server')], [withPackage('openssh-client')], [{ packages: { items: [], incomplete: 'rpm is not read' } }]],
  ['no-remote-shell/port', [{ exposedPorts: known(['22/tcp']) }], [{ exposedPorts: known(['2222/tcp']) }], [{ exposedPorts: unknown('x') }]],
  ['no-critical-in-use/loaded', [flawed({ loaded: known('yes') })], [flawed({ loaded: known('no') }), flawed({ loaded: known('not-applicable') }), flawed({ severity: known('high') })], [flawed({})]],
];

function answers(rule: string, image: ImageFacts): string[] {
  const [name = ''] = rule.split('/');
  const policy = policies.get(name);
  ok(policy !== undefined, name);
  return (['build', 'deploy', 'run'] as const satisfies readonly ImageStage[]).flatMap((stage) =>
    judgeImage(image, { stage, policies: [{ policy, mode: 'enforce' }], exceptions: [], nowMs: 0, unknown: 'fail' }).flatMap((one) => (`${one.policy}/${one.rule}` === rule ? [one.answer] : [])),
  );
}

test('every rule is broken, kept and unknown where it should be, at every stage alike', () => {
  for (const [rule, broken, kept, unknownOf] of rows) {
    for (const [images, answer] of [[broken, 'broken'], [[{}, ...kept], 'kept'], [unknownOf, 'unknown']] as const) {
      ok(images.length > 0, rule);
      for (const over of images) {
        const said = answers(rule, { ...clean, ...over });
        ok(said.length > 0 && said.every((one) => one === answer), `${rule} of ${JSON.stringify(over)} is ${said.join()}, not ${answer}`);
      }
    }
  }
  const all = [...policies.values()].flatMap((one) => one.imageRules.map(({ rule }) => `${one.policy.metadata.name}/${rule.name}`));
  deepEqual(rows.map(([rule]) => rule).sort(), all.sort(), 'every rule has its row');
});
