/**
 * Which containers a policy speaks about. Each list that is given must have a pattern that fits, and no exclusion may
 * fit; an empty list counts as not given. `*` is the only wildcard. While a fact that would decide is missing, the
 * answer is pending: neither in nor out.
 */
import type { ContainerSelector, ImageSelector } from '@vedette/model/policy';
import { globPredicate } from '@vedette/rules/compile/glob';
import { imageParts } from '@vedette/rules/compile/transforms';
import type { ContainerFacts } from './facts.ts';
import { fullImageName, type ImageFacts } from './image-facts.ts';

export type InScope = 'in' | 'out' | 'pending';

export type Scope = (container: ContainerFacts) => InScope;
export type ImageScope = (image: ImageFacts) => InScope;

type Fit = boolean | 'unknown';
type Check<Subject> = (subject: Subject) => Fit;

/** No selector, or an empty one, selects every container: that is known at once, whatever else is not. */
export function scopeOf(selector: ContainerSelector | undefined): Scope {
  const wanted: Check<ContainerFacts>[] = [];
  const excluded: Check<ContainerFacts>[] = [];
  add(wanted, selector?.names, nameOf);
  add(wanted, selector?.images, imageNames);
  add(wanted, selector?.namespaces, namespaceOf);
  add(excluded, selector?.excludeNames, nameOf);
  add(excluded, selector?.excludeImages, imageNames);
  add(excluded, selector?.excludeNamespaces, namespaceOf);
  return (container) => decide(container, wanted, excluded);
}

/** The same for an image that does not run yet. An image that has no name yet is pending unless every image is meant. */
export function imageScopeOf(selector: ImageSelector | undefined): ImageScope {
  const wanted: Check<ImageFacts>[] = [];
  const excluded: Check<ImageFacts>[] = [];
  add(wanted, selector?.names, namesOfImage);
  add(excluded, selector?.excludeNames, namesOfImage);
  return (image) => decide(image, wanted, excluded);
}

function add<Subject>(checks: Check<Subject>[], patterns: readonly string[] | undefined, candidates: (subject: Subject) => readonly string[] | null): void {
  if (patterns === undefined || patterns.length === 0) return;
  const fits = fitsAny(patterns);
  checks.push((subject) => {
    const texts = candidates(subject);
    return texts === null ? 'unknown' : texts.some(fits);
  });
}

/** Whether a text fits one of the patterns. */
export function fitsAny(patterns: readonly string[]): (text: string) => boolean {
  const predicates = patterns.map(wildcardPredicate);
  return (text) => predicates.some((fits) => fits(text));
}

function decide<Subject>(subject: Subject, wanted: readonly Check<Subject>[], excluded: readonly Check<Subject>[]): InScope {
  let pending = false;
  for (const check of wanted) {
    const fit = check(subject);
    if (fit === false) return 'out';
    pending ||= fit === 'unknown';
  }
  for (const check of excluded) {
    const fit = check(subject);
    if (fit === true) return 'out';
    pending ||= fit === 'unknown';
  }
  return pending ? 'pending' : 'in';
}

function nameOf(container: ContainerFacts): readonly string[] | null {
  return container.name === null ? null : [container.name];
}

function namespaceOf(container: ContainerFacts): readonly string[] | null {
  return container.namespace === null ? null : [container.namespace];
}

/**
 * An image fits by its full name, with or without the tag, in the short form of Docker's registry, or by its digest:
 * `nginx`, `nginx:1.27`, `docker.io/library/nginx:*` and `sha256:…` may all mean the same one, whichever of these the
 * image itself is named by: a pod's specification may say the short form where the runtime says the full one.
 */
function imageNames(container: ContainerFacts): readonly string[] | null {
  return container.image === null ? null : namesOf(container.image, container.digest === null ? [] : [container.digest]);
}

function namesOfImage(image: ImageFacts): readonly string[] | null {
  if (image.reference.is !== 'known') return null;
  const digests = [image.digest, image.indexDigest].flatMap((one) => (one.is === 'known' ? [one.value] : []));
  return namesOf(image.reference.value, digests);
}

function namesOf(image: string, digests: readonly string[]): readonly string[] {
  const { repository, tag } = imageParts(fullImageName(image) ?? image);
  const names = new Set<string>();
  for (const name of [repository, repository.replace(/^docker\.io\//, ''), repository.replace(/^docker\.io\/library\//, '')]) {
    names.add(name);
    if (tag !== null) names.add(`${name}:${tag}`);
  }
  for (const digest of digests) names.add(digest);
  names.add(image);
  return [...names];
}

function wildcardPredicate(pattern: string): (text: string) => boolean {
  return globPredicate(pattern.replace(/[?[\]\\]/g, '\\$&'), false);
}
