/**
 * The Risk Summary: what is most dangerous now, why, where, since when, and the next action. Cards of all kinds are
 * ranked on one scale; the sentence on top says what a person would say, and what is not seen is part of it.
 */
import { seesWholeCluster, type Scope } from '@vedette/model/access';
import type { CoverageView, FeedView, FindingView, RiskCardView, RiskSummaryView, VulnerabilityDetailView, VulnerabilitySeverity } from '@vedette/model/api/views';
import type { FileOrigin, Severity } from '@vedette/model/policy';
import { feedState } from '../store/assessing.ts';
import type { Database } from '../store/database.ts';
import { failedOpenSince } from '../store/read-admissions.ts';
import { listClusters, nodesWithoutSensor } from '../store/read-clusters.ts';
import { sensorsUnder, recentGaps, unknownRecords } from '../store/read-fleet.ts';
import { firstChains, listIncidents, type IncidentShape } from '../store/read-incidents.ts';
import { containerStates, countThings, runningEcosystems, type ContainerStates } from '../store/read-risk.ts';
import { countVulnerabilityStates, findingsAt, findingsOf, vulnerabilitiesById, vulnerabilityNamed, worstPlaces } from '../store/read-vulnerabilities.ts';
import type { Advisories } from './advisories.ts';
import { classicRisks, violationCards, type ClassicDoors } from './classic-risks.ts';
import { coverageOf, nothingKnown, type Gap, type GapKind } from './coverage.ts';
import { findingView, workloadName } from './finding.ts';
import * as weights from './weights.ts';
import { plural } from '@vedette/model/words';

export interface RiskDoors extends Pick<ClassicDoors, 'asked' | 'registries'> {
  readonly database: Database;
  readonly advisories: () => Advisories;
  readonly now: () => Date;
  readonly canaryGraceMs: number;
}

const cardsMax = 20;
const dayMs = 86_400_000;

async function collectCoverage(doors: RiskDoors, scope: Scope): Promise<{ view: CoverageView; gaps: Gap[]; feeds: FeedView[]; containers: ContainerStates[] }> {
  const now = doors.now();
  const since = new Date(now.getTime() - dayMs);
  const { database } = doors;
  const advisories = doors.advisories();
  const [sensors, containers, clusters, unwatchedNodes, dropped, unknown, ecosystems, matched, failedOpen] = await Promise.all([
    sensorsUnder(database, scope, now),
    containerStates(database, scope),
    listClusters(database, scope, now),
    nodesWithoutSensor(database, scope),
    recentGaps(database, scope, since),
    unknownRecords(database, scope, since),
    runningEcosystems(database, scope),
    feedState(database),
    failedOpenSince(database, scope, since),
  ]);
  const { source } = advisories;
  const feeds = source?.feeds(now) ?? [];
  const found = coverageOf({
    now,
    canaryGraceMs: doors.canaryGraceMs,
    sensors,
    seesHosts: seesWholeCluster(scope),
    containers,
    clusters,
    unwatchedNodes,
    failedOpen,
    dropped,
    unknownRecords: unknown,
    feeds,
    feedProblem: advisories.source === undefined ? advisories.problem : null,
    wasMatched: matched !== undefined,
    unfedEcosystems: source === undefined ? [] : ecosystems.filter((one) => !source.covers(one.ecosystem)),
  });
  return { ...found, feeds, containers };
}

export async function coverage(doors: RiskDoors, scope: Scope): Promise<CoverageView> {
  return (await collectCoverage(doors, scope)).view;
}

