/**
 * The four risks that every tool of this kind names (malicious, untrusted registry, integrity, critical and applicable), over what
 * runs now, and one card for each policy that something runs against. What nobody has looked for says so: it is not zero.
 */
import type { Scope } from '@vedette/model/access';
import type { ClassicRiskView, RiskCardView } from '@vedette/model/api/views';
import type { Severity } from '@vedette/model/policy';
import type { Database } from '../store/database.ts';
import { criticalLoadedRuns, maliciousRuns, violatedPolicies, violatedRuns, type CountedRisk, type ViolatedPolicy } from '../store/read-classic-risks.ts';
import type { OriginRiskShape } from '../store/read-origin.ts';
import { workloadName } from './finding.ts';
import { shadowRelief, unknownViolationPoints, violationPoints } from './weights.ts';
import { plural } from '@vedette/model/words';

type Counted = Omit<ClassicRiskView, 'kind' | 'notAsked'>;

/** What the registries said of what runs; null: nobody could say. */
export interface RegistryRisks {
  readonly untrustedRegistry: OriginRiskShape | null;
  readonly integrity: OriginRiskShape | null;
}

export interface ClassicDoors {
  readonly database: Database;
  /** Whether any advisories are loaded. */
  readonly hasAdvisories: boolean;
  /** Facts that policies in force ask of what runs; left out: none does. */
  readonly asked?: () => ReadonlySet<string>;
  readonly registries?: (scope: Scope) => Promise<RegistryRisks>;
}

export async function classicRisks(doors: ClassicDoors, scope: Scope): Promise<ClassicRiskView[]> {
  const { database } = doors;
  const registries = (await doors.registries?.(scope)) ?? { untrustedRegistry: null, integrity: null };
  const [malicious, critical, registry, integrity] = await Promise.all([
    maliciousRuns(database, scope),
    criticalLoadedRuns(database, scope),
    ofRegistries(registries.untrustedRegistry, '/images?verdict=untrusted-registry') ?? byPolicies(doors, scope, ['image.registryTrusted', 'image.registry', 'image.repository'], 'registry'),
    ofRegistries(registries.integrity, '/images') ?? byPolicies(doors, scope, ['image.signatures'], 'sign'),
  ]);
  const noFeeds = doors.hasAdvisories ? null : 'No advisories are loaded.';
  return [
    { kind: 'malicious', ...ofPackages(malicious, '/vulnerabilities?q=MAL-'), ...(noFeeds === null ? { notAsked: null } : { count: null, worst: null, notAsked: noFeeds }) },
    { kind: 'untrusted-registry', ...(registry ?? nobodyLooked), notAsked: registry === null ? 'No list of trusted registries was given (Settings → Integrations), and no policy that is in force asks at run time where an image comes from.' : null },
    { kind: 'integrity', ...(integrity ?? nobodyLooked), notAsked: integrity === null ? 'No registry is configured (Settings → Integrations), and no policy that is in force asks for signatures at run time.' : null },
    { kind: 'critical-and-applicable', ...ofPackages(critical, '/vulnerabilities?severity=critical&loaded=yes'), ...(noFeeds === null ? { notAsked: null } : { count: null, worst: null, notAsked: noFeeds }) },
  ];
}

const nobodyLooked: Counted = { count: null, unknown: 0, unknownReason: null, worst: null, link: '/policies' };

const notWholeWords = 'Their packages were not read or not read whole, no feed speaks about some of them, or loading was not watched for long enough.';

function ofPackages(counted: CountedRisk | undefined, link: string): Counted {
  const { count = 0, unknown = 0 } = counted ?? {};
  const worst = counted?.worst_workload == null ? null : {
    what: `${counted.worst_vuln ?? ''} in ${counted.worst_package ?? ''}`,
    where: workloadName(counted.worst_namespace ?? '', counted.worst_workload),
    link: `/vulnerabilities/${encodeURIComponent(counted.worst_vuln ?? '')}`,
  };
  return { count, unknown, unknownReason: unknown === 0 ? null : notWholeWords, worst, link };
}

function ofRegistries(found: OriginRiskShape | null, link: string): Counted | null {
  if (found === null) return null;
  const worst = found.image_id === null ? null : { what: `${found.reference ?? ''}: ${found.sentence ?? ''}`, where: workloadName(found.namespace ?? '', found.workload ?? ''), link: `/images/${found.image_id}` };
  return { count: found.count, unknown: found.unknown, unknownReason: found.unknown === 0 ? null : `Registries could not say it of all, such as: ${found.open_sentence ?? 'they were not asked yet'}.`, worst, link };
}

async function byPolicies(doors: ClassicDoors, scope: Scope, facts: readonly string[], search: string): Promise<Counted | null> {
  const asked = doors.asked?.() ?? new Set();
  if (!facts.some((one) => asked.has(one))) return null;
  const found = await violatedRuns(doors.database, scope, facts);
  if (found === undefined) return null;
  const worst = found.id === null ? null : { what: found.reason ?? '', where: workloadName(found.namespace ?? '', found.workload ?? ''), link: `/violations/${found.id}` };
  return { count: found.count, unknown: found.unknown, unknownReason: found.unknown === 0 ? null : 'A fact that the policy asks is not known of them.', worst, link: `/violations?q=${search}` };
}

const cardsMax = 10;

/** One card a policy: twenty workloads that break one rule are one thing to decide. */
export async function violationCards(database: Database, scope: Scope): Promise<RiskCardView[]> {
  return (await violatedPolicies(database, scope, cardsMax)).map(violationCard);
}

function violationCard(found: ViolatedPolicy): RiskCardView {
  const severity = found.severity as Severity;
  const isKnown = found.count > 0;
  const count = isKnown ? found.count : found.unknown;
  const more = count > 1 ? ` and ${plural(count - 1, 'other workload')}` : '';
  const where = workloadName(found.namespace, found.workload);
  const unknown = isKnown && found.unknown > 0 ? ` Of ${plural(found.unknown, 'more workload')} it is not known.` : '';
  return {
    id: `violation-${found.policy}`,
    kind: 'violation',
    // What is not known is a gap, however severe the rule: it must not stand among what needs somebody now.
    severity: isKnown ? severity : 'medium',
    score: isKnown ? violationPoints[severity] - (found.mode === 'enforce' ? 0 : shadowRelief) : unknownViolationPoints,
    title: isKnown ? `${where}${more} ${count > 1 ? 'run' : 'runs'} against the policy ${found.policy}` : `Whether ${where}${more} ${count > 1 ? 'run' : 'runs'} against the policy ${found.policy} is not known`,
    why: `${found.reason}${follows(found, isKnown)}${unknown}`,
    where: `${found.reference ?? 'an image without a name'} in cluster ${found.cluster_name}`,
    since: found.since.toISOString(),
    facts: null,
    chain: null,
    nextAction: found.fix === null ? 'Look at it, and accept it with an exception or stop the workload.' : `${found.fix.charAt(0).toUpperCase()}${found.fix.slice(1)}.`,
    link: count === 1 ? `/violations/${found.id}` : `/violations?policy=${encodeURIComponent(found.policy)}`,
  };
}

function follows({ mode, action }: ViolatedPolicy, isKnown: boolean): string {
  if (!isKnown || action !== 'kill') return '';
  return mode === 'enforce' ? ' The next execution in its containers is killed; what runs already goes on.' : ' Enforced, the policy would kill the next execution in its containers.';
}
