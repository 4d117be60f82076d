/**
 * Exceptions on one image and rule: which of them count, and what is left of the image's facts when what they accept is
 * taken out. One that is expired, not approved, or approved in the future does not count, and says so by name: an exception
 * that quietly stopped to count is as bad as one that quietly lasts. Time is an argument.
 */
import type { Exception } from '@vedette/model/exception';
import type { PolicyStage } from '@vedette/model/policy';
import type { ImageFacts, PackageFacts, VulnerabilityFacts } from './image-facts.ts';
import { fitsAny, imageScopeOf } from './scope.ts';

export interface NotCounted {
  readonly exception: string;
  readonly why: string;
}

export interface Applicable {
  /** Those that accept the rule whole. */
  readonly whole: readonly Exception[];
  /** Those that accept named vulnerabilities or packages. */
  readonly partial: readonly Exception[];
  /** Those that would speak about this rule and image, and do not count. */
  readonly notCounted: readonly NotCounted[];
}

export interface Place {
  readonly policy: string;
  readonly rule: string;
  readonly stage: PolicyStage;
}

/** A day ends with it: an exception until 2026-12-31 counts on that day. */
export function endOf(moment: string): number {
  return Date.parse(moment.length === 10 ? `${moment}T23:59:59.999Z` : moment);
}

/** Null: it counts. */
export function whyNotCounted({ spec }: Exception, nowMs: number): string | null {
  if (spec.approval === undefined) return 'nobody has approved it';
  const approvedMs = Date.parse(spec.approval.at);
  const expiresMs = endOf(spec.expiresAt);
  // The shape lets 2026-02-31 through.
  if (Number.isNaN(approvedMs)) return `its approval has no time that exists (${spec.approval.at})`;
  if (Number.isNaN(expiresMs)) return `its expiry is no time that exists (${spec.expiresAt})`;
  if (approvedMs > nowMs) return `its approval lies in the future (${spec.approval.at})`;
  return expiresMs < nowMs ? `it expired (${spec.expiresAt})` : null;
}

export function applicable(exceptions: readonly Exception[], place: Place, image: ImageFacts, nowMs: number): Applicable {
  const whole: Exception[] = [];
  const partial: Exception[] = [];
  const notCounted: NotCounted[] = [];
  for (const one of exceptions) {
    const { scope } = one.spec;
    if (scope.stages !== undefined && !scope.stages.includes(place.stage)) continue;
    if (scope.policies === undefined) continue;
    const fits = fitsAny(scope.policies);
    if (!fits(place.policy) && !fits(`${place.policy}/${place.rule}`)) continue;
    const inScope = scope.images === undefined ? 'in' : imageScopeOf({ names: scope.images })(image);
    if (inScope === 'out') continue;
    const why = inScope === 'pending' ? 'it is for named images, and the name of this one is not known' : whyNotCounted(one, nowMs);
    if (why !== null) notCounted.push({ exception: one.metadata.name, why });
    else if (scope.vulnerabilities === undefined && scope.packages === undefined) whole.push(one);
    else partial.push(one);
  }
  return { whole, partial, notCounted };
}

/** Whether this exception accepts this vulnerability: by any of its names, and in the packages it names. */
export function acceptsVulnerability({ spec: { scope } }: Exception, one: VulnerabilityFacts): boolean {
  const byName = scope.vulnerabilities === undefined || [one.id, ...one.aliases].some(fitsAny(scope.vulnerabilities));
  return byName && (scope.packages === undefined || fitsAny(scope.packages)(one.package.name));
}

/** A package is accepted itself only where no vulnerability is named: else the exception is about that one. */
export function acceptsPackage({ spec: { scope } }: Exception, one: PackageFacts): boolean {
  return scope.vulnerabilities === undefined && scope.packages !== undefined && fitsAny(scope.packages)(one.name);
}

/** The image without what is accepted. What is not known of it stays as unknown as it was. */
export function without(image: ImageFacts, partial: readonly Exception[]): ImageFacts {
  const { packages, vulnerabilities } = image;
  return {
    ...image,
    packages: { ...packages, items: packages.items.filter((one) => !partial.some((exception) => acceptsPackage(exception, one))) },
    vulnerabilities: { ...vulnerabilities, items: vulnerabilities.items.filter((one) => !partial.some((exception) => acceptsVulnerability(exception, one))) },
  };
}
