/** One finding as it is shown: four facts with their evidence, and a score that is the sum of its shown parts. Pure. */
import type { FindingView, LoadedFactView, VulnerabilitySeverity } from '@vedette/model/api/views';
import type { FindingShape } from '../store/read-vulnerabilities.ts';
import { loadedPart, sum, vulnerabilityParts } from './weights.ts';
import { duration } from '@vedette/model/words';

export function workloadName(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

const evidenceVerbs: Record<string, string> = { executed: 'executed', mapped: 'mapped into memory', opened: 'opened' };

export interface LoadedWords {
  readonly loaded: boolean;
  readonly unloaded: 'not-seen' | 'no' | 'unknown';
  readonly unloaded_reason: string | null;
  readonly observed_seconds: number;
  readonly fact: { readonly kind: string; readonly path: string; readonly reader: string; readonly at: string } | null;
  readonly first_seen: Date;
  readonly last_observed: Date;
}

export function evidenceSentence(fact: LoadedWords['fact']): string {
  if (fact === null) return 'The sensor reported it as loaded; what it saw was reported to an earlier package list.';
  return `${fact.path} was ${evidenceVerbs[fact.kind] ?? fact.kind}${fact.reader === '' ? '' : ` by ${fact.reader}`}`;
}

export function loadedView(words: LoadedWords): LoadedFactView {
  if (words.loaded) {
    const first = words.fact === null ? words.first_seen : new Date(words.fact.at);
    const last = words.last_observed > first ? words.last_observed : first;
    return { state: 'yes', firstSeen: first.toISOString(), lastSeen: last.toISOString(), evidence: evidenceSentence(words.fact) };
  }
  if (words.unloaded === 'unknown') return { state: 'unknown', reason: words.unloaded_reason ?? 'not watched' };
  return { state: words.unloaded, observedSeconds: words.observed_seconds };
}

function loadedWhy(view: LoadedFactView): string {
  switch (view.state) {
    case 'yes':
      return view.evidence;
    case 'not-seen':
      return `not seen in ${duration(view.observedSeconds)} of watching, which is too short to say no`;
    case 'no':
      return `not loaded in ${duration(view.observedSeconds)} watched from the start`;
    case 'unknown':
      return view.reason;
    default:
      return view satisfies never;
  }
}

/**
 * *Linked* and *entered* are facts of compiled code. Interpreted ecosystems have neither; for the others nothing looks
 * at symbols yet, so the answer is unknown and not no.
 */
export function compiledFact(ecosystem: string): 'unknown' | 'not-applicable' {
  return /^(npm|PyPI|RubyGems|Packagist|Maven|NuGet)(:|$)/.test(ecosystem) ? 'not-applicable' : 'unknown';
}

export interface VulnerabilityWords {
  readonly name: string;
  readonly severity: VulnerabilitySeverity;
  readonly cvss: number | null;
  readonly exploited: boolean | null;
}

export function findingView(vulnerability: VulnerabilityWords, row: FindingShape): FindingView {
  const loaded = loadedView(row);
  const uncertain = row.uncertain === null ? [] : [{ name: 'Uncertain', points: 0, why: `it cannot be said whether this version is affected: ${row.uncertain}` }];
  const parts = [...vulnerabilityParts(vulnerability), ...uncertain, loadedPart(loaded.state, loadedWhy(loaded)), ...row.run_parts];
  return {
    vulnerability: vulnerability.name,
    severity: vulnerability.severity,
    ecosystem: row.ecosystem,
    package: row.package,
    version: row.version,
    path: row.path === '' ? null : row.path,
    fixedIn: row.fixed_in,
    uncertain: row.uncertain,
    workload: workloadName(row.namespace, row.workload),
    node: row.node_id ?? '',
    hostname: row.hostname ?? 'no living container',
    image: row.image_name,
    platformDigest: row.platform_digest,
    containers: row.containers,
    present: { state: 'yes', since: row.since.toISOString() },
    loaded,
    linked: compiledFact(row.ecosystem),
    entered: compiledFact(row.ecosystem),
    score: sum(parts),
    parts,
  };
}
