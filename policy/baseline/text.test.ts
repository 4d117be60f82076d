import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Behaviour } from '@vedette/model/baseline';
import { executedOrigins } from '@vedette/model/baseline-words';
import { Behaviours, behaviourKey } from './behaviours.ts';
import { enforcementOf } from './enforcement.ts';
import { baselineYaml, readBaseline } from './text.ts';

const scope = { cluster: 'hosts', namespace: '', workloadKind: '', workload: 'web', platformDigest: `sha256:${'ab'.repeat(32)}`, image: 'registry.test/shop/cart:1.4' };
const text = (behaviours: readonly Behaviour[]): string => baselineYaml({ name: 'web', generation: 3, scope, state: 'watch', behaviours, remarks: ['Watched 2 h.'] });

const words = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('true', 'no', '1', '', '# x', 'a: b', '- x', '{', '\u2028', "'", '"', '*x', '&a', '!t', '%', 'ä'));
const behaviours: fc.Arbitrary<Behaviour> = fc.oneof(
  words.map((path): Behaviour => ({ kind: 'file', path })),
  fc.tuple(words, fc.option(fc.array(words, { maxLength: 4 })), words, fc.nat(70_000), fc.constantFrom(...executedOrigins)).map(([path, list, parent, user, origin]): Behaviour => ({ kind: 'execution', path, arguments: list, parent, user, origin })),
  fc.constantFrom<Behaviour>({ kind: 'peer', direction: 'out', protocol: 'tcp', port: 443, name: '*.example.com', address: null }, { kind: 'peer', direction: 'in', protocol: 'udp', port: null, name: null, address: null }, { kind: 'peer', direction: 'listen', protocol: 'tcp', port: 80, name: null, address: 'any' }),
  fc.constantFrom<Behaviour>({ kind: 'capability', capability: 'CAP_NET_RAW' }),
);

test('what is written is read again', () => {
  fc.assert(fc.property(fc.array(behaviours, { maxLength: 30 }), (all) => {
    const { baseline, problems } = readBaseline('x.yaml', text(all));
    assert.deepEqual(problems, []);
    assert.deepEqual(baseline?.behaviours.map(behaviourKey).sort(), all.map((one) => behaviourKey(one)).sort());
  }));
});

test('a baseline reads as lines', () => {
  assert.equal(text([...new Behaviours([
    { kind: 'execution', path: '/bin/cat', arguments: ['/etc/hosts'], parent: '/bin/sh', user: 0, origin: 'image' },
    { kind: 'execution', path: '/bin/ls', arguments: null, parent: '', user: 33, origin: 'dropped' },
    { kind: 'file', path: '/var/log/**' },
    { kind: 'peer', direction: 'out', protocol: 'tcp', port: 5432, name: 'db.shop', address: null },
    { kind: 'capability', capability: 'CAP_CHOWN' },
  ])]), `# Watched 2 h.
apiVersion: vedette.dev/v1alpha1
kind: Baseline
metadata:
  name: web
  generation: 3
scope:
  cluster: hosts
  workload: web
  platformDigest: "sha256:${'ab'.repeat(32)}"
  image: "registry.test/shop/cart:1.4"
state: watch
spec:
  executions:
    - { path: /bin/cat, arguments: [/etc/hosts], parent: /bin/sh, user: 0 }
    - { path: /bin/ls, arguments: any, user: 33, origin: dropped }
  writes:
    - "/var/log/**"
  connectsTo:
    - { port: 5432, protocol: tcp, name: db.shop }
  acceptsFrom: []
  listensOn: []
  capabilities:
    - CAP_CHOWN
`);
});

test('what cannot be read says where', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /no baseline/],
    [text([]).replace('kind: Baseline', 'kind: Policy'), /kind/],
    [text([]).replace('writes: []', 'writes: [x]\n  reads: []'), /"reads" is not known here/],
    [text([]).replace('executions: []', 'executions:\n    - { path: /x, arguments: any, user: root }'), /whole number/],
    [text([]).replace('connectsTo: []', 'connectsTo:\n    - { port: 70000, protocol: tcp }'), /70000/],
    [`${text([])}---\n${text([]).replace('name: web', 'name: other')}`, /more than one/],
  ];
  for (const [given, wanted] of rows) {
    const { baseline, problems } = readBaseline('x.yaml', given);
    assert.equal(baseline, null);
    assert.match(problems.map((one) => one.message).join('; '), wanted, given);
  }
});

test('enforcing names what it stops and what is missing for the rest', () => {
  const own: Behaviour = { kind: 'execution', path: '/tmp/x', arguments: [], parent: '', user: 0, origin: 'dropped' };
  assert.deepEqual(enforcementOf([]).origins, ['modified', 'dropped', 'memory']);
  const found = enforcementOf([own]);
  assert.deepEqual(found.origins, ['modified', 'memory']);
  assert.match(found.cannotStop[0]?.missing ?? '', /the baseline holds \/tmp\/x .*no atom for the path/);
});
