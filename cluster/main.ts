/**
 * The one file that knows the order of the cluster part: the API server says which cluster this is; the spool opens, so that
 * what is seen has a place; then the hub is joined, the relay listens for the sensors of the nodes, and what is watched is
 * told to the hub and to them. Steps do not know each other; what one needs of another is handed over here. It stops in the
 * opposite order.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DiskFailure } from '@vedette/link/spool/disk';
import type { Credentials } from '@vedette/link/transport/credentials';
import { openNodeDisk } from '@vedette/link/spool/node-disk';
import { openSpools, spoolBounds, type Spools } from '@vedette/link/spool/spools';
import { admissionSaid, openAdmission } from './admission-step.ts';
import { keepUnregistered, type Admission } from './admit/admission.ts';
import { configFromEnvironment, readClusterConfig, type ClusterConfig } from './config.ts';
import { clusterIdentity, type ClusterIdentity } from './facts.ts';
import { ClusterEffects } from './enforce/effects.ts';
import type { NetworkEnforcement } from './enforce/orders.ts';
import { startHealth } from './health.ts';
import { openKubernetes, type Kubernetes } from './kubernetes/client.ts';
import { readKubernetesConfig } from './kubernetes/config.ts';
import type { KubernetesObject } from './kubernetes/objects.ts';
import { watchResource } from './kubernetes/watch.ts';
import { HubLink } from './hub-link.ts';
import { log } from './log.ts';
import { bootId } from './part-facts.ts';
import { PodDirectory, podKinds } from './relay/pods.ts';
import { ClusterRelay } from './relay/relay.ts';
import { TrustWriter } from './relay/trust.ts';
import { vouch } from './relay/vouch.ts';
import { Reporter } from './reporter.ts';
import { ClusterWatch, type PartFacts } from './watch/cluster-watch.ts';

export interface RunningCluster {
  readonly identity: ClusterIdentity;
  readonly reporter: Reporter;
  readonly pods: PodDirectory;
  readonly relay: () => ClusterRelay | undefined;
  /** Undefined: it is off. */
  readonly admission: Admission | undefined;
  readonly credentials: () => Credentials | undefined;
  readonly healthPort: number;
  stop(): Promise<void>;
}

type Stops = (() => Promise<void> | void)[];

async function stopAll(stops: Stops): Promise<void> {
  for (let one = stops.pop(); one !== undefined; one = stops.pop()) await one();
}

