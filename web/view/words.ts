/**
 * The product's words and what each means in a sentence: severities, file origins, outcomes, modes, incident states.
 * One place, so that a mark, its tooltip and a filter never use different names for one thing.
 */
import type { FileOrigin, PolicyMode, Severity } from '@vedette/model/policy';
import { shortId } from '@vedette/model/api/short-id';
import type { IncidentView, VulnerabilitySeverity } from '@vedette/model/api/views';

export const severityWords: Record<VulnerabilitySeverity, string> = {
  critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', unknown: 'Unrated',
};

export const severityOrder = ['critical', 'high', 'medium', 'low', 'unknown'] as const satisfies readonly VulnerabilitySeverity[];

export const incidentSeverities = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Severity[];

export const originWords: Record<FileOrigin, string> = {
  host: 'host', image: 'image', modified: 'modified', dropped: 'dropped', memory: 'memory', volume: 'volume', unjudged: 'unjudged',
};

/** Reads after the name of the file: "curl came with the image". */
export const originSentences: Record<FileOrigin, string> = {
  host: 'runs on the host, not in a container',
  image: 'came with the image',
  modified: 'came with the image and was changed in the running container',
  dropped: 'did not come with the image: it was written after the container started',
  memory: 'exists only in memory, or was deleted before it was executed',
  volume: 'lies on a volume, so it did not come with the image',
  unjudged: 'cannot be judged: the root of this container is not overlayfs',
};

/** Origins that deserve a second look; the others are drawn quietly. `unjudged` is unknown, which is neither. */
export function originIsForeign(origin: FileOrigin): boolean {
  return origin === 'dropped' || origin === 'modified' || origin === 'memory';
}

export type Outcome = IncidentView['outcome'];

export const outcomeWords: Record<Outcome, string> = {
  seen: 'Seen', killed: 'Killed', 'would-have-killed': 'Would have been killed', 'kill-failed': 'Kill failed',
};

export const outcomeSentences: Record<Outcome, string> = {
  seen: 'A rule reported it. Nothing was stopped: rules report, policies act.',
  killed: 'The kernel killed it at exec, before the program ran its first instruction.',
  'would-have-killed': 'A policy in shadow mode decided to kill it and recorded that. It kept running.',
  'kill-failed': 'A policy decided to kill it and the kill did not work. It may still be running.',
};

export const kindWords: Record<IncidentView['kind'], string> = { detection: 'Rule', verdict: 'Policy' };

export const modeWords: Record<PolicyMode, string> = { off: 'Off', shadow: 'Shadow', enforce: 'Enforce' };

export const modeOrder = ['off', 'shadow', 'enforce'] as const satisfies readonly PolicyMode[];

export const modeSentences: Record<PolicyMode, string> = {
  off: 'Sensors do not decide anything by this policy.',
  shadow: 'Sensors decide and record what they would have done. Nothing is stopped.',
  enforce: 'Sensors act: an execution that a kill rule matches, or in a container of an image that breaks one, is killed before it runs.',
};

export const stateWords: Record<IncidentView['state'], string> = { open: 'Open', acknowledged: 'Acknowledged', closed: 'Closed' };

export const identityWords = { pending: 'identity pending', known: 'known', 'image-unknown': 'image unknown' } as const;

/** What brings advisories in, on the hub: from OSV's public exports, or from a copy of them where there is no network. */
export const syncCommand = 'vedette advisories sync --from https://osv-vulnerabilities.storage.googleapis.com';
export const syncCopyCommand = 'vedette advisories sync --from DIRECTORY';

/** Only uid 0 has a name that is the same on every host; any other name would be a guess. */
export function userWords(uid: number): string {
  return uid === 0 ? 'root' : `uid ${uid}`;
}

/** A container by what it is of: `shop/cart`, and its own name beside it where that says more. On plain hosts the two are one. */
export function containerWords({ workload, name, id }: { readonly workload: string | null; readonly name: string | null; readonly id: string }): { readonly title: string; readonly part: string | null } {
  const own = name === null || name === '' ? null : name;
  if (workload === null || workload === '' || workload === own) return { title: own ?? shortId(id), part: null };
  return { title: workload, part: own };
}