export async function riskSummary(doors: RiskDoors, scope: Scope): Promise<RiskSummaryView> {
  const [seen, things, vulnerabilities, incidents, worst, violations, classic] = await Promise.all([
    collectCoverage(doors, scope),
    countThings(doors.database, scope),
    countVulnerabilityStates(doors.database, scope),
    incidentCards(doors, scope),
    vulnerabilityCards(doors, scope),
    violationCards(doors.database, scope),
    classicRisks({ ...doors, hasAdvisories: doors.advisories().source !== undefined }, scope),
  ]);
  const cards = [...incidents, ...worst, ...violations, ...gapCards(seen.gaps, doors.now())].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, cardsMax);
  return {
    sentence: sentence(cards, seen.view, seesWholeCluster(scope)),
    cards,
    classic,
    counts: {
      hosts: things.hosts,
      containers: things.containers,
      processes: things.processes,
      incidentsOpen: things.incidents,
      vulnerabilities: vulnerabilities.all,
      vulnerabilitiesLoaded: vulnerabilities.loaded,
    },
    coverage: seen.view,
    feeds: seen.feeds,
  };
}

/** The card's title stands in the sentence, so it is a sentence without its full stop. */
export function sentence(cards: readonly RiskCardView[], seen: CoverageView, seesHosts = true): string {
  if (seen.sensorsTotal === 0 && !seesHosts) return 'Nothing runs in the namespaces that you may see, as far as it is known.';
  if (seen.sensorsTotal === 0) return 'Nothing is seen yet: no sensor has joined this hub.';
  const complete = seen.gaps.length === 0 ? 'All that the hooks can see is seen.' : `${seen.percent} % of what the hooks can see is seen.`;
  const urgent = cards.filter((card) => card.severity === 'critical' || card.severity === 'high');
  const worst = urgent[0];
  if (worst === undefined) return `Nothing urgent among what is seen. ${complete}`;
  const need = urgent.length === 1 ? 'One thing needs you' : `${urgent.length} things need you`;
  return `${need}${urgent.length === 1 ? '' : '; the worst is'}: ${worst.title}. ${complete}`;
}

async function incidentCards(doors: RiskDoors, scope: Scope): Promise<RiskCardView[]> {
  const filter = { severity: undefined, kind: undefined, container: undefined, search: undefined };
  const page = { after: undefined, limit: cardsMax };
  const [open, acknowledged] = await Promise.all([
    listIncidents(doors.database, scope, { ...filter, state: 'open' }, page),
    listIncidents(doors.database, scope, { ...filter, state: 'acknowledged' }, page),
  ]);
  const incidents = [...open, ...acknowledged];
  const chains = await firstChains(doors.database, scope, incidents.map((incident) => incident.id));
  return incidents.map((incident) => incidentCard(incident, chains.get(incident.id) ?? []));
}

const chainShown = 5;

function incidentCard(incident: IncidentShape, tree: readonly { path: string; origin: FileOrigin }[]): RiskCardView {
  const severity = incident.severity as Severity;
  const relief = (incident.outcome === 'killed' ? weights.killedRelief : 0) + (incident.state === 'acknowledged' ? weights.acknowledgedRelief : 0);
  const where = incident.workload === null ? incident.hostname : `${workloadName(incident.namespace ?? '', incident.workload)} on ${incident.hostname}`;
  return {
    id: `incident-${incident.id}`,
    kind: 'incident',
    severity,
    score: weights.incidentPoints[severity] - relief,
    title: incident.title,
    // The title is of the first event, the summary of the newest: they may speak about different programs.
    why: incident.count === 1 ? incident.summary : `${incident.count} times, the last: ${incident.summary}`,
    where,
    since: incident.first_seen.toISOString(),
    facts: null,
    chain: tree.length === 0 ? null : tree.slice(-chainShown).map(({ path, origin }) => ({ program: path.slice(path.lastIndexOf('/') + 1), origin })),
    nextAction: incident.next_action,
    link: `/incidents/${incident.id}`,
  };
}

const worstMax = 200;
const vulnerabilityCardsMax = 12;

