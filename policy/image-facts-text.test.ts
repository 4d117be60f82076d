import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { nameFacts, unknownImage, type ImageFacts } from './image-facts.ts';
import { readImageFacts, writeImageFacts } from './image-facts-text.ts';
import { absent, known, unknown } from './vocabulary.ts';

const lodash = { ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv' };
const image: ImageFacts = {
  ...unknownImage('not looked at'),
  ...nameFacts('registry.test/shop/cart:1.4'),
  user: absent,
  labels: known({ a: 'b' }),
  layers: known(2),
  packages: { items: [lodash], incomplete: null },
  vulnerabilities: {
    items: [{ id: 'CVE-1', aliases: ['GHSA-1'], severity: known('critical'), cvss: unknown('no vector'), fixedIn: absent, malicious: true, package: lodash, affected: known(true), loaded: known('yes') }],
    incomplete: 'rpm is not read',
  },
  signatures: { items: [{ verified: known(false), signer: unknown('no name') }], incomplete: null },
};

test('what is written is read back, known, known to be nothing and unknown apart', () => {
  const text = writeImageFacts(image);
  deepEqual(readImageFacts(text), { ok: true, image });
  equal(writeImageFacts(image), text);
});

test('what the text does not say is unknown, never nothing', () => {
  const read = readImageFacts('{"version":2,"facts":{"image.user":{"absent":true}}}');
  deepEqual(read.ok && [read.image.user, read.image.runsAsRoot, read.image.vulnerabilities], [absent, unknown('whoever answered does not say'), { items: [], incomplete: 'whoever answered does not say' }]);
});

for (const [what, text] of [
  ['no JSON', '{'],
  ['another version', '{"version":1,"facts":{}}'],
  ['a severity that does not exist', writeImageFacts(image).replace('"critical"', '"harmless"')],
  ['a fact of no form', '{"version":2,"facts":{"image.layers":{"values":2}}}'],
] as const) {
  test(`${what} is refused`, () => equal(readImageFacts(text).ok, false));
}

test('a fact of another type is unknown, and one that this version does not know is passed over', () => {
  const read = readImageFacts('{"version":2,"facts":{"image.layers":{"value":"2"},"image.tomorrow":{"value":true}}}');
  deepEqual(read.ok && read.image.layers, unknown('what was kept of it is of another kind'));
});
