/**
 * What assess needs of the advisory store: matching, and how complete and how old it is. main.ts hands in the opened
 * store, or nothing with the reason; no store is a state that is shown, not an error.
 */
import type { FeedView, VulnerabilitySeverity } from '@vedette/model/api/views';

export interface PackageToMatch {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

export interface AdvisoryMatch {
  /** In the list that was handed in. */
  readonly index: number;
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string | null;
  readonly details: string | null;
  readonly severity: VulnerabilitySeverity;
  readonly cvss: number | null;
  /** The package itself is the attack. */
  readonly malicious: boolean;
  /** Null: no feed of exploited vulnerabilities is loaded. */
  readonly exploited: boolean | null;
  readonly fixedIn: string | null;
  /** Why it cannot be said whether this version is affected; null: it is. */
  readonly uncertain: string | null;
  readonly published: string | null;
  readonly modified: string | null;
  readonly references: readonly string[];
}

export interface AdvisorySource {
  /** Differs whenever the content of the store differs. */
  readonly version: string;
  readonly advisories: number;
  match(packages: readonly PackageToMatch[]): readonly AdvisoryMatch[];
  /** Whether a feed speaks about this ecosystem at all. */
  covers(ecosystem: string): boolean;
  feeds(now: Date): FeedView[];
}

export type Advisories = { readonly source: AdvisorySource } | { readonly source: undefined; readonly problem: string };