/** One card a package: twenty vulnerabilities of one library are one thing to do. */
async function vulnerabilityCards(doors: RiskDoors, scope: Scope): Promise<RiskCardView[]> {
  const places = await worstPlaces(doors.database, scope, worstMax);
  const names = new Map((await vulnerabilitiesById(doors.database, scope, [...new Set(places.map((place) => place.vuln_id))])).map((one) => [one.id, one]));
  const rows = new Map((await findingsAt(doors.database, scope, places)).map((row) => [`${row.vuln_id} ${row.run_id} ${row.position}`, row]));
  const cards = new Map<string, { card: RiskCardView; view: FindingView; others: Map<string, string | null> }>();
  for (const place of places) {
    const words = names.get(place.vuln_id);
    if (words === undefined) continue;
    const row = rows.get(`${place.vuln_id} ${place.run_id} ${place.position}`);
    if (row === undefined) continue; // its run has ended since the recount
    const view = findingView({ ...words, severity: words.severity as VulnerabilitySeverity }, row);
    const key = `${view.ecosystem} ${view.package} ${view.version} ${view.workload} ${row.cluster_id}`;
    const known = cards.get(key);
    if (known !== undefined) {
      known.others.set(words.name, view.fixedIn);
      continue;
    }
    if (cards.size === vulnerabilityCardsMax) break;
    cards.set(key, { card: vulnerabilityCard(view, row.cluster_name, place.workloads), view, others: new Map() });
  }
  return [...cards.values()].map(({ card, view, others }) => {
    if (others.size === 0) return card;
    return { ...card, why: `${card.why} This package has ${plural(others.size, 'more vulnerability', 'more vulnerabilities')}.`, nextAction: `${card.nextAction}${otherFixes(view.fixedIn, [...others.values()])}` };
  });
}

const fixesShown = 3;

/** The worst of a package may be fixed before the others are: whoever upgrades should do it once. */
export function otherFixes(fixedIn: string | null, others: readonly (string | null)[]): string {
  const fixes = [...new Set(others.filter((fix) => fix !== null && fix !== fixedIn))];
  const unfixed = fixedIn === null ? 0 : others.filter((fix) => fix === null).length;
  const named = fixes.length === 0 ? '' : ` Others of it are fixed in ${fixes.slice(0, fixesShown).join(', ')}${fixes.length > fixesShown ? ' and later' : ''}.`;
  return `${named}${unfixed === 0 ? '' : ` ${plural(unfixed, 'other')} ${unfixed === 1 ? 'has' : 'have'} no known fix.`}`;
}

const loadedWords = { 'yes': 'is loaded in', 'no': 'is installed in', 'not-seen': 'is installed in', 'unknown': 'may be loaded in' } as const;

function vulnerabilityCard(view: FindingView, cluster: string, workloads: number): RiskCardView {
  const more = workloads > 1 ? ` and ${plural(workloads - 1, 'other workload')} in cluster ${cluster}` : '';
  const upgrade = view.fixedIn === null ? `No fixed version of ${view.package} is known: look at whether the workload needs it at all.` : `Upgrade ${view.package} ${view.version} to ${view.fixedIn}.`;
  return {
    id: `vulnerability-${view.vulnerability}-${view.workload}`,
    kind: 'vulnerability',
    severity: view.severity,
    score: view.score,
    title: `${view.vulnerability} in ${view.package} ${view.version} ${loadedWords[view.loaded.state]} ${view.workload}`,
    why: view.parts.map((part) => `${part.name}: ${part.why.replace(/\.$/, '')}.`).join(' '),
    where: `${view.workload} on ${view.hostname}${more}`,
    since: view.present.since,
    facts: { present: 'yes', loaded: view.loaded, linked: view.linked, entered: view.entered },
    chain: null,
    nextAction: upgrade,
    link: `/vulnerabilities/${encodeURIComponent(view.vulnerability)}`,
  };
}

