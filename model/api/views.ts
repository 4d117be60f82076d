/**
 * What the HTTP API answers, as zod schemas: the border of the hub, and the types the console and the client use.
 * Times are RFC 3339 in UTC with milliseconds; ids are opaque strings; absent knowledge is null with a reason beside
 * it, never an empty string or a zero.
 */
import { z } from 'zod';
import { CanariesShape, CoverageView, OwnedLossRow, RuleReachRow, TableRow } from './coverage-views.ts';
import { fileOrigins, policyModes, policyStages, severities } from '../policy.ts';
import { roles, type Role } from '../access.ts';

export * from './coverage-views.ts';

const Time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC');
const Count = z.int().min(0);

/** Severity of a vulnerability; `unknown` is its own word and never ranks as clean. */
export const VulnerabilitySeverity = z.enum([...severities, 'unknown']);
export type VulnerabilitySeverity = z.infer<typeof VulnerabilitySeverity>;

export const LoadedFactView = z.discriminatedUnion('state', [
  z.object({ state: z.literal('yes'), firstSeen: Time, lastSeen: Time, evidence: z.string() }),
  z.object({ state: z.literal('not-seen'), observedSeconds: z.number() }),
  z.object({ state: z.literal('no'), observedSeconds: z.number() }),
  z.object({ state: z.literal('unknown'), reason: z.string() }),
]);
export type LoadedFactView = z.infer<typeof LoadedFactView>;

/** A role in a place: the whole hub, a cluster (by its id), or namespaces of it. */
export const GrantView = z.object({
  role: z.enum(roles as [Role, ...Role[]]),
  place: z.union([z.literal('all'), z.object({ cluster: z.uuid(), namespaces: z.union([z.literal('all'), z.array(z.string().min(1).max(253)).min(1).max(200).readonly()]) })]),
});
export type GrantView = z.infer<typeof GrantView>;

export const SessionView = z.object({ user: z.string(), grants: z.array(GrantView), csrf: z.string(), expiresAt: Time });
export type SessionView = z.infer<typeof SessionView>;

export const TokenView = z.object({ id: z.string(), name: z.string(), grants: z.array(GrantView), createdBy: z.string(), createdAt: Time, lastUsedAt: Time.nullable(), expiresAt: Time.nullable() });
export type TokenView = z.infer<typeof TokenView>;

export const KubernetesUserView = z.object({
  sessionId: z.string(),
  user: z.string(),
  attached: z.boolean().describe('To a process that ran before: what it does since may be theirs'),
});
export type KubernetesUserView = z.infer<typeof KubernetesUserView>;

export const ExecutionView = z.object({
  key: z.string().describe('boot-tgid-start-exec: one program run by one process'),
  parentKey: z.string().nullable(),
  pid: Count,
  path: z.string(),
  filename: z.string().nullable(),
  arguments: z.array(z.string()),
  argumentsTruncated: z.boolean(),
  uid: Count,
  command: z.string(),
  containerId: z.string().nullable(),
  hasTerminal: z.boolean(),
  origin: z.enum(fileOrigins),
  startedAt: Time,
  endedAt: Time.nullable(),
  startedBeforeSensor: z.boolean(),
  workingDirectory: z.string().nullable(),
  kubernetesUsers: z.array(KubernetesUserView).optional().describe('Who began this tree by kubectl exec or attach: one, or one of these; left out: nobody did'),
});
export type ExecutionView = z.infer<typeof ExecutionView>;

export const NodeView = z.object({
  id: z.string(),
  cluster: z.string(),
  clusterName: z.string(),
  hostname: z.string(),
  kernel: z.string(),
  distribution: z.string(),
  architecture: z.string(),
  state: z.enum(['connected', 'away', 'no-sensor']).describe('no-sensor: a node of Kubernetes that nobody watches'),
  connected: z.boolean(),
  lastSeenAt: Time.nullable(),
  containers: Count,
  processes: Count,
});
export type NodeView = z.infer<typeof NodeView>;

