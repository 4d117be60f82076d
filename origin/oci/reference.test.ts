import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { imageDigestOf } from '@vedette/model/ids';
import { apiHostOf, formatReference, parseReference, type ImageReference } from './reference.ts';

const hex = 'ab'.repeat(32);

test('references as people write them', () => {
  const cases: [text: string, registry: string, repository: string, tag: string | null, hasDigest?: boolean][] = [
    ['nginx', 'docker.io', 'library/nginx', 'latest'],
    ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
    ['docker.io/nginx', 'docker.io', 'library/nginx', 'latest'],
    ['index.docker.io/library/nginx', 'docker.io', 'library/nginx', 'latest'],
    ['acme/web', 'docker.io', 'acme/web', 'latest'],
    ['localhost/web', 'localhost', 'web', 'latest'],
    ['localhost:5000/web', 'localhost:5000', 'web', 'latest'],
    ['registry.example:5000/a/b__c/d-e.f:v1.0_x-y', 'registry.example:5000', 'a/b__c/d-e.f', 'v1.0_x-y'],
    ['[::1]:5000/web:1', '[::1]:5000', 'web', '1'],
    ['Registry/web', 'Registry', 'web', 'latest'],
    [`web@sha256:${hex}`, 'docker.io', 'library/web', null, true],
    [`r.example/web:1@sha256:${hex}`, 'r.example', 'web', '1', true],
  ];
  for (const [text, registry, repository, tag, hasDigest = false] of cases) {
    assert.deepEqual(parseReference(text), { registry, repository, tag, digest: hasDigest ? `sha256:${hex}` : null }, text);
  }
});

test('what is no reference is refused with a sentence', () => {
  const cases: [text: string, sentence: RegExp][] = [
    ['', /not an image reference/],
    ['x'.repeat(2000), /not an image reference/],
    [hex, /image id/],
    ['https://r.example/web', /without https/],
    ['Web', /not a repository's name/],
    ['r.example/', /not a repository's name/],
    ['r.example/a//b', /not a repository's name/],
    ['r.example/../web', /not a repository's name/],
    ['r.example/a__-b', /not a repository's name/],
    ['-r.example/web', /not a host/],
    ['r.example:99999/web', /not a host/],
    ['r.example:/web', /not a host/],
    ['user:secret@r.example/web', /after @ there must be sha256/],
    ['web:', /the tag may hold/],
    ['web:-x', /the tag may hold/],
    [`web:${'x'.repeat(129)}`, /the tag may hold/],
    ['web@sha256:abc', /after @/],
    [`web@sha512:${hex}${hex}`, /after @/],
    [`web@sha256:${hex.toUpperCase()}`, /after @/],
    ['[:::]/web', /not a host/],
    ['1.2.3.999/web', /not a host/],
    [`r.example/${'a'.repeat(250)}`, /longer than 255/],
    ['web\nx', /not a repository's name/],
    ['web:1\n', /the tag may hold/],
  ];
  for (const [text, sentence] of cases) {
    const parsed = parseReference(text);
    assert.ok('problem' in parsed, text);
    assert.match(parsed.problem, sentence, text);
  }
});

const namePart = fc.stringMatching(/^[a-z0-9]{1,6}((\.|_|__|-)[a-z0-9]{1,4})?$/);
const anyReference: fc.Arbitrary<ImageReference> = fc
  .record(
    {
      registry: fc.constantFrom('docker.io', 'localhost', 'r.example', 'r.example:5000', '[2001:db8::1]:443', '10.0.0.1:80', 'R'),
      repository: fc.array(namePart, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
      tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/)),
      digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/).map((digits) => imageDigestOf(`sha256:${digits}`))),
    },
    { noNullPrototype: true },
  )
  .filter(({ tag, digest }) => tag !== null || digest !== null);

test('what is formatted parses to the same, and any text parses or is refused, never more', () => {
  fc.assert(fc.property(anyReference, (reference) => assert.deepEqual(parseReference(formatReference(reference)), reference)));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9./:@_\-[\]]{0,40}$/)), (text) => {
      const parsed = parseReference(text);
      if ('problem' in parsed) return;
      assert.deepEqual(parseReference(formatReference(parsed)), parsed, 'the whole form means the same');
      assert.doesNotThrow(() => new URL(`https://${apiHostOf(parsed.registry)}/v2/${parsed.repository}/`));
    }),
    { examples: [['[::]/x'], ['[:]/x'], ['1.2.3.999/x']] },
  );
});