const gapWeights: Partial<Record<GapKind, { points: number; severity: Severity; card: 'coverage' | 'feed' }>> = {
  'no-sensor': { points: 95, severity: 'high', card: 'coverage' },
  'away': { points: weights.sensorAwayPoints, severity: 'high', card: 'coverage' },
  'silent-cluster': { points: weights.sensorAwayPoints, severity: 'high', card: 'coverage' },
  'unwatched-node': { points: weights.sensorAwayPoints, severity: 'high', card: 'coverage' },
  'admission': { points: weights.hookMissingPoints, severity: 'medium', card: 'coverage' },
  'watch': { points: weights.hookMissingPoints, severity: 'medium', card: 'coverage' },
  'canary': { points: weights.hookMissingPoints, severity: 'high', card: 'coverage' },
  'hook': { points: weights.hookMissingPoints, severity: 'medium', card: 'coverage' },
  'loss': { points: weights.lossPoints, severity: 'medium', card: 'coverage' },
  'dropped': { points: weights.lossPoints, severity: 'medium', card: 'coverage' },
  'enforcement': { points: weights.enforcementMissingPoints, severity: 'low', card: 'coverage' },
  'policy': { points: weights.lossPoints, severity: 'medium', card: 'coverage' },
  'inventory': { points: weights.inventoryMissingPoints, severity: 'medium', card: 'coverage' },
  'feed': { points: weights.feedsOldPoints, severity: 'medium', card: 'feed' },
};

/** One card a kind of gap, named by its first. */
function gapCards(gaps: readonly Gap[], now: Date): RiskCardView[] {
  const byKind = new Map<GapKind, Gap[]>();
  for (const gap of gaps) byKind.set(gap.kind, [...(byKind.get(gap.kind) ?? []), gap]);
  const cards: RiskCardView[] = [];
  for (const [kind, some] of byKind) {
    const weight = gapWeights[kind];
    const [first] = some;
    if (weight === undefined || first === undefined) continue;
    const isBlind = kind === 'feed' && first.what === nothingKnown;
    cards.push({
      id: `gap-${kind}`,
      kind: weight.card,
      severity: isBlind ? 'high' : weight.severity,
      score: isBlind ? weights.feedsAbsentPoints : weight.points,
      title: first.what,
      why: some.length === 1 ? first.why : `${first.why} And ${some.length - 1} more of this kind.`,
      where: [...new Set(some.map((gap) => gap.hostname).filter((name) => name !== null))].slice(0, 5).join(', ') || 'this hub',
      since: (some.length === 1 ? (first.at ?? now) : now).toISOString(),
      facts: null,
      chain: null,
      nextAction: first.action ?? 'Nothing can be done about it here; know that it is not seen.',
      link: kind === 'no-sensor' ? '/fleet?add=host' : kind === 'silent-cluster' || kind === 'unwatched-node' ? '/fleet' : weight.card === 'feed' ? '/advisories' : '/coverage',
    });
  }
  return cards;
}

const findingsMax = 200;

/** One vulnerability with every place in scope that runs it; undefined when none does. */
export async function vulnerabilityDetail(doors: RiskDoors, scope: Scope, name: string): Promise<VulnerabilityDetailView | undefined> {
  const row = await vulnerabilityNamed(doors.database, scope, name);
  if (row === undefined) return undefined;
  const severity = row.severity as VulnerabilitySeverity;
  const findings = (await findingsOf(doors.database, scope, row.vuln_id, findingsMax)).map((one) => findingView({ name: row.name, severity, cvss: row.cvss, exploited: row.exploited }, one));
  return {
    id: row.name,
    aliases: row.aliases,
    summary: row.summary,
    severity,
    cvss: row.cvss,
    packages: row.packages,
    fixedIn: row.fixed_in,
    workloads: row.workloads,
    loaded: { yes: row.loaded_yes, notSeen: row.loaded_not_seen, no: row.loaded_no, unknown: row.loaded_unknown },
    firstSeen: row.first_seen.toISOString(),
    exploited: row.exploited,
    score: row.score,
    details: row.details,
    references: row.links,
    published: row.published?.toISOString() ?? null,
    modified: row.modified?.toISOString() ?? null,
    findings: findings.sort((a, b) => b.score - a.score),
  };
}
