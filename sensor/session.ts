/**
 * One life of the sensor process: hello from the loader, the memory of its predecessor put back, then records in, commits
 * out, until the loader closes the pipe. What the predecessor had stored already is skipped by ring position; what it had
 * read and not stored comes again from the ring.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openNodeDisk } from '@vedette/link/spool/node-disk';
import { openSpools, spoolBounds, type Spools } from '@vedette/link/spool/spools';
import { DiskFailure } from '@vedette/link/spool/disk';
import type { HelloEvent, KernelEvent } from '@vedette/model/event';
import type { Command as HubCommand } from '@vedette/model/wire/generated/link_pb';
import type { SensorConfig } from './config.ts';
import { ContainerDesk } from './container-desk.ts';
import { coverageReport } from './coverage-report.ts';
import { schema } from './decode/layout.ts';
import { EventStream } from './decode/stream.ts';
import { unseenKinds } from './detect/baseline/learner.ts';
import { EffectDesk } from './effect-desk.ts';
import type { LoaderConnection } from './enforce/loader.ts';
import { InventoryRunner } from './enrich/inventory/runner.ts';
import { Identifier } from './enrich/runtime/identify.ts';
import { GiveBack } from './give-back.ts';
import { HubWordsFile, type HubWords } from './hub-words.ts';
import type { Log } from './log.ts';
import { hostUserNames, linkOf } from './node-facts.ts';
import { Pipeline } from './pipeline.ts';
import { Recall } from './recall.ts';
import { Committer } from './ship/committer.ts';
import { StateLog, type Recovered } from './ship/state-log.ts';
import type { Uplink } from '@vedette/link/transport/uplink';
import { toldPods, ToldPodsFile } from './told-pods.ts';
import { sensorUplink } from './uplink.ts';

const tickMs = 50;
/** So much unacknowledged ring is committed at once, so that a storm never waits for the clock; of a small ring less. */
const commitBytes = 1 << 20;
const commitOfRing = 8;
/** What is only counts, flows and processes that came and went waits longer: what a commit costs hardly depends on what is in it. */
const calmCommitMs = 1000;
/** Between two commits that detections ask for. */
const detectionMs = 20;
const reportMs = 5000;
/** The first canaries, after the session began; those of a sensor that was started again wait as long. */
const firstCanaryMs = 5000;
const rulesToldMs = 300_000;
const blockedRetryMs = 500;

export interface SessionOptions {
  readonly config: SensorConfig;
  readonly log: Log;
  readonly loader: LoaderConnection | null;
  readonly rules: readonly { readonly name: string; readonly text: string }[];
  /** The loader has no programs in the kernel: what can be listed without them is listed before its snapshot ends. */
  readonly onUnseeing?: () => void;
  /** The disk takes nothing (true) or takes something again (false): the reader waits meanwhile. */
  readonly onBlocked: (isBlocked: boolean) => void;
}

