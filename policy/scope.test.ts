import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSelector } from '@vedette/model/policy';
import { unknownContainer, type ContainerFacts } from './facts.ts';
import { scopeOf, type InScope } from './scope.ts';

const web: ContainerFacts = { id: 'c1', name: 'web-1', image: 'docker.io/library/nginx:1.27', digest: 'sha256:aa', namespace: 'shop' };
const nameless: ContainerFacts = { ...web, name: null };
const imageless: ContainerFacts = { ...web, image: null, digest: null };

const rows: readonly (readonly [selector: ContainerSelector | undefined, container: ContainerFacts, answer: InScope])[] = [
  [undefined, web, 'in'],
  [{}, unknownContainer, 'in'],
  [{ names: [] }, unknownContainer, 'in'],
  [{ names: ['web-*'] }, web, 'in'],
  [{ names: ['db', 'web-1'] }, web, 'in'],
  [{ names: ['web'] }, web, 'out'],
  [{ names: ['WEB-*'] }, web, 'out'],
  [{ names: ['web-?'] }, web, 'out'],
  [{ names: ['*'] }, nameless, 'pending'],
  [{ images: ['nginx'] }, web, 'in'],
  [{ images: ['nginx:1.27'] }, web, 'in'],
  [{ images: ['nginx:1.26'] }, web, 'out'],
  [{ images: ['library/nginx'] }, web, 'in'],
  [{ images: ['docker.io/library/nginx:*'] }, web, 'in'],
  [{ images: ['sha256:aa'] }, web, 'in'],
  [{ images: ['docker.io/library/nginx:*'] }, { ...web, image: 'nginx:1.27' }, 'in'],
  [{ images: ['docker.io/library/nginx:latest'] }, { ...web, image: 'nginx' }, 'in'],
  [{ images: ['nginx:latest'] }, { ...web, image: `nginx@sha256:${'a'.repeat(64)}` }, 'out'],
  [{ images: ['bitnami/redis'] }, { ...web, image: 'docker.io/bitnami/redis:7' }, 'in'],
  [{ images: ['docker.io/bitnami/redis'] }, { ...web, image: 'bitnami/redis:7' }, 'in'],
  [{ images: ['nginx'] }, { ...web, image: 'evil.example/library/nginx:1.27' }, 'out'],
  [{ images: ['registry:5000/*'] }, { ...web, image: 'registry:5000/team/app' }, 'in'],
  [{ images: ['nginx'] }, imageless, 'pending'],
  [{ namespaces: ['shop', 'kube-*'] }, web, 'in'],
  [{ namespaces: ['shop'] }, { ...web, namespace: '' }, 'out'],
  [{ excludeNamespaces: ['kube-*'] }, { ...web, namespace: '' }, 'in'],
  [{ names: ['web-*'], namespaces: ['other'] }, web, 'out'],
  [{ excludeNames: ['web-*'] }, web, 'out'],
  [{ names: ['*'], excludeImages: ['nginx'] }, web, 'out'],
  [{ excludeImages: ['nginx'] }, imageless, 'pending'],
  [{ names: ['db'], images: ['nginx'] }, imageless, 'out'],
  [{ images: ['nginx'], excludeNames: ['web-*'] }, imageless, 'out'],
  [{ names: ['web-1'], images: ['nginx'] }, imageless, 'pending'],
];

test('which containers a selector means', () => {
  for (const [selector, container, answer] of rows) equal(scopeOf(selector)(container), answer, `${JSON.stringify(selector)} ${JSON.stringify(container)}`);
});