/** Undefined: it was told to stop before it knew which cluster this is. */
export async function startCluster(config: ClusterConfig, signal: AbortSignal = new AbortController().signal): Promise<RunningCluster | undefined> {
  const stops: Stops = [];
  try {
    mkdirSync(config.stateDirectory, { recursive: true, mode: 0o700 });
    chmodSync(config.stateDirectory, 0o700);
    const kubernetes = openKubernetes(readKubernetesConfig({ kubeconfig: config.kubeconfig }));
    stops.push(() => kubernetes.close());
    const spools = openSpool(config);
    stops.push(() => {
      spools.sync();
      spools.close();
    });
    const reporter = new Reporter({ spools, bootId: bootId(), nowMs: () => Date.now(), log });
    const pods = new PodDirectory();
    const parts: Parts = { spools, reporter, pods, isKnown: false, link: undefined, watch: undefined, admission: undefined };
    const health = await startHealth({ ready: () => readyOf(parts), metrics: () => metricsOf(parts) }, config.health);
    stops.push(() => health.close());
    const identity = await identityOnce(kubernetes, signal);
    if (identity === undefined) {
      await stopAll(stops);
      return undefined;
    }
    parts.isKnown = true;
    log('info', 'the cluster part runs', { cluster: identity.uid, kubernetes: identity.kubernetesVersion });
    const effects = clusterEffects(config, kubernetes, reporter, () => parts.watch?.network);
    const admission = openAdmission(config, kubernetes, parts);
    const link = linkToHub(config, { kubernetes, spools, pods, identity, effects, admission });
    parts.link = link;
    parts.admission = admission;
    stops.push(() => link.stop());
    // stored before the link ends, so that what fits into its last moment is delivered
    stops.push(() => reporter.close());
    stops.push(watchCluster(kubernetes, parts, () => ({ ...identity, nodesWithSensor: link.relay?.nodesWithSensor ?? [], ...admissionSaid(admission) })));
    admission?.start();
    stops.push(() => admission?.stop());
    if (admission === undefined && config.admission !== undefined) stops.push(keepUnregistered(kubernetes, config.admission.name, log));
    return { identity, reporter, pods, admission, relay: () => link.relay, credentials: () => link.credentials, healthPort: health.port, stop: () => stopAll(stops) };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** As far as they are there yet. */
interface Parts {
  readonly spools: Spools;
  readonly reporter: Reporter;
  readonly pods: PodDirectory;
  isKnown: boolean;
  link: HubLink | undefined;
  watch: ClusterWatch<KubernetesObject> | undefined;
  admission: Admission | undefined;
}

function readyOf({ isKnown, pods, link }: Parts): Record<string, boolean> {
  return { kubernetes: isKnown, pods: pods.isListed, relay: link?.relay?.isListening === true };
}

function metricsOf({ spools, reporter, pods, link, admission }: Parts): Record<string, number> {
  return {
    ...admission?.metrics,
    records_reported: reporter.reported,
    records_too_large: reporter.tooLarge,
    spool_blocked: reporter.problem === undefined ? 0 : 1,
    spool_bytes: spools.bytes('detection') + spools.bytes('telemetry'),
    pods: pods.size,
    pods_malformed: pods.malformed,
    hub_connected: link?.isConnected === true ? 1 : 0,
    relay_connections: link?.relay?.connections ?? 0,
    nodes_with_sensor: link?.relay?.nodesWithSensor.length ?? 0,
  };
}

/** Nothing is changed where the cluster itself or Vedette lives. */
const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease'] as const;

function clusterEffects(config: ClusterConfig, kubernetes: Kubernetes, reporter: Reporter, network: () => NetworkEnforcement | undefined): ClusterEffects {
  return new ClusterEffects({
    kubernetes,
    network: () => network() ?? { enforcement: 'unknown', evidence: 'The DaemonSets of the cluster are not known yet.' },
    excludedNamespaces: [...systemNamespaces, config.namespace],
    nowMs: () => Date.now(),
    report: (record) => reporter.report(record, 'detection'),
    log,
  });
}

function linkToHub(config: ClusterConfig, given: { kubernetes: Kubernetes; spools: Spools; pods: PodDirectory; identity: ClusterIdentity; effects: ClusterEffects; admission: Admission | undefined }): HubLink {
  const { kubernetes, spools, pods, identity, effects, admission } = given;
  const { namespace, sensorServiceAccount: serviceAccount, tokenAudience: audience, trustConfigMap } = config;
  const trust = new TrustWriter(kubernetes, { namespace, name: trustConfigMap }, log);
  return new HubLink({
    config,
    spools,
    facts: { uid: identity.uid, kubernetesVersion: identity.kubernetesVersion, name: config.clusterName },
    log,
    onCommand: ({ kind }) => {
      if (kind.case === 'policies') admission?.setPolicies(kind.value);
      if (kind.case === 'exceptions') admission?.setExceptions(kind.value);
      if (kind.case === 'effects') effects.take(kind.value.effects);
    },
    relay: (upstream) =>
      new ClusterRelay({
        stateDirectory: config.stateDirectory,
        listen: config.relay,
        url: config.relay.url,
        upstream,
        vouch: (token) => vouch({ kubernetes, namespace, serviceAccount, audience }, token),
        pods: (node, until) => pods.sets(node, until),
        trust: (said) => trust.say(said),
        log,
      }),
    onStopped: () => trust.stop(),
  });
}

/**
 * What is watched is told to the hub, and pods (of ReplicaSets and Jobs whose they are) to the sensors: one watch a kind for
 * both. The answer stops it.
 */
function watchCluster(kubernetes: Kubernetes, parts: Parts, facts: () => ClusterIdentity & Omit<PartFacts, 'clusterUid'>): () => Promise<void> {
  const until = new AbortController();
  const { reporter, pods } = parts;
  const watch = new ClusterWatch<KubernetesObject>({
    watch: (target, handler, signal) => watchResource(kubernetes, target, handler, signal),
    report: (record, stream) => reporter.report(record, stream),
    observers: Object.fromEntries(podKinds.map((kind) => [kind, pods.handler(kind)])),
    part: () => {
      const { uid, ...rest } = facts();
      return { clusterUid: uid, ...rest };
    },
    problem: (kind, reason) => log(reason === null ? 'info' : 'warn', reason === null ? 'it is watched' : 'it cannot be watched', { kind, ...(reason === null ? {} : { reason }) }),
    nowMs: () => Date.now(),
    freshId: () => randomBytes(8).toString('hex'),
  });
  parts.watch = watch;
  const running = watch.run(until.signal);
  return async () => {
    until.abort();
    await running;
  };
}

function openSpool(config: ClusterConfig): Spools {
  const disk = openNodeDisk(path.join(config.stateDirectory, 'spool'));
  if (disk instanceof DiskFailure) throw new Error(`the spool cannot be opened: ${disk.message}`);
  const spools = openSpools({
    disk,
    bounds: config.spoolBytesMax === undefined ? spoolBounds : { ...spoolBounds, bytesMax: config.spoolBytesMax },
    // there is no log of commits beside the spool: what is in it counts
    lastCommit: Number.MAX_SAFE_INTEGER,
    freshEpoch: randomBytes(8).toString('hex'),
    drops: undefined,
  });
  if (spools instanceof DiskFailure) throw new Error(`the spool cannot be opened: ${spools.message}`);
  for (const problem of spools.problems) log('warn', problem);
  return spools;
}

/** Asked for until it is known: without it nobody could say which cluster this is. */
async function identityOnce(kubernetes: Kubernetes, signal: AbortSignal): Promise<ClusterIdentity | undefined> {
  let said = '';
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(15_000, waitMs * 2)) {
    const answer = await clusterIdentity(kubernetes);
    if (answer.kind === 'ok') return answer.value;
    if (answer.message !== said) log('warn', 'the API server does not say which cluster this is', { reason: answer.reason, error: answer.message });
    said = answer.message;
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } }, strict: true });
  const given: unknown = JSON.parse(values.config ?? '{}');
  const config = readClusterConfig({ ...configFromEnvironment(process.env), ...(typeof given === 'object' ? given : {}) });
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.abort());
  const running = await startCluster(config, asked.signal);
  if (running === undefined) return;
  if (!asked.signal.aborted) await new Promise((resolve) => asked.signal.addEventListener('abort', resolve, { once: true }));
  log('info', 'the cluster part stops');
  await running.stop();
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    log('error', 'the cluster part cannot go on', { error: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  });
}
