/**
 * The one file that knows the order of the hub: state directory and everything from the checkout first, then (as root)
 * privileges are dropped, then store, ingest, assess, api and link start, each when what it needs is there. It is ready
 * when the database is migrated and both servers listen; it stops in the opposite order. Steps do not know each other;
 * what one needs of another is handed over here.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { LiveTopic } from '@vedette/model/api/table';
import { version } from '@vedette/model/version';
import type { CheckedControl } from '@vedette/policy/posture/control';
import { FollowedAdvisories } from './advisory-store.ts';
import { Live } from './api/live.ts';
import type { AssessDoor, Doors } from './api/doors.ts';
import { buildServer, warmUp, type ApiServer } from './api/server.ts';
import { readStaticFiles, type StaticFiles } from './api/static-files.ts';
import { Assessor } from './assess/assessor.ts';
import { CanaryWatch } from './assess/canary-watch.ts';
import { canariesView, canaryStates } from './assess/canaries.ts';
import { coverageDetail } from './assess/coverage-detail.ts';
import { sensorPercent } from './assess/coverage.ts';
import { answerImage } from './assess/image-answers.ts';
import { imageFactsOf, type ImageSources } from './assess/image-facts.ts';
import { evidenceSentence } from './assess/finding.ts';
import { coverage, riskSummary, vulnerabilityDetail } from './assess/risk.ts';
import { Posture } from './assess/posture.ts';
import { Violations } from './assess/violations.ts';
import { serviceExposure } from './assess/service-exposure.ts';
import { loadedPoints } from './assess/weights.ts';
import { advisoriesFileOf, answeredHosts, readConfig, type HubConfig, type HubConfigInput } from './config.ts';
import { makeFirstPerson, seedContent } from './first-start.ts';
import { Commands } from './ingest/commands.ts';
import { IntakeCounters } from './ingest/counters.ts';
import { makeIntake } from './ingest/deliver.ts';
import { startLink, type LinkDoors, type RunningLink } from './link-server.ts';
import { makeLog, type Log } from './log.ts';
import { hubMetrics } from './hub-metrics.ts';
import { answerPasswordResets } from './password-reset.ts';
import { readPolicy } from './policy-reader.ts';
import { exceptionsInForce, readControls } from './posture-reader.ts';
import { dropPrivileges, ownDirectory, readContent, writeSecretFile, type Content } from './state.ts';
import { endLearning } from './store/baselines.ts';
import { currentMatches } from './store/assessing.ts';
import { namespacesOfContainers } from './store/containers.ts';
import { openDatabase, type Database } from './store/database.ts';
import { touchSensors } from './store/fleet.ts';
import { migrate, readMigrations, type Migration } from './store/migrate.ts';
import { tendPartitions } from './store/partitions.ts';
import { copyBinaries, type PostgresBinaries } from './store/postgres-binaries.ts';
import { isTrouble, startPostgres, type RunningPostgres } from './store/postgres.ts';
import { removeOutdated } from './store/retention.ts';
import { Rounds } from './rounds.ts';
import { openOrigin, startOriginRounds } from './origin-step.ts';
import { originFacts } from './trace/reader.ts';
import { openResponses, receiverProbe, sourceOf, startResponseRounds } from './respond-step.ts';
import type { Responses } from './respond/start.ts';
import type { Origin } from './trace/start.ts';

/** What comes out of the checkout; read before privileges are dropped. */
interface Prepared {
  readonly config: HubConfig;
  readonly log: Log;
  readonly binaries: PostgresBinaries | undefined;
  readonly migrations: readonly Migration[];
  readonly content: Content;
  readonly files: StaticFiles | undefined;
}

