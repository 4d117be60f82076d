import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseRegistryConfig } from './credentials.ts';

const auth = (text: string) => Buffer.from(text).toString('base64');

test('who we are at each registry, by the file that docker, podman and crane write', () => {
  const book = parseRegistryConfig(
    JSON.stringify({
      auths: {
        'https://index.docker.io/v1/': { auth: auth('alice:one') },
        'r.example:5000': { auth: auth('bob:with:colons') },
        'https://plain.example/': { username: 'carol', password: 'two' },
        'identity.example': { auth: auth('00000000:x'), identitytoken: 'refresh' },
        'bearer.example': { registrytoken: 'access' },
        'empty.example': {},
      },
      credHelpers: { 'helped.example': 'osxkeychain' },
    }),
  );
  assert.ok(!('problem' in book));
  const cases: [registry: string, expected: unknown][] = [
    ['docker.io', { kind: 'basic', user: 'alice', password: 'one' }],
    ['r.example:5000', { kind: 'basic', user: 'bob', password: 'with:colons' }],
    ['plain.example', { kind: 'basic', user: 'carol', password: 'two' }],
    ['identity.example', { kind: 'identity', token: 'refresh' }],
    ['bearer.example', { kind: 'bearer', token: 'access' }],
    ['r.example', null],
    ['empty.example', null],
    ['helped.example', null],
  ];
  for (const [registry, expected] of cases) assert.deepEqual(book.of(registry), expected, registry);
  assert.deepEqual(book.leftToHelpers, ['helped.example']);
});

test('a file that cannot be used says where, and never what', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['{', /no JSON/],
    ['[]', /the document/],
    ['{"auths":{"r.example":{"auth":5}}}', /auths\.r\.example\.auth/],
    [`{"auths":{"r.example":{"auth":"${auth('secret')}"}}}`, /neither user:password/],
    ['{"auths":{"r.example":{"identitytoken":"a\\r\\nb"}}}', /control character/],
  ];
  for (const [text, problem] of cases) {
    const found = parseRegistryConfig(text);
    assert.ok('problem' in found, text);
    assert.match(found.problem, problem);
    assert.ok(!found.problem.includes(auth('secret')));
  }
  fc.assert(fc.property(fc.json(), (text) => void parseRegistryConfig(text)));
});