export const ContainerView = z.object({
  id: z.string(),
  node: z.string(),
  hostname: z.string(),
  name: z.string(),
  workload: z.string(),
  runtime: z.string(),
  identity: z.enum(['pending', 'known', 'image-unknown']),
  identityReason: z.string().nullable(),
  image: z.string().nullable(),
  indexDigest: z.string().nullable(),
  platformDigest: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  mounts: z.array(z.object({ destination: z.string(), source: z.string(), kind: z.string(), readOnly: z.boolean() })),
  rootFilesystem: z.string().nullable(),
  startedAt: Time,
  endedAt: Time.nullable(),
  seenFromStart: z.boolean(),
  privileged: z.boolean(),
  podSandbox: z.boolean().describe("It only holds a pod's namespaces, as its runtime says"),
  processes: Count,
  packages: Count.nullable().describe('null: not scanned yet'),
  inventoryProblems: z.array(z.string()),
  packagesLoaded: Count.nullable(),
  vulnerabilities: z.object({ critical: Count, high: Count, medium: Count, low: Count, unknown: Count }).nullable(),
  podName: z.string().nullable(),
  podNamespace: z.string().nullable(),
});
export type ContainerView = z.infer<typeof ContainerView>;

export const PackageView = z.object({
  ecosystem: z.string(),
  name: z.string(),
  version: z.string(),
  path: z.string().nullable(),
  loaded: LoadedFactView,
  vulnerabilities: z.array(z.string()),
});
export type PackageView = z.infer<typeof PackageView>;

export const ExecutionCountView = z.object({
  hour: Time,
  node: z.string(),
  hostname: z.string(),
  workload: z.string().nullable(),
  containerId: z.string().nullable(),
  path: z.string(),
  parentPath: z.string(),
  uid: Count,
  origin: z.enum(fileOrigins),
  identityPending: z.boolean(),
  count: Count,
  firstSeen: Time,
  lastSeen: Time,
  sample: ExecutionView.nullable(),
});
export type ExecutionCountView = z.infer<typeof ExecutionCountView>;

export const IncidentOutcome = z.enum(['seen', 'killed', 'would-have-killed', 'kill-failed']);
export const incidentStates = ['open', 'acknowledged', 'closed'] as const;

/** What somebody found out about an incident. */
export const incidentVerdicts = ['confirmed', 'false-positive'] as const;

export const IncidentView = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(['detection', 'verdict']),
  severity: z.enum(severities),
  state: z.enum(incidentStates),
  assignee: z.string().nullable(),
  verdict: z.enum(incidentVerdicts).nullable().describe('What somebody found out about it; null: nobody has said'),
  source: z.string().describe('Name of the rule or policy'),
  attack: z.array(z.string()),
  cluster: z.string(),
  place: z.object({ cluster: z.string(), namespace: z.string().nullable() }).describe('By which roles reach it: the id of its cluster, and the namespace of its pod'),
  node: z.string(),
  hostname: z.string(),
  workload: z.string().nullable(),
  containerId: z.string().nullable(),
  containerName: z.string().nullable(),
  image: z.string().nullable(),
  platformDigest: z.string().nullable(),
  firstSeen: Time,
  lastSeen: Time,
  count: Count,
  summary: z.string(),
  outcome: IncidentOutcome,
  nextAction: z.string(),
});
export type IncidentView = z.infer<typeof IncidentView>;

const BySeverity = z.object({ critical: Count, high: Count, medium: Count, low: Count });

/** How a list of incidents divides. Each part is counted under the other filters of the list, but not under its own. */
export const IncidentFacetsView = z.object({
  severity: BySeverity,
  kind: z.object({ detection: Count, verdict: Count }),
  days: z.array(BySeverity.extend({ day: z.iso.date() })).describe('Incidents by the UTC day on which they began, whatever their state is now: the last 14 days, the oldest first'),
});
export type IncidentFacetsView = z.infer<typeof IncidentFacetsView>;

