/**
 * Which containers a policy speaks about. Each list that is given must have a pattern that fits, and no exclusion may
 * fit; an empty list counts as not given. `*` is the only wildcard. While a fact that would decide is missing, the
 * answer is pending: neither in nor out.
 */
import type { ContainerSelector } from '@vedette/model/policy';
import { globPredicate } from '@vedette/rules/compile/glob';
import { imageParts } from '@vedette/rules/compile/transforms';
import type { ContainerFacts } from './facts.ts';

export type InScope = 'in' | 'out' | 'pending';

export type Scope = (container: ContainerFacts) => InScope;

type Fit = boolean | 'unknown';
type Check = (container: ContainerFacts) => Fit;

/** No selector, or an empty one, selects every container: that is known at once, whatever else is not. */
export function scopeOf(selector: ContainerSelector | undefined): Scope {
  const wanted: Check[] = [];
  const excluded: Check[] = [];
  const add = (checks: Check[], patterns: readonly string[] | undefined, candidates: (container: ContainerFacts) => readonly string[] | null) => {
    if (patterns === undefined || patterns.length === 0) return;
    const predicates = patterns.map(wildcardPredicate);
    checks.push((container) => {
      const texts = candidates(container);
      return texts === null ? 'unknown' : texts.some((text) => predicates.some((fits) => fits(text)));
    });
  };
  add(wanted, selector?.names, nameOf);
  add(wanted, selector?.images, imageNames);
  add(wanted, selector?.namespaces, namespaceOf);
  add(excluded, selector?.excludeNames, nameOf);
  add(excluded, selector?.excludeImages, imageNames);
  add(excluded, selector?.excludeNamespaces, namespaceOf);
  return (container) => {
    let pending = false;
    for (const check of wanted) {
      const fit = check(container);
      if (fit === false) return 'out';
      pending ||= fit === 'unknown';
    }
    for (const check of excluded) {
      const fit = check(container);
      if (fit === true) return 'out';
      pending ||= fit === 'unknown';
    }
    return pending ? 'pending' : 'in';
  };
}

function nameOf(container: ContainerFacts): readonly string[] | null {
  return container.name === null ? null : [container.name];
}

function namespaceOf(container: ContainerFacts): readonly string[] | null {
  return container.namespace === null ? null : [container.namespace];
}

/**
 * An image fits by its full name, with or without the tag, in the short form of Docker's registry, or by its digest:
 * `nginx`, `nginx:1.27`, `docker.io/library/nginx:*` and `sha256:…` may all mean the same one.
 */
function imageNames(container: ContainerFacts): readonly string[] | null {
  if (container.image === null) return null;
  const { repository, tag } = imageParts(container.image);
  const names = new Set<string>();
  for (const name of [repository, repository.replace(/^docker\.io\//, ''), repository.replace(/^docker\.io\/library\//, '')]) {
    names.add(name);
    if (tag !== null) names.add(`${name}:${tag}`);
  }
  if (container.digest !== null) names.add(container.digest);
  names.add(container.image);
  return [...names];
}

function wildcardPredicate(pattern: string): (text: string) => boolean {
  return globPredicate(pattern.replace(/[?[\]\\]/g, '\\$&'), false);
}
