/** Which containers are of an image that must not run. */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { unknownContainer, type ContainerFacts } from './facts.ts';
import { imageVerdictFit, type ImageVerdict } from './image-verdicts.ts';

const verdict: ImageVerdict = { platformDigest: 'sha256:a', indexDigest: 'sha256:i', policy: 'p', rule: 'r', mode: 'enforce', reason: 'x', images: ['registry.test/*'], namespaces: [] };
const web: ContainerFacts = { id: 'c1', name: 'web', image: 'registry.test/shop/web:1', digest: 'sha256:a', namespace: 'shop' };

const rows: readonly (readonly [what: string, container: ContainerFacts, fit: 'in' | 'out' | 'pending'])[] = [
  ['of the image', web, 'in'],
  ['of another image', { ...web, digest: 'sha256:b' }, 'out'],
  ['of the index, where the platform is not known', { ...web, digest: null, indexDigest: 'sha256:i' }, 'in'],
  ['under another name', { ...web, image: 'elsewhere.test/shop/web:1' }, 'out'],
  ['not known yet', unknownContainer, 'pending'],
  ['only holds the namespaces of a pod', { ...web, podSandbox: true }, 'out'],
];

test('a container is of a banned image, or not, or it is not known yet', () => {
  for (const [what, container, fit] of rows) equal(imageVerdictFit(verdict)(container), fit, what);
});