export const FindingEventView = z.object({
  id: z.string(),
  at: Time,
  receivedAt: Time,
  kind: z.enum(['detection', 'verdict']),
  source: z.string(),
  output: z.string(),
  fields: z.record(z.string(), z.string().nullable()),
  outcome: IncidentOutcome,
  mode: z.enum(policyModes).nullable(),
  generation: Count.nullable(),
  identityPending: z.boolean(),
  tree: z.array(ExecutionView).describe('Oldest known ancestor first; the last is the offender'),
  count: Count.describe('More than one: alike ones counted as one, of which this is the first'),
  lastAt: Time.nullable().describe('The last of them'),
  varied: z.array(z.string()).describe('Fields that were not the same in all of them'),
});
export type FindingEventView = z.infer<typeof FindingEventView>;

export const IncidentDetailView = IncidentView.extend({
  events: z.array(FindingEventView).describe('The newest 50'),
  containers: Count.describe('In so many containers, as far as events are stored; more than one: of one workload'),
  history: z.array(z.object({ at: Time, actor: z.string(), change: z.string() })),
});
export type IncidentDetailView = z.infer<typeof IncidentDetailView>;

export const VulnerabilityView = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  summary: z.string().nullable(),
  severity: VulnerabilitySeverity,
  cvss: z.number().nullable(),
  packages: z.array(z.string()),
  fixedIn: z.array(z.string()),
  workloads: Count.describe('Running now, in scope'),
  loaded: z.object({ yes: Count, notSeen: Count, no: Count, unknown: Count }).describe('Runs by what is known of loaded'),
  firstSeen: Time,
  exploited: z.boolean().nullable().describe('null: no feed of exploited vulnerabilities is loaded'),
  score: z.number(),
});
export type VulnerabilityView = z.infer<typeof VulnerabilityView>;

/** How a list of vulnerabilities divides; a vulnerability whose runs differ in `loaded` is counted in each. */
export const VulnerabilityFacetsView = z.object({
  severity: BySeverity.extend({ unknown: Count }),
  loaded: z.object({ yes: Count, notSeen: Count, no: Count, unknown: Count }),
});
export type VulnerabilityFacetsView = z.infer<typeof VulnerabilityFacetsView>;

export const FindingView = z.object({
  vulnerability: z.string(),
  severity: VulnerabilitySeverity,
  ecosystem: z.string(),
  package: z.string(),
  version: z.string(),
  path: z.string().nullable(),
  fixedIn: z.string().nullable(),
  uncertain: z.string().nullable().describe('Why it cannot be said whether this version is affected; null: it is'),
  workload: z.string(),
  node: z.string(),
  hostname: z.string(),
  image: z.string().nullable(),
  platformDigest: z.string().nullable(),
  containers: z.array(z.string()),
  present: z.object({ state: z.literal('yes'), since: Time }),
  loaded: LoadedFactView,
  linked: z.enum(['yes', 'no', 'unknown', 'not-applicable']),
  entered: z.enum(['yes', 'no', 'unknown', 'not-applicable']),
  score: z.number(),
  parts: z.array(z.object({ name: z.string(), points: z.number(), why: z.string() })),
});
export type FindingView = z.infer<typeof FindingView>;

export const VulnerabilityDetailView = VulnerabilityView.extend({ details: z.string().nullable(), references: z.array(z.string()), findings: z.array(FindingView), published: Time.nullable(), modified: Time.nullable() });
export type VulnerabilityDetailView = z.infer<typeof VulnerabilityDetailView>;