/** Open once the loader has said hello. */
interface Opened {
  readonly spools: Spools;
  readonly committer: Committer;
  readonly uplink: Uplink;
  readonly ringEpoch: number;
  readonly ringBytes: number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #log: Log;
  readonly pipeline: Pipeline;
  readonly stream: EventStream;
  readonly #desk: ContainerDesk;
  readonly #words: HubWordsFile;
  readonly #toldPods: ToldPodsFile;
  readonly #effectDesk: EffectDesk;
  readonly #recall: Recall;
  readonly #stateLog: StateLog;
  readonly #recovered: Recovered;
  readonly #giveBack = new GiveBack();
  #open: Opened | null = null;
  #skipTo = 0;
  #acknowledged = 0;
  #committedAtMs = 0;
  #reportedAtMs = 0;
  #blockedUntilMs = 0;
  #nextCanaryMs = Number.POSITIVE_INFINITY;
  #rulesTold: { readonly generation: number; readonly atMs: number } | null = null;
  #loaderGone: string | null = null;
  #problems: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    const { config, log } = options;
    this.#options = options;
    this.#log = log;
    const { log: stateLog, recovered } = StateLog.open(config.stateDirectory);
    this.#stateLog = stateLog;
    this.#recovered = recovered;
    this.#words = new HubWordsFile(config.stateDirectory);
    this.#toldPods = new ToldPodsFile(config.stateDirectory);
    this.#desk = new ContainerDesk({
      pipeline: () => this.pipeline,
      identifier: new Identifier(config),
      runner: new InventoryRunner(join(config.stateDirectory, 'inventories'), config.scannerProgram),
      runcStates: config.runcStates,
      ownRootIsHosts: config.cluster === undefined,
    });
    this.pipeline = new Pipeline({
      host: { hostname: config.cluster?.nodeName || hostname(), userName: hostUserNames(config.cluster !== undefined) },
      effects: {
        identify: (container, hint) => {
          this.#effectDesk.containerSeen(container);
          void this.#desk.attend(container, hint);
        },
        command: (command) => void this.#command(command),
        kill: (verdict) => void this.#kill(verdict),
        knownContainer: (path, key) => this.#desk.knownAt(path, key),
        linkOf,
      },
    });
    this.#effectDesk = new EffectDesk({ pipeline: this.pipeline, loader: options.loader, commit: () => this.commit(), log });
    this.#recall = new Recall(this.pipeline);
    this.stream = new EventStream((event) => this.take(event));
  }

  /** Which containers were there before: asked when the loader has attached its programs, which see those that come later. */
  async attached(): Promise<void> {
    await this.#desk.prepare();
  }

  prepare(): void {
    this.pipeline.podsTold(this.#toldPods.read());
    const { policies, rules, images, baselines } = this.#words.words;
    if (baselines !== null) this.#loadBaselines(baselines);
    this.pipeline.loadRules(rules?.files ?? this.#options.rules);
    if (policies !== null) this.pipeline.enforcer.setPolicies(policies.texts, policies.generation);
    if (images !== null) this.pipeline.enforcer.setImages(images);
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** After each piece of the pipe. What was detected is stored and on its way at once, unless that was done a moment ago. */
  onBytes(): void {
    const { shipment } = this.pipeline;
    if (shipment.hasDetections && performance.now() - this.#committedAtMs >= detectionMs && performance.now() >= this.#blockedUntilMs) return this.commit();
    if (this.stream.ringPosition - this.#acknowledged >= this.#commitBytes || shipment.isFull) this.commit();
  }

  get #commitBytes(): number {
    const ringBytes = this.#open?.ringBytes ?? 0;
    return ringBytes === 0 ? commitBytes : Math.min(commitBytes, ringBytes / commitOfRing);
  }

  take(event: KernelEvent): void {
    if (event.kind === 'hello') return this.#greeted(event);
    // nothing to skip is not everything up to 0: without a ring all records are at 0
    else if (this.#skipTo > 0 && isFromRing(event) && this.stream.ringPosition <= this.#skipTo) return;
    this.pipeline.onEvent(event);
    if (event.kind === 'snapshot-end') this.#afterSnapshot();
  }

  #greeted(event: HelloEvent): void {
    this.#hello(event);
    this.pipeline.onEvent(event);
    if (event.problem !== '') this.#options.onUnseeing?.();
  }

  #hello(event: HelloEvent): void {
    if (event.schema !== schema) throw new Error(`the loader speaks schema ${event.schema} and this sensor ${schema}: they are not of one build`);
    const last = this.#recovered.entries.at(-1);
    const sameBoot = last?.bootId === event.bootId;
    const sameRing = sameBoot && last.ringEpoch === event.ringEpoch && event.ringEpoch !== 0;
    const { drops } = this.#recall.restore(this.#recovered.entries, sameBoot);
    this.#skipTo = sameRing ? last.ringPosition : 0;
    this.#acknowledged = event.ringPosition;
    if (sameBoot && !sameRing) this.pipeline.exposure.gap();
    this.pipeline.coverage.session(!sameRing);
    if (event.problem !== '') this.#log('warn', 'nothing is seen by kernel programs', { reason: event.problem });
    this.#open = this.#openSpools(event, { lastCommit: sameRing ? last.commit : Number.MAX_SAFE_INTEGER, first: sameRing ? last.commit : Math.max(last?.commit ?? 0, Date.now()), drops });
    this.#log('info', 'session', { kernel: event.kernelRelease, session: event.session, sameBoot, sameRing, restoredProcesses: this.pipeline.processes.size, skipTo: this.#skipTo, cutBytes: this.#recovered.cutBytes });
    this.#open.uplink.start();
  }

  #openSpools(hello: HelloEvent, at: { lastCommit: number; first: number; drops: ReturnType<Recall['restore']>['drops'] }): Opened {
    const { config } = this.#options;
    const disk = openNodeDisk(join(config.stateDirectory, 'spool'));
    if (disk instanceof DiskFailure) throw new Error(`the spool cannot be opened: ${disk.message}`);
    const spools = openSpools({
      disk,
      bounds: config.spoolBytesMax === undefined ? spoolBounds : { ...spoolBounds, bytesMax: config.spoolBytesMax },
      lastCommit: at.lastCommit,
      freshEpoch: randomBytes(8).toString('hex'),
      drops: at.drops,
    });
    if (spools instanceof DiskFailure) throw new Error(`the spool cannot be opened: ${spools.message}`);
    this.#problems = [...spools.problems];
    const uplink = sensorUplink({
      directory: config.stateDirectory,
      joinTokenFile: config.joinTokenFile,
      cluster: config.cluster,
      spools,
      bootId: hello.bootId,
      log: this.#log,
      onCommand: (command) => this.#onHubCommand(command),
    });
    return { spools, committer: new Committer(spools, this.#stateLog, at.first), uplink, ringEpoch: hello.ringEpoch, ringBytes: hello.ringBytes };
  }

  /** Containers of before have no index in this process, and some had not been identified yet. */
  #afterSnapshot(): void {
    for (const container of this.pipeline.containers.all()) {
      if (!this.pipeline.exposure.hasInventory(container.id) && container.identity !== null) void this.#desk.attend(container, null);
    }
    const { coverage: { hooks }, pushed } = this.pipeline;
    const missing = [...new Set(hooks.filter((one) => !hooks.some((other) => other.eventClass === one.eventClass && other.attached)).map((one) => one.eventClass))];
    this.#log('info', 'attached', { attached: hooks.filter((one) => one.attached).length, missing, filtered: pushed.filter((one) => one.wholeFor.length === 0).map((one) => one.kind), whole: pushed.flatMap((one) => one.wholeFor.map((by) => `${one.kind}: ${by}`)), rules: this.pipeline.detector.active, processes: this.pipeline.processes.size });
    this.#report();
    this.#effectDesk.begin();
    if (this.#canaryMs > 0) this.#nextCanaryMs = performance.now() + Math.min(firstCanaryMs, this.#canaryMs);
    this.#giveBack.soon();
  }

  #onHubCommand(command: HubCommand): void {
    if (command.kind.case === 'effects') return this.#effectDesk.take(command.kind.value.effects);
    if (command.kind.case === 'pods') {
      const pods = toldPods(command.kind.value);
      this.pipeline.podsTold(pods);
      this.#toldPods.keep(pods);
      return;
    }
    if (command.kind.case === 'execSession') {
      const { sessionId, user, podUid, container, containerId, command: words, attach, admittedAtMs } = command.kind.value;
      this.pipeline.sessionTold({ sessionId, user, podUid, container, containerId, command: words, attach, admittedAtMs: Number(admittedAtMs) });
      return;
    }
    const kind = this.#words.take(command);
    const { policies, rules, images, baselines } = this.#words.words;
    if (kind === 'baselines' && baselines !== null && this.#loadBaselines(baselines)) this.pipeline.armKernel();
    if (kind === 'rules' && rules !== null) {
      this.pipeline.loadRules(rules.files);
      this.#giveBack.soon();
    }
    if (kind === 'policies' && policies !== null) {
      this.pipeline.enforcer.setPolicies(policies.texts, policies.generation);
      this.pipeline.armKernel();
    }
    if (kind === 'images' && images !== null) {
      this.pipeline.enforcer.setImages(images);
      this.pipeline.armKernel();
    }
    if (kind !== null) this.#report();
  }

  /** What is outside of them is told, and stopped as far as the kernel can tell it apart: whether it has to be told. */
  #loadBaselines({ inForce, generation }: NonNullable<HubWords['baselines']>): boolean {
    const { learner: { watch }, enforcer } = this.pipeline;
    const concernsKernel = watch.replace(inForce, generation);
    if (concernsKernel) enforcer.setDrift(watch.drift);
    return concernsKernel;
  }

  async #command(command: Parameters<LoaderConnection['send']>[0]): Promise<void> {
    const reply = await this.#options.loader?.send(command);
    if (reply !== undefined && !reply.ok && reply.errno !== 19) this.#log('warn', 'the loader refused a command', { command: command.do, reason: reply.reason });
  }

  async #kill(verdict: Parameters<Pipeline['verdictComplete']>[0]): Promise<void> {
    const { tgid, startBootNs } = verdict.execution;
    const reply = await this.#options.loader?.send({ do: 'kill', tgid, startBootNs });
    this.pipeline.verdictComplete({ ...verdict, applied: reply?.ok === true });
  }

  #tick(): void {
    const now = performance.now();
    if (this.#open === null || now < this.#blockedUntilMs) return;
    if (now - this.#reportedAtMs >= reportMs) this.#report();
    if (now >= this.#nextCanaryMs) this.#canary(now);
    if (this.pipeline.shipment.hasDetections || now - this.#committedAtMs >= this.#commitMs) this.commit();
  }

  /** Containers and reports about them are told sooner than what processes did. */
  get #commitMs(): number {
    const { shipment, containers } = this.pipeline;
    const { commitMs } = this.#options.config;
    return shipment.hasReports || containers.hasChanged ? commitMs : Math.max(commitMs, calmCommitMs);
  }

  /** 0: there are no kernel programs, so there is nothing that a canary could show. */
  get #canaryMs(): number {
    return this.#options.loader === null || this.#open === null || this.#open.ringBytes === 0 ? 0 : this.#options.config.canaryMs;
  }

  /** Rules are loaded as a whole, so what they cannot do changes with the set; it is told again now and then, should a report have been lost. */
  #areRulesTold(): boolean {
    const { detector } = this.pipeline;
    if (this.#rulesTold?.generation === detector.generation && performance.now() - this.#rulesTold.atMs < rulesToldMs) return true;
    this.#rulesTold = { generation: detector.generation, atMs: performance.now() };
    return false;
  }

  #canary(nowMs: number): void {
    this.#nextCanaryMs = nowMs + this.#canaryMs;
    if (this.pipeline.canaries.isActive) return;
    const round = Date.now();
    this.pipeline.canaries.asked(round, this.#canaryMs, this.pipeline.nowBootNs);
    void this.#command({ do: 'canary', round });
  }

  #report(): void {
    const open = this.#open;
    if (open === null) return;
    this.#reportedAtMs = performance.now();
    this.#effectDesk.watch();
    this.#giveBack.watch();
    this.pipeline.shipment.coverage(
      coverageReport(this.pipeline, {
        ringBytes: open.ringBytes,
        spoolBytes: open.spools.bytes('detection') + open.spools.bytes('telemetry'),
        telemetryBatchesDropped: open.spools.drops()?.batches ?? 0,
        problems: [...this.#problems, ...leftOutProblem(this.#words.words)],
        loaderGone: this.#loaderGone,
        canaryIntervalMs: this.#canaryMs,
        rulesTold: this.#areRulesTold(),
        spoolBytesMax: Object.values((this.#options.config.spoolBytesMax ?? spoolBounds.bytesMax)).reduce((sum, one) => sum + one, 0),
        scopeCgroup: this.#options.config.scopeCgroup ?? 'a part of this host',
      }),
    );
  }

  commit(): void {
    const open = this.#open;
    if (open === null) return;
    const { pipeline } = this;
    this.#committedAtMs = performance.now();
    pipeline.shipment.loaded(pipeline.exposure.takeReports(pipeline.nowBootNs));
    pipeline.shipment.learned(pipeline.learner.takeReports(pipeline.nowBootNs), unseenKinds(pipeline.coverage.hooks));
    const containers = pipeline.containers.takeChanged();
    const { detections, telemetry } = pipeline.shipment.take(containers);
    const ended = telemetry.flatMap((one) => (one.kind.case === 'containerEnded' ? [one.kind.value.containerId] : []));
    const changes = this.#recall.takeChanges(containers, ended, open.spools.drops());
    const ringPosition = Math.max(this.stream.ringPosition, this.#skipTo);
    if (detections.length + telemetry.length + changes.length === 0 && ringPosition === this.#acknowledged && !open.committer.isBlocked) return;
    const outcome = open.committer.commit({ bootId: pipeline.bootId, wallOffsetNs: pipeline.wallOffsetNs, ringEpoch: open.ringEpoch, ringPosition, nowBootNs: pipeline.nowBootNs, detections, telemetry, changes });
    if (outcome.kind === 'blocked') return this.#blocked(outcome.reason);
    if (this.#blockedUntilMs > 0) this.#unblocked();
    this.#acknowledged = outcome.ringPosition;
    this.#options.loader?.acknowledge(outcome.ringPosition);
    if (this.#stateLog.wantsRewrite) this.#rewriteLog(open);
  }

  #blocked(reason: string): void {
    if (this.#blockedUntilMs === 0) this.#log('error', 'nothing can be stored: reading stops until the disk takes something again', { reason });
    this.#blockedUntilMs = performance.now() + blockedRetryMs;
    this.#problems = [`nothing can be stored: ${reason}`];
    this.#options.onBlocked(true);
  }

  #unblocked(): void {
    this.#blockedUntilMs = 0;
    this.#problems = [];
    this.#log('info', 'the disk takes records again');
    this.#options.onBlocked(false);
  }

  #rewriteLog(open: Opened): void {
    const changes = this.#recall.whole(open.spools.drops());
    this.#stateLog.rewrite({ commit: open.committer.last, ringEpoch: open.ringEpoch, ringPosition: this.#acknowledged, bootId: this.pipeline.bootId, changes });
  }

  /** The end: what was held is decided, everything is stored, and the hub gets a moment to take it. */
  async finish(reason: string | null, patienceMs: number): Promise<void> {
    clearInterval(this.#timer);
    if (reason !== null) this.#loaderGone = reason;
    for (const one of this.pipeline.detector.release(null, this.pipeline.nowBootNs, true)) this.pipeline.shipment.detection(one);
    this.#report();
    this.commit();
    const deadline = performance.now() + patienceMs;
    while (this.#open !== null && !this.#open.uplink.isDrained && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    this.#open?.uplink.stop();
    this.#open?.spools.sync();
    this.#open?.spools.close();
    this.#stateLog.close();
  }
}

/** Records of the kernel's ring have a position; what the loader says at the start of a session is said every time. */
function isFromRing(event: KernelEvent): boolean {
  switch (event.kind) {
    case 'hello':
    case 'hook':
    case 'snapshot-end':
    case 'tick':
    case 'cgroup-loss':
    case 'canary':
    case 'table':
    case 'process':
      return false;
    case 'cgroup-create':
      return !event.presentAtStart;
    default:
      return true;
  }
}

function leftOutProblem({ baselines }: HubWords): string[] {
  return baselines === null || baselines.leftOut === 0 ? [] : [`baselines: ${baselines.leftOut} are not watched here, because there was no room for them or this sensor does not understand them`];
}
