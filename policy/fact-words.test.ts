/** Facts in words: each has some, the name a policy asks it by stands beside it, and hostile values stay on one line. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { factSentence, factsWithoutWords, listSentence } from './fact-words.ts';
import { imageVocabulary, unknownImage, type ImageFacts } from './image-facts.ts';
import { absent, known, unknown } from './vocabulary.ts';

const image: ImageFacts = { ...unknownImage('not looked at'), registry: known('registry.test') };
const said = (name: string, facts: Partial<ImageFacts>): string => factSentence(imageVocabulary.facts.find((one) => one.name === name)!, { ...image, ...facts });

test('every fact that a policy may ask has words', () => {
  deepEqual(factsWithoutWords, []);
  for (const { name } of imageVocabulary.facts) equal(said(name, { registry: unknown('not looked at') }), `${name} is not known`);
});

const rows: readonly (readonly [name: string, facts: Partial<ImageFacts>, sentence: string])[] = [
  ['image.registryTrusted', { registryTrusted: known(false) }, 'the registry registry.test is not trusted (image.registryTrusted)'],
  ['image.registryTrusted', { registryTrusted: known(true) }, 'the registry registry.test is trusted (image.registryTrusted)'],
  ['image.registryTrusted', { registryTrusted: known(false), registry: absent }, 'the registry of the image is not trusted (image.registryTrusted)'],
  ['image.tag', { tag: known('latest') }, 'the image is named by the tag latest (image.tag)'],
  ['image.tag', { tag: absent }, 'the image is named without a tag (image.tag)'],
  ['image.pinned', { pinned: known(false) }, 'the image is not named by its digest (image.pinned)'],
  ['image.user', { user: known('') }, 'the image names no user, which is root (image.user)'],
  ['image.exposedPorts', { exposedPorts: known(['22/tcp', '80/tcp']) }, 'the image exposes the ports 22/tcp 80/tcp (image.exposedPorts)'],
  ['image.labels', { labels: known({}) }, 'the image has no label (image.labels)'],
  ['image.user', { user: known('a\nb') }, 'the image runs as the user a\\u000ab (image.user)'],
];

test('a fact in words', () => {
  for (const [name, facts, sentence] of rows) equal(said(name, facts), sentence);
});

test('a list of which no item decided', () => {
  equal(listSentence('image.signatures', 0), 'the image has no signature (image.signatures is empty)');
  equal(listSentence('image.signatures', 1), 'the one signature of the image is not what the rule asks for (image.signatures)');
  equal(listSentence('image.packages', 7), 'none of the 7 packages of the image is what the rule asks for (image.packages)');
});