export const ViolationView = z.object({
  id: z.string(),
  policy: z.string(),
  rule: z.string(),
  stage: z.enum(['run']),
  severity: z.enum(severities),
  mode: z.enum(['shadow', 'enforce']),
  action: z.enum(['inform', 'kill']),
  verdict: z.enum(['violated', 'unknown']).describe('unknown: a fact that would decide is not known. It is never clean, and nothing is stopped for it'),
  state: z.enum(['open', 'accepted', 'closed']),
  cluster: z.string(),
  clusterName: z.string(),
  workload: z.string(),
  hostnames: z.array(z.string()).describe('Where it runs now'),
  containers: Count.describe('That run it now'),
  image: z.string().nullable().describe('As it is named there'),
  platformDigest: z.string(),
  indexDigest: z.string().nullable(),
  reason: z.string(),
  fix: z.string().nullable(),
  since: Time,
  stateSince: Time,
  until: Time.nullable(),
  closedReason: z.string().nullable(),
  acceptedBy: z.array(z.object({ exception: z.string(), owner: z.string(), reason: z.string(), expiresAt: z.string() })),
});
export type ViolationView = z.infer<typeof ViolationView>;

const FactFormView = z.union([z.object({ value: z.json() }), z.object({ absent: z.literal(true) }), z.object({ unknown: z.string() })]);

export const ViolationDetailView = ViolationView.extend({
  evidence: z.array(z.string()),
  asked: z.array(z.object({ fact: z.string(), value: FactFormView })).describe('The single facts that the rule asked, as they were when this last changed'),
  found: z.array(z.string()).describe('The items of lists that decided'),
  foundMore: Count,
  missing: z.array(z.object({ fact: z.string(), reason: z.string() })),
});
export type ViolationDetailView = z.infer<typeof ViolationDetailView>;

/** How a list of violations divides. Each part is counted under the other filters of the list, but not under its own. */
export const ViolationFacetsView = z.object({
  severity: BySeverity,
  state: z.object({ open: Count, accepted: Count, closed: Count }),
  verdict: z.object({ violated: Count, unknown: Count }),
  policies: z.array(z.object({ policy: z.string(), count: Count })).describe('The 100 with the most'),
});
export type ViolationFacetsView = z.infer<typeof ViolationFacetsView>;

/** The risks that every tool of this kind names, over what runs: each counted in workloads, with what is not known beside it. */
export const ClassicRiskView = z.object({
  kind: z.enum(['malicious', 'untrusted-registry', 'integrity', 'critical-and-applicable']),
  count: Count.nullable().describe('Workloads that have it, each counted once an image; null: nobody has looked, see notAsked'),
  unknown: Count.describe('Workloads of which it is not known; never part of the count'),
  unknownReason: z.string().nullable(),
  notAsked: z.string().nullable().describe('Why nobody has looked; null: it was looked for'),
  worst: z.object({ what: z.string(), where: z.string(), link: z.string() }).nullable(),
  link: z.string().describe('Path in the console of those that are counted'),
});
export type ClassicRiskView = z.infer<typeof ClassicRiskView>;

export const PolicyView = z.object({
  name: z.string(),
  description: z.string(),
  severity: z.enum(severities),
  attack: z.array(z.string()),
  mode: z.enum(policyModes),
  yaml: z.string(),
  generation: Count,
  shipped: z.boolean(),
  updatedAt: Time,
  updatedBy: z.string(),
  stages: z.array(z.enum(policyStages)).describe('Where it speaks'),
  rules: z.array(z.object({ name: z.string(), on: z.enum(['execution', 'image']), when: z.string(), actions: z.partialRecord(z.enum(policyStages), z.string()), fix: z.string().nullable() })),
  kernelForm: z.array(z.object({ rule: z.string(), action: z.string(), form: z.string().nullable(), problem: z.string().nullable() })),
  inForce: z.object({ sensors: Count, sensorsTotal: Count, problems: z.array(z.string()) }),
  verdicts: z.object({ killed: Count, wouldHaveKilled: Count, since: Time }),
});
export type PolicyView = z.infer<typeof PolicyView>;

