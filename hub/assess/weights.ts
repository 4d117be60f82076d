/**
 * Every number that risk is made of, in one place. A score is the plain sum of its parts and is always shown with them;
 * the most is 100. Unknown is never clean: a severity that nobody has rated counts as medium, loading that was not
 * watched counts more than loading that was watched and not seen.
 */
import type { VulnerabilitySeverity } from '@vedette/model/api/views';

export interface Part {
  readonly name: string;
  readonly points: number;
  readonly why: string;
}

const pointsPerCvss = 4;
const bySeverity: Record<VulnerabilitySeverity, number> = { critical: 38, high: 30, medium: 20, low: 8, unknown: 20 };
const exploitedPoints = 20;

export const loadedPoints = { 'yes': 25, 'unknown': 12, 'not-seen': 6, 'no': 0 } as const;
export const privilegedPoints = 7;
export const listeningPoints = 8;

/** Scores of the other cards, on the same scale. */
export const incidentPoints = { critical: 92, high: 76, medium: 50, low: 20 } as const;
/** What was stopped is less urgent than what was not; what a person already looks at, too. */
export const killedRelief = 15;
export const acknowledgedRelief = 20;
/** Of a policy that something runs against; in shadow nothing is done about it yet. What is not known ranks as a gap. */
export const violationPoints = { critical: 90, high: 74, medium: 48, low: 18 } as const;
export const shadowRelief = 10;
export const unknownViolationPoints = 30;
export const sensorAwayPoints = 70;
export const hookMissingPoints = 35;
export const enforcementMissingPoints = 30;
export const lossPoints = 45;
export const inventoryMissingPoints = 40;
export const feedsAbsentPoints = 65;
export const feedsOldPoints = 35;
export const feedOldDays = 7;
/** A feed in which nothing is newer than this was read from an old copy, however lately it was read. */
export const feedContentOldDays = 30;

function round(points: number): number {
  return Math.round(points * 10) / 10;
}

export interface VulnerabilityFacts {
  readonly severity: VulnerabilitySeverity;
  readonly cvss: number | null;
  readonly exploited: boolean | null;
}

/** The parts that belong to the vulnerability alone. */
export function vulnerabilityParts(facts: VulnerabilityFacts): Part[] {
  const parts: Part[] = [];
  if (facts.cvss !== null) parts.push({ name: 'Severity', points: round(facts.cvss * pointsPerCvss), why: `CVSS ${facts.cvss.toFixed(1)}` });
  else parts.push({ name: 'Severity', points: bySeverity[facts.severity], why: facts.severity === 'unknown' ? 'nobody has rated it: counted as medium' : `rated ${facts.severity}, without a CVSS score` });
  if (facts.exploited === true) parts.push({ name: 'Exploited', points: exploitedPoints, why: 'known to be exploited in the wild' });
  return parts;
}

/** The parts that belong to the run alone. */
export function runParts(run: { readonly privileged: boolean; readonly listening: readonly string[] }): Part[] {
  const parts: Part[] = [];
  if (run.privileged) parts.push({ name: 'Privileged', points: privilegedPoints, why: 'a container of this workload is privileged' });
  if (run.listening.length > 0) parts.push({ name: 'Listening', points: listeningPoints, why: `accepts connections on ${run.listening.slice(0, 5).join(', ')}` });
  return parts;
}

export function loadedPart(state: keyof typeof loadedPoints, why: string): Part {
  return { name: 'Loaded', points: loadedPoints[state], why };
}

export function sum(parts: readonly Part[]): number {
  return round(parts.reduce((total, part) => total + part.points, 0));
}
