import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

test('challenges as registries send them', () => {
  const cases: [header: string | null, expected: [scheme: string, parameters: Record<string, string>][]][] = [
    [null, []],
    ['', []],
    ['Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull,push"', [['bearer', { realm: 'https://auth.example/token', service: 'r.example', scope: 'repository:a/b:pull,push' }]]],
    ['Basic realm="Artifactory Realm"', [['basic', { realm: 'Artifactory Realm' }]]],
    ['Basic realm="x", Bearer realm="https://a/b" , service=r', [['basic', { realm: 'x' }], ['bearer', { realm: 'https://a/b', service: 'r' }]]],
    ['Negotiate, Basic realm=x', [['negotiate', {}], ['basic', { realm: 'x' }]]],
    ['Negotiate dGVzdA==, Basic realm=x', [['negotiate', {}], ['basic', { realm: 'x' }]]],
    ['Bearer realm="a \\"quoted\\" \\\\ one"', [['bearer', { realm: 'a "quoted" \\ one' }]]],
    ['Bearer REALM="one", realm="two"', [['bearer', { realm: 'one' }]]],
    ['Bearer realm="never closed', [['bearer', {}]]],
    [`Bearer realm="${'x'.repeat(9000)}"`, []],
  ];
  for (const [header, expected] of cases) {
    assert.deepEqual(parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]), expected, String(header).slice(0, 80));
  }
});

test('what is written is read again; no header takes long or throws', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const parameters = fc.dictionary(name, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true });
  const challenges = fc.array(fc.record({ scheme: name, parameters }), { maxLength: 3 });
  fc.assert(
    fc.property(challenges, (all) => {
      const header = all.map((one) => `${one.scheme} ${Object.entries(one.parameters).map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, '\\$&')}"`).join(', ')}`).join(', ');
      assert.deepEqual(parseChallenges(header).map((one) => ({ scheme: one.scheme, parameters: Object.fromEntries(one.parameters) })), all.map((one) => ({ scheme: one.scheme, parameters: { ...one.parameters } })));
    }),
  );
  fc.assert(fc.property(fc.stringMatching(/^[ab="\\, ]{0,60}$/), (header) => assert.ok(parseChallenges(header).length <= 60)));
  const started = performance.now();
  for (const hostile of ['a '.repeat(4000), 'a="'.repeat(2700), ',\t'.repeat(4000), `a b${'\\"'.repeat(4000)}`, ` a${' '.repeat(8000)}=`]) parseChallenges(hostile);
  assert.ok(performance.now() - started < 2000);
});