export interface RunningHub {
  readonly url: string;
  readonly linkAddress: string;
  /** Only on the very first start; also in `first-start.json` of the state directory. */
  readonly firstPerson: { readonly user: string; readonly password: string } | undefined;
  readonly database: Database;
  readonly assessor: Assessor;
  readonly origin: Origin;
  readonly responses: Responses;
  readonly posture: Posture;
  /** A one-time token for one sensor of the cluster of plain hosts. */
  joinToken(validMinutes?: number): Promise<string>;
  /** Resolves with the reason when the hub cannot go on. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

export async function startHub(input: HubConfigInput): Promise<RunningHub> {
  return runHub(await prepareHub(input));
}

export async function prepareHub(input: HubConfigInput): Promise<Prepared> {
  const config = readConfig(input);
  await ownDirectory(config.stateDirectory, config.user);
  await ownDirectory(path.dirname(advisoriesFileOf(config)), config.user, 0o755);
  await warmUp();
  const isEmbedded = config.databaseUrl === undefined;
  return {
    config,
    log: makeLog(config.logLevel),
    binaries: isEmbedded ? await copyBinaries(config.postgresBinaries ?? path.join(config.stateDirectory, 'postgres-binaries')) : undefined,
    migrations: await readMigrations(),
    content: await readContent(config.contentDirectory),
    files: config.consoleDirectory === undefined ? undefined : await readStaticFiles(config.consoleDirectory),
  };
}

async function openStore(prepared: Prepared): Promise<{ postgres: RunningPostgres | undefined; database: Database }> {
  const { config, log, binaries } = prepared;
  const postgres =
    binaries === undefined
      ? undefined
      : await startPostgres({
          directory: path.join(config.stateDirectory, 'postgres'),
          binaries,
          user: config.user,
          unsafeFast: config.unsafeFast,
          log: (line) => log(isTrouble(line) ? 'warn' : 'debug', 'postgres', { line }),
        });
  try {
    const connection = postgres?.connection ?? { connectionString: config.databaseUrl ?? '' };
    const database = await openDatabase(connection, { onIdleError: (error) => log('warn', 'a database connection broke', { error: error.message }) });
    const applied = await migrate(database, prepared.migrations);
    if (applied > 0) log('info', 'the database was migrated', { applied });
    return { postgres, database };
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}

/** The cluster of plain hosts. */
const hostsCluster = 'hosts';

/** Read by whoever starts the sensor of this host, who is root or the hub's own user. */
async function writeLocalJoin(config: HubConfig, token: string): Promise<void> {
  await writeSecretFile(path.join(config.stateDirectory, 'local-join.json'), { token, cluster: hostsCluster, madeAt: new Date().toISOString(), validMinutes: 60 }, config.user);
}

/** What is stopped, the last started first. */
type Stops = (() => Promise<void> | void)[];

async function stopAll(stops: Stops): Promise<void> {
  for (let one = stops.pop(); one !== undefined; one = stops.pop()) await one();
}

/** The steps between store and servers, knowing each other only through what is handed over here. */
interface Steps {
  readonly canaries: CanaryWatch;
  readonly advisories: FollowedAdvisories;
  readonly live: Live;
  readonly assessor: Assessor;
  readonly commands: Commands;
  readonly counters: IntakeCounters;
  readonly assess: AssessDoor;
  readonly posture: Posture;
  readonly controls: readonly CheckedControl[];
  readonly linkDoors: Omit<LinkDoors, 'owner'>;
  readonly origin: Origin;
  readonly responses: Responses;
}

async function assemble({ config, log, content }: Prepared, database: Database): Promise<Steps> {
  const now = (): Date => new Date();
  const canaryGraceMs = config.canaryGraceSeconds * 1000;
  const live = new Live();
  const advisories = new FollowedAdvisories(advisoriesFileOf(config));
  const changed = (topics: Iterable<LiveTopic>, clusterId: string | null, namespace?: string | null): void => {
    const all = [...topics];
    live.publish(all, clusterId, namespace);
    if (all.includes('exceptions')) commands.exceptionsChanged();
  };
  const controls = readControls(content.controls, log);
  const posture = new Posture({ database, controls, exceptions: () => exceptionsInForce(database, log), now, changed: (clusterId) => changed(['posture'], clusterId), log });
  const canaries = new CanaryWatch({ database, now, graceMs: canaryGraceMs, changed: () => changed(['sensors'], null), log });
  const counters = new IntakeCounters();
  const commands = new Commands({ database, now, changed: (clusterId) => changed(['sensors'], clusterId) });
  const origin = await openOrigin(config, database, { changed: () => changed(['images'], null), log, probeReceiver: receiverProbe(sourceOf(config)) });
  const responses = openResponses({ database, seal: origin.seal, commands, changed, source: sourceOf(config), log });
  const images: ImageSources & { readonly database: Database } = { database, advisories: () => advisories.now, now, origin: originFacts };
  const violations = new Violations({ ...images, bansChanged: (clusterIds) => commands.imageVerdictsChanged(clusterIds), log });
  const assessor = new Assessor({ database, advisories: () => advisories.now, now, violations, changed: (place) => changed(['vulnerabilities'], place?.cluster_id ?? null, place?.namespace), violationsChanged: () => changed(['violations'], null), log });
  const intake = makeIntake({ database, now, counters, changed, changedInContainers: (inContainers, where) => void tellNamespaces(database, live, inContainers, where).catch((error: unknown) => log('warn', 'who sees only namespaces was not told of a change', { error: String(error) })), log });
  const risk = { database, advisories: () => advisories.now, now, canaryGraceMs, asked: () => violations.asked, registries: origin.reader.risks };
  const assess: AssessDoor = {
    riskSummary: (scope) => riskSummary(risk, scope),
    coverage: (scope) => coverage(risk, scope),
    coverageDetail: (scope) => coverageDetail(risk, scope),
    canaryStates: (sensor) => canariesView(canaryStates(sensor, { now: now(), graceMs: canaryGraceMs })),
    vulnerability: (scope, name) => vulnerabilityDetail(risk, scope, name),
    feeds: () => ({ items: advisories.now.source?.feeds(now()) ?? [], problem: advisories.now.source === undefined ? advisories.now.problem : null }),
    async reload() {
      advisories.follow();
      await assessor.settle();
      return { advisories: advisories.now.source?.advisories ?? 0, matches: await currentMatches(database) };
    },
    sensorPercent,
    evidence: evidenceSentence,
    imageFacts: (wanted) => imageFactsOf(database, wanted, images),
    serviceExposure,
    loadedPoints,
  };
  return { advisories, live, canaries, assessor, commands, counters, assess, origin, responses, posture, controls, linkDoors: { database, now, intake, commands, changed, log, answerImage: (wanted) => answerImage(wanted, { ...images, hear: origin.hear, settle: () => assessor.settle() }) } };
}

/** Looked up only when somebody listens who sees no more: the intake does not wait for it. */
async function tellNamespaces(database: Database, live: Live, inContainers: ReadonlyMap<string, Iterable<LiveTopic>>, { clusterId, nodeId }: { readonly clusterId: string; readonly nodeId: string }): Promise<void> {
  if (inContainers.size === 0 || !live.hearsNamespacesOf(clusterId)) return;
  for (const { container_id: containerId, namespace } of await namespacesOfContainers(database, nodeId, [...inContainers.keys()])) live.publish(inContainers.get(containerId) ?? [], clusterId, namespace);
}

export async function runHub(prepared: Prepared): Promise<RunningHub> {
  const { config, log } = prepared;
  const { postgres, database } = await openStore(prepared);
  const failure = Promise.withResolvers<string>();
  void postgres?.died.then((reason) => failure.resolve(reason));
  const stops: Stops = [() => postgres?.stop(), () => database.close()];
  try {
    await tendPartitions(database, new Date(), partitionDays(config));
    await seedContent(database, prepared.content, readPolicy, log, new Date());
    const steps = await assemble(prepared, database);
    await steps.responses.seed(prepared.content.playbooks);
    stops.push(() => steps.advisories.close());
    const link = await startLink({ ...steps.linkDoors, owner: config.user }, config);
    stops.push(() => link.close());
    const api = await listen(prepared, steps, link, stops);
    const url = urlOf(api, config);
    const firstPerson = await makeFirstPerson(database, { stateDirectory: config.stateDirectory, owner: config.user, url, passwordFile: config.adminPasswordFile }, new Date());
    const joinToken = (validMinutes = 60): Promise<string> => link.newJoinToken(hostsCluster, 'this hub', validMinutes);
    if (config.localJoin) await writeLocalJoin(config, await joinToken());
    stops.push(startRounds(config, log, database, steps, link));
    log('info', 'the hub is ready', { url, link: link.address });
    return {
      url,
      linkAddress: link.address,
      firstPerson,
      database,
      assessor: steps.assessor,
      origin: steps.origin,
      responses: steps.responses,
      posture: steps.posture,
      failed: failure.promise,
      joinToken,
      stop: () => stopAll(stops),
    };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** The API is the last to listen: whoever gets an answer gets a whole one. */
async function listen(prepared: Prepared, steps: Steps, link: RunningLink, stops: Stops): Promise<ApiServer> {
  const { config, log } = prepared;
  const { database, now } = steps.linkDoors;
  let listening = false;
  const doors: Doors = {
    database,
    now,
    log,
    readPolicy,
    assess: steps.assess,
    origin: steps.origin,
    responses: steps.responses,
    posture: { controls: steps.controls.map((one) => one.control), hub: { name: hostname(), version } },
    changed: steps.linkDoors.changed,
    fleet: { makeJoinToken: (part) => link.makeJoinToken(part), policiesChanged: () => steps.commands.policiesChanged(), baselinesChanged: (clusterIds) => steps.commands.baselinesChanged(clusterIds), sensorRemoved: (sensorId) => steps.commands.removed(sensorId), rulesChanged: () => steps.commands.rulesChanged() },
    metrics: () => hubMetrics({ counters: steps.counters, commands: steps.commands, assessor: steps.assessor, database, advisories: steps.advisories.now, tracer: steps.origin.tracer, canaries: steps.canaries }),
  };
  const api = buildServer(doors, steps.live, {
    version,
    files: prepared.files,
    hosts: answeredHosts(config.api),
    behindTls: config.api.behindTls,
    async ready() {
      const parts = { database: await isAnswering(database), link: link.listening, api: listening };
      return { ready: Object.values(parts).every(Boolean), parts };
    },
  });
  stops.push(() => api.close());
  await api.http.listen({ host: config.api.host, port: config.api.port });
  listening = true;
  return api;
}

async function isAnswering(database: Database): Promise<boolean> {
  return database.query('select 1').then(() => true, () => false);
}

function partitionDays(config: HubConfig): { event: number; execution_hour: number; flow: number } {
  return { event: config.keepDays.events, execution_hour: config.keepDays.executions, flow: config.keepDays.flows };
}

function startRounds(config: HubConfig, log: Log, database: Database, steps: Steps, link: RunningLink): () => Promise<void> {
  const rounds = new Rounds(log);
  const now = (): Date => new Date();
  const kept = { endedContainersDays: config.keepDays.endedContainers, closedRunsDays: config.keepDays.closedRuns, countsDays: config.keepDays.executions };
  rounds.every('assess', 1000, () => steps.assessor.settle());
  rounds.every('posture', 5000, () => steps.posture.settle());
  // A look at one file: what a feed has made critical is to be found within seconds.
  rounds.every('advisories', 1000, async () => {
    if (!steps.advisories.follow()) return;
    steps.linkDoors.changed(['advisories'], null);
    await steps.assessor.settle();
  });
  rounds.every('password resets', 1000, () => answerPasswordResets(database, { stateDirectory: config.stateDirectory, owner: config.user }, log, now()));
  rounds.every('presence', 15_000, () => touchSensors(database, steps.commands.connected, now()));
  rounds.every('canaries', config.canaryGraceSeconds * 1000, () => steps.canaries.look());
  rounds.every('certificates', 86_400_000, () => link.renewCertificate());
  rounds.every('partitions', 3_600_000, () => tendPartitions(database, now(), partitionDays(config)));
  rounds.every('retention', 3_600_000, () => removeOutdated(database, now(), kept));
  rounds.every('baselines', 10_000, () => endLearningRound(database, now(), steps));
  startOriginRounds(rounds, config, steps.origin, log);
  startResponseRounds(rounds, steps.responses);
  return async () => {
    await rounds.stop();
    await steps.responses.engine.stop();
  };
}

/** Learning ends by its rule. */
async function endLearningRound(database: Database, now: Date, { commands, live }: Steps): Promise<void> {
  const ended = await database.patient((db) => endLearning(db, now));
  for (const { cluster_id: clusterId, namespace } of ended) live.publish(['baselines'], clusterId, namespace === '' ? null : namespace);
  if (ended.length > 0) commands.baselinesChanged([...new Set(ended.map((one) => one.cluster_id))]);
}

function urlOf(api: ApiServer, config: HubConfig): string {
  const address = api.http.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.api.port;
  const host = config.api.host.includes(':') ? `[${config.api.host}]` : config.api.host;
  return `http://${host}:${port}`;
}

/** `uid:gid`, as numbers: names need a look-up that Node does not have. */
function ownerOf(text: string | undefined): HubConfigInput['user'] {
  const parts = /^(\d{1,9}):(\d{1,9})$/.exec(text ?? '');
  if (text !== undefined && parts === null) throw new Error(`--user takes uid:gid in numbers, not ${text}`);
  return parts === null ? undefined : { uid: Number(parts[1]), gid: Number(parts[2]) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, user: { type: 'string' } },
    strict: true,
  });
  const given = JSON.parse(values.config ?? '{}') as HubConfigInput;
  const user = ownerOf(values.user) ?? given.user;
  const databaseUrl = given.databaseUrl ?? process.env.DATABASE_URL;
  const prepared = await prepareHub({ ...given, ...(user === undefined ? {} : { user }), ...(databaseUrl === undefined || databaseUrl === '' ? {} : { databaseUrl }) });
  if (process.getuid?.() === 0) {
    if (prepared.config.user === undefined) throw new Error('Started as root, the hub needs --user uid:gid to become.');
    dropPrivileges(prepared.config.user);
  }
  const hub = await runHub(prepared);
  process.stdout.write(`${JSON.stringify({ event: 'ready', url: hub.url, link: hub.linkAddress, stateDirectory: prepared.config.stateDirectory, firstStart: hub.firstPerson !== undefined })}\n`);
  const ended = Promise.withResolvers<string | undefined>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.resolve(undefined));
  void hub.failed.then((reason) => ended.resolve(reason));
  const reason = await ended.promise;
  prepared.log(reason === undefined ? 'info' : 'error', 'the hub stops', reason === undefined ? {} : { reason });
  await hub.stop();
  process.exitCode = reason === undefined ? 0 : 70;
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level: 'error', part: 'hub', message: 'the hub did not start', error: error instanceof Error ? error.message : String(error) })}\n`);
    process.exitCode = 1;
  });
}
