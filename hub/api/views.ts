/** Rows of the store as the contract shows them. Pure; nothing is left out silently, absent knowledge is null. */
import type {
  ContainerView, ExecutionCountView, ExecutionView, FindingEventView, IncidentView, LoadedFactView, NodeView, PackageView, PolicyView, SensorView, TokenView, VulnerabilityFacetsView, VulnerabilitySeverity, VulnerabilityView,
} from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { loadedFact } from '@vedette/model/exposure';
import { policyStages, type PolicyMode, type Severity } from '@vedette/model/policy';
import type { PolicyRules } from './doors.ts';
import type { TokenShape } from '../store/access.ts';
import type { ContainerShape, ObservationShape, PackageShape } from '../store/read-containers.ts';
import type { NodeShape, SensorShape } from '../store/read-fleet.ts';
import type { EventShape, IncidentShape } from '../store/read-incidents.ts';
import type { PolicyShape } from '../store/read-policies.ts';
import type { ExecutionShape, ProcessShape } from '../store/read-processes.ts';
import type { VulnerabilityFacets, VulnerabilityShape } from '../store/read-vulnerabilities.ts';

function time(at: Date): string {
  return at.toISOString();
}

function timeOrNull(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

function workloadWords(namespace: string | null, name: string | null): string | null {
  if (name === null) return null;
  return namespace === null || namespace === '' ? name : `${namespace}/${name}`;
}

export function nodeView(row: NodeShape): NodeView {
  return {
    id: row.id, cluster: row.cluster_id, clusterName: row.cluster_name, hostname: row.hostname, kernel: row.kernel, distribution: row.distribution, architecture: row.architecture,
    state: !row.has_sensor ? 'no-sensor' : row.connected ? 'connected' : 'away', connected: row.connected, lastSeenAt: timeOrNull(row.last_seen_at), containers: row.containers, processes: row.processes,
  };
}

export function containerView(row: ContainerShape): ContainerView {
  const [critical = 0, high = 0, medium = 0, low = 0, unknown = 0] = row.severities ?? [];
  // A list of which no package is covered by a feed has no counts: nothing is known of it.
  const isJudged = row.severities !== null && !(row.unfed !== null && row.unfed > 0 && row.unfed === row.packages);
  const unfed = row.unfed !== null && row.unfed > 0 ? [`No advisories are loaded for ${row.unfed} of these packages.`] : [];
  return {
    id: row.container_id,
    node: row.node_id,
    hostname: row.hostname,
    name: row.name === '' ? shortId(row.container_id) : row.name,
    workload: workloadWords(row.namespace, row.workload) ?? (row.name === '' ? shortId(row.container_id) : row.name),
    runtime: row.runtime,
    identity: row.identity as ContainerView['identity'],
    identityReason: row.identity_reason,
    image: row.image_name,
    indexDigest: row.index_digest,
    platformDigest: row.platform_digest,
    labels: row.labels,
    mounts: row.mounts,
    rootFilesystem: row.root_filesystem,
    startedAt: time(row.started_at),
    endedAt: timeOrNull(row.ended_at),
    seenFromStart: row.seen_from_start,
    privileged: row.privileged,
    podSandbox: row.pod_sandbox,
    processes: row.processes,
    packages: row.packages,
    inventoryProblems: [...row.inventory_problems, ...unfed],
    packagesLoaded: row.packages_loaded,
    vulnerabilities: isJudged ? { critical, high, medium, low, unknown } : null,
    podName: row.pod_name,
    podNamespace: row.pod_namespace,
  };
}

/** What is known of the packages of one container whose bit is not set. */
export function unloadedOf(observation: ObservationShape | undefined, hasList: boolean): Exclude<LoadedFactView, { state: 'yes' }> {
  if (observation === undefined) return { state: 'unknown', reason: hasList ? 'not watched: nothing was reported about this package list' : 'not scanned yet' };
  const fact = loadedFact([
    { loaded: false, seenFromStart: observation.seen_from_start, recordsLost: observation.records_lost, observedSeconds: observation.observed_seconds },
  ]);
  return fact.state === 'yes' ? { state: 'unknown', reason: 'not watched' } : fact;
}

export interface PackageWords {
  readonly unloaded: Exclude<LoadedFactView, { state: 'yes' }>;
  readonly observation: ObservationShape | undefined;
  readonly evidence: (fact: PackageShape['fact']) => string;
  readonly startedAt: Date;
}

export function packageView(row: PackageShape, words: PackageWords): PackageView {
  const first = row.fact === null ? (row.first_seen ?? words.startedAt) : new Date(row.fact.at);
  const last = words.observation === undefined || words.observation.observed_until < first ? first : words.observation.observed_until;
  return {
    ecosystem: row.ecosystem,
    name: row.name,
    version: row.version,
    path: row.path === '' ? null : row.path,
    loaded: row.loaded ? { state: 'yes', firstSeen: time(first), lastSeen: time(last), evidence: words.evidence(row.fact) } : words.unloaded,
    vulnerabilities: row.vulnerabilities,
  };
}

export function processView(row: ProcessShape): ExecutionView & { node: string; hostname: string; containerName: string | null; workload: string | null } {
  const parent = row.parent_tgid === null ? null : `${row.boot_id}-${row.parent_tgid}-${row.parent_start_ns}-${row.parent_exec_id}`;
  return {
    key: `${row.boot_id}-${row.tgid}-${row.start_ns}-${row.exec_id}`,
    parentKey: parent,
    pid: row.tgid,
    path: row.path,
    filename: row.filename,
    arguments: row.arguments,
    argumentsTruncated: row.arguments_truncated,
    uid: row.uid,
    command: row.command,
    containerId: row.container_id === '' ? null : row.container_id,
    hasTerminal: row.has_terminal,
    origin: row.origin,
    startedAt: time(row.started_at),
    endedAt: null,
    startedBeforeSensor: row.started_before_sensor,
    workingDirectory: row.working_directory,
    ...(row.kubernetes_users.length === 0 ? {} : { kubernetesUsers: row.kubernetes_users }),
    node: row.node_id,
    hostname: row.hostname,
    containerName: row.container_name === '' ? null : row.container_name,
    workload: workloadWords(row.namespace, row.workload),
  };
}

export function executionCountView(row: ExecutionShape): ExecutionCountView {
  return {
    hour: time(row.hour),
    node: row.node_id,
    hostname: row.hostname,
    workload: workloadWords(row.namespace, row.workload),
    containerId: row.container_id === '' ? null : row.container_id,
    path: row.path,
    parentPath: row.parent_path,
    uid: row.uid,
    origin: row.origin,
    identityPending: row.identity_pending,
    count: row.count,
    firstSeen: time(row.first_seen),
    lastSeen: time(row.last_seen),
    sample: row.sample as ExecutionView | null,
  };
}

export function incidentView(row: IncidentShape): IncidentView {
  return {
    id: String(row.id),
    title: row.title,
    kind: row.kind as IncidentView['kind'],
    severity: row.severity as Severity,
    state: row.state as IncidentView['state'],
    assignee: row.assignee,
    verdict: row.verdict as IncidentView['verdict'],
    source: row.source,
    attack: row.attack,
    cluster: row.cluster_name,
    place: { cluster: row.cluster_id, namespace: row.own_namespace },
    node: row.node_id,
    hostname: row.hostname,
    workload: workloadWords(row.namespace, row.workload),
    containerId: row.container_id,
    containerName: row.container_name,
    image: row.image_name,
    platformDigest: row.platform_digest,
    firstSeen: time(row.first_seen),
    lastSeen: time(row.last_seen),
    count: row.count,
    summary: row.summary,
    outcome: row.outcome as IncidentView['outcome'],
    nextAction: row.next_action,
  };
}

export function eventView(row: EventShape): FindingEventView {
  return {
    id: String(row.id),
    at: time(row.at),
    receivedAt: time(row.received_at),
    kind: row.kind as FindingEventView['kind'],
    source: row.source,
    output: row.output,
    fields: row.fields,
    outcome: row.outcome as FindingEventView['outcome'],
    mode: row.mode as PolicyMode | null,
    generation: row.generation,
    identityPending: row.identity_pending,
    tree: row.tree as ExecutionView[],
    count: row.count,
    lastAt: row.last_at === null ? null : time(row.last_at),
    varied: row.varied,
  };
}

export function vulnerabilityView(row: VulnerabilityShape): VulnerabilityView {
  return {
    id: row.name,
    aliases: row.aliases,
    summary: row.summary,
    severity: row.severity as VulnerabilitySeverity,
    cvss: row.cvss,
    packages: row.packages,
    fixedIn: row.fixed_in,
    workloads: row.workloads,
    loaded: { yes: row.loaded_yes, notSeen: row.loaded_not_seen, no: row.loaded_no, unknown: row.loaded_unknown },
    firstSeen: time(row.first_seen),
    exploited: row.exploited,
    score: row.score,
  };
}

export function vulnerabilityFacetsView({ critical, high, medium, low, unknown, ...loaded }: VulnerabilityFacets): VulnerabilityFacetsView {
  return { severity: { critical, high, medium, low, unknown }, loaded: { yes: loaded.loaded_yes, notSeen: loaded.loaded_not_seen, no: loaded.loaded_no, unknown: loaded.loaded_unknown } };
}

export function policyView(row: PolicyShape, rules: PolicyRules, since: Date): PolicyView {
  return {
    name: row.name,
    description: row.description,
    severity: row.severity,
    attack: row.attack,
    mode: row.mode,
    yaml: row.yaml,
    generation: row.generation,
    shipped: row.shipped,
    updatedAt: time(row.updated_at),
    updatedBy: row.updated_by,
    kernelForm: row.kernel_form,
    rules: [...rules],
    stages: policyStages.filter((stage) => rules.some((one) => one.actions[stage] !== undefined)),
    inForce: { sensors: row.sensors, sensorsTotal: row.sensors_total, problems: row.problems },
    verdicts: { killed: row.killed, wouldHaveKilled: row.would_have_killed, since: time(since) },
  };
}

export function sensorView(row: SensorShape, coveragePercent: number, canaries: SensorView['canaries']): SensorView {
  const { coverage } = row;
  return {
    id: row.id,
    node: row.node_id,
    hostname: row.hostname,
    cluster: row.cluster_id,
    clusterName: row.cluster_name,
    version: row.version,
    kernel: row.kernel,
    distribution: row.distribution,
    connected: row.connected,
    joinedAt: time(row.joined_at),
    lastSeenAt: timeOrNull(row.last_seen_at),
    certificateExpiresAt: time(row.certificate_expires_at ?? row.joined_at),
    clockSkewMs: row.clock_skew_ms,
    scopeCgroup: coverage?.scopeCgroup ?? null,
    hooks: coverage?.hooks ?? [],
    losses: coverage?.losses ?? [],
    enforcement: coverage?.enforcement ?? { mechanism: 'none', reason: 'not reported yet' },
    policyGeneration: coverage?.policyGeneration ?? null,
    problems: [...(coverage?.policyProblems ?? []), ...(coverage?.ruleProblems ?? [])],
    processesKnown: coverage?.processesKnown ?? 0,
    processesKnownMax: coverage?.processesKnownMax ?? 0,
    ringBytes: coverage?.ringBytes ?? 0,
    ringFillBytesMax: coverage?.ringFillBytesMax ?? 0,
    eventsSeen: coverage?.eventsSeen ?? 0,
    commandsRefused: coverage?.commandsRefused ?? 0,
    spoolBytes: coverage?.spoolBytes ?? 0,
    telemetryBatchesDropped: coverage?.telemetryBatchesDropped ?? 0,
    rulesActive: coverage?.rulesActive ?? 0,
    rssBytes: coverage?.rssBytes ?? 0,
    reportedAt: timeOrNull(row.reported_at),
    ownedLosses: coverage?.ownedLosses ?? [],
    tables: coverage?.tables ?? [],
    ruleReach: coverage?.ruleReach ?? [],
    containersPending: coverage?.containersPending ?? 0,
    detectionsPendingIdentity: coverage?.detectionsPendingIdentity ?? 0,
    canaries,
    coveragePercent,
  };
}

export function tokenView(row: TokenShape): TokenView {
  return { id: String(row.id), name: row.name, grants: row.grants, createdBy: row.created_by, createdAt: time(row.created_at), lastUsedAt: timeOrNull(row.last_used_at), expiresAt: timeOrNull(row.expires_at) };
}