export const SensorView = z.object({
  id: z.string(),
  node: z.string(),
  hostname: z.string(),
  cluster: z.string(),
  clusterName: z.string(),
  version: z.string(),
  kernel: z.string(),
  distribution: z.string(),
  connected: z.boolean(),
  joinedAt: Time,
  lastSeenAt: Time.nullable(),
  certificateExpiresAt: Time,
  clockSkewMs: z.number().nullable(),
  scopeCgroup: z.string().nullable(),
  hooks: z.array(z.object({ eventClass: z.string(), hook: z.string(), attached: z.boolean(), reason: z.string().nullable(), misses: z.string().nullable() })),
  losses: z.array(z.object({ eventClass: z.string(), cause: z.string(), count: Count })),
  enforcement: z.object({ mechanism: z.string(), reason: z.string().nullable() }),
  policyGeneration: Count.nullable(),
  problems: z.array(z.string()),
  processesKnown: Count,
  processesKnownMax: Count,
  ringBytes: Count,
  ringFillBytesMax: Count,
  eventsSeen: Count,
  commandsRefused: Count,
  spoolBytes: Count,
  telemetryBatchesDropped: Count,
  rulesActive: Count,
  rssBytes: Count,
  reportedAt: Time.nullable(),
  ownedLosses: z.array(OwnedLossRow),
  tables: z.array(TableRow),
  ruleReach: z.array(RuleReachRow),
  containersPending: Count,
  detectionsPendingIdentity: Count,
  canaries: CanariesShape,
  coveragePercent: z.number(),
});
export type SensorView = z.infer<typeof SensorView>;

export const FeedView = z.object({ ecosystem: z.string(), advisories: Count, newest: Time.nullable(), syncedAt: Time, rejected: Count, ageSeconds: z.number() });
export type FeedView = z.infer<typeof FeedView>;

export const RiskCardView = z.object({
  id: z.string(),
  kind: z.enum(['vulnerability', 'incident', 'violation', 'coverage', 'feed']),
  severity: VulnerabilitySeverity,
  score: z.number(),
  title: z.string(),
  why: z.string(),
  where: z.string(),
  since: Time,
  facts: z.object({ present: z.enum(['yes', 'no', 'unknown', 'not-applicable']), loaded: LoadedFactView, linked: z.enum(['yes', 'no', 'unknown', 'not-applicable']), entered: z.enum(['yes', 'no', 'unknown', 'not-applicable']) }).nullable(),
  chain: z.array(z.object({ program: z.string(), origin: z.enum(fileOrigins) })).nullable().describe('How what the title names came to be: the programs up to the offender, the oldest first; null for what no process did'),
  nextAction: z.string(),
  link: z.string().describe('Path in the console'),
});
export type RiskCardView = z.infer<typeof RiskCardView>;

export const RiskSummaryView = z.object({
  sentence: z.string(),
  cards: z.array(RiskCardView),
  classic: z.array(ClassicRiskView),
  counts: z.object({ hosts: Count, containers: Count, processes: Count, incidentsOpen: Count, vulnerabilities: Count, vulnerabilitiesLoaded: Count }),
  coverage: CoverageView,
  feeds: z.array(FeedView),
});
export type RiskSummaryView = z.infer<typeof RiskSummaryView>;

/** A place in a text that was handed in, counted from 1, what is wrong there, and what to do about it. */
export const TextProblemView = z.object({ line: z.int().min(1), column: z.int().min(1), message: z.string(), advice: z.string() });
export type TextProblemView = z.infer<typeof TextProblemView>;

export const ProblemDocument = z.object({
  type: z.string(), title: z.string(), status: z.int(), detail: z.string().optional(), instance: z.string().optional(), code: z.string(),
  problems: z.array(TextProblemView).optional().describe('The places of a text that cannot be used'),
}).describe('RFC 9457');
export type ProblemDocument = z.infer<typeof ProblemDocument>;

/** One page of a list; `next` is handed back as `cursor`. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable(), total: Count.nullable() });
}
export interface Page<T> {
  items: T[];
  next: string | null;
  total: number | null;
}
