/**
 * The one file that knows the order: decoded event → enrich (process, container, exposure) → detect → enforce → ship.
 * Deterministic: time comes from the events, everything from outside (identity, inventory, policies, rules) is handed in,
 * and what must be asked of the world leaves as an effect. So a recording gives the same output every time, and a
 * sensor that died goes on from its log as if it had not.
 */
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { CallEvent, CgroupEvent, ExecEvent, ExitEvent, FileEvent, ForkEvent, KernelEvent, SocketEvent, Subject } from '@vedette/model/event';
import type { LoadKind } from '@vedette/model/exposure-evidence';
import type { Execution } from '@vedette/model/process';
import type { EventClass } from '@vedette/rules/events';
import type { RuleFile } from '@vedette/rules/load/read-items';
import type { DetectionFound, VerdictFound } from '@vedette/model/finding';
import { attach } from './attached.ts';
import { takenByCanary } from './canary-watch.ts';
import { Learner, learnedKinds } from './detect/baseline/learner.ts';
import { Detector } from './detect/detector.ts';
import { openedByRing, PathAliases } from './detect/path-aliases.ts';
import type { HostFacts } from './detect/subject.ts';
import { EffectBook } from './enforce/effect-book.ts';
import { Enforcer } from './enforce/enforcer.ts';
import { Canaries } from './enrich/canaries.ts';
import { CgroupTable } from './enrich/cgroup-table.ts';
import { ContainerTable } from './enrich/container-table.ts';
import { CoverageLedger } from './enrich/coverage.ts';
import { ExposureTracker, type PackageLookup } from './enrich/exposure.ts';
import { cameFromOutside, ExecSessions, type ExecSessionTold } from './enrich/exec-sessions.ts';
import { filesystemName } from './enrich/filesystems.ts';
import { NameAnswers } from './enrich/name-answers.ts';
import { PodTable, type ToldPod } from './enrich/pod-table.ts';
import { ProcessMemory } from './enrich/memory.ts';
import { ProcessTable } from './enrich/process-table.ts';
import type { PipelineEffects } from './pipeline-effects.ts';
import { Shipment } from './ship/shipment.ts';
import { interestTable, tablePieces, type Pushed } from './interest-table.ts';
import { aliasInterests, classesWithoutHook, countedKinds, eventClassOf, exposureInterests, learnedInterests, wantedKinds } from './wanted-kinds.ts';

export class Pipeline {
  readonly processes = new ProcessTable();
  readonly cgroups = new CgroupTable();
  readonly containers = new ContainerTable();
  readonly pods = new PodTable();
  readonly sessions = new ExecSessions();
  readonly exposure = new ExposureTracker();
  readonly coverage = new CoverageLedger();
  readonly canaries = new Canaries();
  readonly memory = new ProcessMemory();
  readonly names = new NameAnswers();
  readonly learner = new Learner();
  readonly detector: Detector;
  readonly aliases: PathAliases;
  readonly enforcer: Enforcer;
  readonly effectBook = new EffectBook();
  readonly shipment = new Shipment();
  readonly #effects: PipelineEffects;
  /** Process (tgid:start) that each container was started with. */
  readonly inits = new Map<string, string>();
  /** What the kernel judges before it makes a record, by kind. */
  pushed: readonly Pushed[] = [];
  #generation = 0;
  readonly #seenInSnapshot = new Set<Execution>();
  #wallOffsetNs = 0;
  #hostMountNamespace = 0;
  #snapshotting = false;
  #loaderPid = 0;
  nowBootNs = 0;
  bootId = '';
  scopeCgroup = 0;
  /** Records whose process was not known. */
  orphans = 0;

  constructor(options: { host: HostFacts; effects: PipelineEffects }) {
    this.#effects = options.effects;
    this.detector = new Detector(options.host);
    this.enforcer = new Enforcer(this.#effects);
    this.aliases = new PathAliases((id, path) => this.#effects.linkOf?.(id === '' ? 1 : Number.parseInt(this.inits.get(id) ?? '0', 10), path) ?? null);
  }

  get wallOffsetNs(): number {
    return this.#wallOffsetNs;
  }

  onEvent(event: KernelEvent): void {
    if (event.timeBootNs > this.nowBootNs) this.nowBootNs = event.timeBootNs;
    if (this.canaries.isActive && takenByCanary(this.canaries, event, this.#loaderPid)) return;
    switch (event.kind) {
      case 'exec':
      case 'process':
        return this.#exec(event);
      case 'fork':
        return this.#fork(event);
      case 'exit':
        return this.#exit(event);
      case 'cgroup-create':
      case 'cgroup-remove':
      case 'cgroup-attach':
        return this.#cgroup(event);
      case 'open-write':
      case 'open-read':
      case 'map-exec':
        return this.#file(event);
      case 'connect':
      case 'accept':
      case 'listen':
        return this.#socket(event);
      case 'call':
        return this.#call(event);
      case 'dns':
        return this.names.told(event.message, this.#executionOf(event).containerId);
      case 'hello':
        this.bootId = event.bootId;
        this.#loaderPid = event.loaderPid;
        this.learner.session(event.ringEpoch, event.timeBootNs);
        this.scopeCgroup = event.scopeCgroup;
        this.#wallOffsetNs = event.wallOffsetNs;
        this.#hostMountNamespace = event.hostMountNamespace;
        this.#snapshotting = true;
        this.#seenInSnapshot.clear();
        return;
      case 'hook':
        return this.coverage.hook(event);
      case 'snapshot-end':
        return this.#snapshotEnd(event.timeBootNs);
      case 'tick':
        this.#wallOffsetNs = event.wallOffsetNs;
        this.coverage.tick(event);
        this.shipment.canaries(this.canaries.take(this.nowBootNs));
        return this.#report(this.detector.release(null, this.nowBootNs));
      case 'cgroup-loss': {
        const told = this.coverage.owned.told(event, this.cgroups.entry(event.cgroup));
        this.exposure.recordsLost(...told);
        return this.learner.recordsLost(...told);
      }
      case 'table':
        return this.coverage.table(event);
      case 'canary':
        return;
      default:
        event satisfies never;
    }
  }

  /** The answer to `identify`. */
  identified(id: string, identity: ContainerIdentity): void {
    const container = this.containers.identified(id, identity);
    if (container === null) return;
    this.#podOf(container);
    this.#verdicts(this.enforcer.containerChanged(container, this.processes.living(), this.nowBootNs));
    this.#report([...this.learner.identified(container), ...this.detector.release(id, this.nowBootNs)]);
  }

  /** All pods of this node, as the cluster part has them now. */
  podsTold(pods: readonly ToldPod[]): void {
    this.pods.replace(pods);
    for (const container of this.containers.all()) {
      if (this.#podOf(container)) this.#verdicts(this.enforcer.containerChanged(container, this.processes.living(), this.nowBootNs));
      this.#report(this.learner.placed(container));
    }
  }

  /** Whether the container has another image name now, by which policies choose. */
  #podOf(container: Container): boolean {
    const { id, identity } = container;
    const pod = this.pods.of(id, identity?.podUid ?? null);
    if (pod !== null) this.containers.podTold(id, pod);
    const asked = identity === null ? null : this.pods.askedImage(id, identity);
    return asked !== null && this.containers.imageAsked(id, asked);
  }

  /** Somebody was let in, before the process starts. Who attaches comes to the main process of the container. */
  sessionTold(session: ExecSessionTold): void {
    if (!session.attach) return this.sessions.told(session, this.nowBootNs);
    const main = attach(session, this.containers.all(), this.processes, this.inits);
    if (main === null) return;
    // written again, since a later sensor process must know it too, and the hub
    this.memory.started(main);
    this.shipment.live.started(main);
  }

  #bindSession(execution: Execution, previous: Execution | null, container: Container, atBootNs: number): void {
    if (this.sessions.size === 0 || !cameFromOutside(execution, previous, container)) return;
    const users = this.sessions.bind(execution, container, { bootNs: atBootNs, wallMs: (atBootNs + this.#wallOffsetNs) / 1e6 });
    if (users.length > 0) execution.kubernetesUsers = users;
  }

  /** What is installed in the container, read by the scanner. */
  inventory(id: string, revision: string, index: PackageLookup, packageCount: number): void {
    this.exposure.inventory(id, revision, index, packageCount);
  }

  /** Rules in place of those before; the kernel then reports what they look at. */
  loadRules(files: readonly RuleFile[]): void {
    this.detector.load(files);
    if (this.bootId !== '') this.#declareInterests();
  }

  /** The union of what everybody wants, as one table that the kernel programs go by from the moment it is whole. */
  #declareInterests(): void {
    const kinds = wantedKinds((one) => this.detector.looksAt(one), this.detector.reads('proc.env'), learnedKinds);
    const { bytes, pushed } = interestTable([...this.detector.interests(), ...exposureInterests, ...learnedInterests, ...aliasInterests], kinds, (this.#generation += 1), countedKinds);
    this.pushed = pushed;
    for (const piece of tablePieces(bytes)) this.#effects.command({ do: 'setInterests', ...piece });
  }

  /** Everything the kernel must know, again: at the start of a session and when the policies changed. */
  armKernel(): void {
    this.enforcer.begin();
    for (const container of this.containers.all()) this.#verdicts(this.enforcer.containerChanged(container, this.processes.living(), this.nowBootNs));
  }

  /** The answer to `kill`. */
  verdictComplete(verdict: VerdictFound): void {
    this.shipment.verdict(verdict);
  }

  /** A process of the container that lives now and is fit for it; 0 when none is known. */
  witness(id: string, isFit: (tgid: number) => boolean): number {
    for (const { tgid } of this.processes.inContainer(id)) if (isFit(tgid)) return tgid;
    return 0;
  }

  #exec(event: ExecEvent): void {
    const previous = this.processes.current(event.tgid, event.startBootNs);
    // the snapshot knows less than the record that it repeats
    const known = event.kind === 'process' && previous?.execId === event.execId;
    if (previous === null) this.#displaced(event);
    const execution = known ? previous : this.processes.exec(event);
    if (event.kind === 'process' && this.#snapshotting) this.#seenInSnapshot.add(execution);
    if (known) return;
    const container = this.#containerOf(event, event.inHostMounts || event.mountNamespace === this.#hostMountNamespace, filesystemName(event.rootMagic));
    execution.containerId = container?.id ?? null;
    if (previous !== null && previous !== execution) this.#ended(previous, event.timeBootNs);
    const isInit = event.kind === 'exec' && container !== null && this.#isInit(container, execution);
    if (event.kind === 'exec' && container !== null && !isInit) this.#bindSession(execution, previous, container, event.timeBootNs);
    this.#began(execution);
    if (event.kind === 'process') return;
    if (container !== null) this.#report(this.learner.executed(event, execution, container));
    if (container !== null) this.exposure.used(container.id, execution.path, 'executed', execution.path, execution, event.timeBootNs);
    this.shipment.executed(execution, container !== null && container.identity === null, event.timeBootNs, this.#wallOffsetNs);
    if (event.verdict !== 'none') this.#verdicts(this.enforcer.kernelDecided(event, execution, container));
    else if (container !== null) this.#verdicts(this.enforcer.informed(execution, container, event.timeBootNs));
    this.#detect('exec', event, execution, container, isInit);
  }

  /** The first program that a container runs in its own mounts, and what the same process executes after it. */
  #isInit(container: Container, execution: Execution): boolean {
    const process = `${execution.tgid}:${execution.startBootNs}`;
    const known = this.inits.get(container.id);
    if (known !== undefined) return known === process;
    if (!container.seenFromStart && execution.pidInNamespace !== 1) return false;
    this.inits.set(container.id, process);
    return true;
  }

  #fork(event: ForkEvent): void {
    this.#displaced(event);
    const execution = this.processes.fork(event);
    const container = this.#containerOf(event, event.mountNamespace === this.#hostMountNamespace, null, 'known-only');
    execution.containerId = container?.id ?? null;
    this.#began(execution);
    if (this.detector.looksAt('fork')) this.#detect('fork', event, execution, container, false);
  }

  #exit(event: ExitEvent): void {
    const execution = this.processes.exit(event);
    if (execution === null) return;
    this.memory.ended(execution);
    this.shipment.live.ended(execution);
    if (this.detector.looksAt('exit')) this.#detect('exit', event, execution, this.#container(execution.containerId), false);
  }

  /** What the table does not hold as living will never be seen to end: nobody is told that it lives. */
  #began(execution: Execution): void {
    if (this.processes.current(execution.tgid, execution.startBootNs) !== execution) return;
    this.memory.started(execution);
    this.shipment.live.started(execution);
  }

  #displaced(by: Subject): void {
    const former = this.processes.formerOwner(by);
    if (former !== null) this.#ended(former, by.startBootNs);
  }

  /** An execution that another one of the same process replaced, or whose exit was lost. */
  #ended(execution: Execution, atBootNs: number): void {
    if (execution.exitedBootNs === 0) execution.exitedBootNs = atBootNs;
    this.memory.ended(execution);
    this.shipment.live.ended(execution);
  }

  #cgroup(event: CgroupEvent): void {
    switch (event.kind) {
      case 'cgroup-create':
        this.cgroups.created(event, event.presentAtStart ? this.#effects.knownContainer(event.path, event.cgroup) : null);
        for (const key of this.cgroups.takeDisclaimed()) this.#effects.command({ do: 'deleteCgroup', key });
        return;
      case 'cgroup-remove': {
        const gone = this.cgroups.removed(event.cgroup);
        if (gone !== null) this.#containerEnded(gone.id, event.timeBootNs);
        return;
      }
      case 'cgroup-attach':
        return;
      default:
        event.kind satisfies never;
    }
  }

  #containerEnded(id: string, atBootNs: number): void {
    const container = this.containers.ended(id);
    this.inits.delete(id);
    if (container === null) return;
    this.#report(this.detector.release(container.id, this.nowBootNs));
    this.shipment.loaded(this.exposure.takeReports(atBootNs));
    this.learner.ended(container.id, atBootNs);
    this.exposure.unwatch(container.id);
    this.enforcer.containerEnded(container.id);
    this.shipment.containerEnded(container.id, atBootNs);
  }

  #file(event: FileEvent): void {
    const container = this.#containerOf(event, event.mountNamespace === this.#hostMountNamespace, null);
    const eventClass = eventClassOf[event.kind];
    const wanted = this.detector.looksAt(eventClass);
    if (container === null && !wanted) return;
    const execution = this.#executionOf(event);
    if (container !== null && event.kind === 'open-write') this.#report(this.learner.file(event, execution, container));
    if (container !== null && event.kind !== 'open-write') {
      const kind: LoadKind = event.kind === 'map-exec' ? 'mapped' : 'opened';
      this.exposure.used(container.id, event.path, kind, execution.path, execution, event.timeBootNs);
    }
    if (!wanted) return;
    this.#detectAll(eventClass, event, this.aliases.file(event, execution), execution, container);
  }

  #socket(event: SocketEvent): void {
    const execution = this.#executionOf(event);
    const container = this.#container(execution.containerId);
    this.shipment.flows.add(event, execution, execution.containerId, this.#wallOffsetNs);
    if (container !== null) this.#report(this.learner.socket(event, execution, container, () => this.#remoteName(event, execution)));
    const eventClass = eventClassOf[event.kind];
    this.#detect(eventClass, event, execution, container, false);
  }

  #call(event: CallEvent): void {
    const execution = this.#executionOf(event);
    // in a user namespace of its own a process has all capabilities: rules ask about those that it had before
    if (event.callKind === 'unshare') this.#detectCall(event, execution);
    if (this.processes.changed(event, execution) && this.processes.current(execution.tgid, execution.startBootNs) === execution) this.memory.started(execution);
    if (event.callKind !== 'unshare') this.#detectCall(event, execution);
  }

  #detectCall(event: CallEvent, execution: Execution): void {
    const opened = openedByRing(event, execution);
    if (opened !== null) return this.#file(opened);
    const eventClass = event.callKind === 'connectUnix' ? 'connect' : event.callKind;
    const container = this.#container(execution.containerId);
    if (container !== null) this.#report(this.learner.call(event, execution, container));
    const further = this.aliases.call(event, execution, this.detector.looksAt(eventClass));
    this.#detectAll(eventClass, event, further, execution, container);
    // a new socket takes the lowest free number: where that is the standard input, nothing needs to be duplicated
    if (event.call === 'socket' && event.result >= 0 && event.result < 3) this.#detect('dup', event, execution, container, false);
  }

  /** The execution a record is about; one that is not known is adopted from what the record says, and counted. */
  #executionOf(event: Subject): Execution {
    const known = this.processes.find(event) ?? this.processes.current(event.tgid, event.startBootNs);
    if (known !== null) return known;
    this.orphans += 1;
    this.#displaced(event);
    const adopted = this.processes.adopt(event, '', '');
    adopted.containerId = this.#containerOf(event, false, null)?.id ?? null;
    this.#began(adopted);
    return adopted;
  }

  #container(id: string | null): Container | null {
    return id === null ? null : this.containers.get(id);
  }

  /**
   * The container of a record by its cgroups. What is still in the host's mounts is the runtime at work, not the container;
   * a runtime also forks in the new mounts before it has entered the container's root, so a fork makes none known.
   */
  #containerOf(event: Subject, inHostMounts: boolean, rootFilesystem: string | null, which: 'any' | 'known-only' = 'any'): Container | null {
    const cgroup = this.cgroups.containerOf(event.cgroupV1, event.cgroupV2);
    if (cgroup === undefined || cgroup === null || inHostMounts) return null;
    if (which === 'known-only' && this.containers.get(cgroup.id) === null) return null;
    const fresh = this.containers.seen(cgroup, event.timeBootNs, rootFilesystem);
    if (fresh === null) return this.containers.get(cgroup.id);
    this.#podOf(fresh);
    this.exposure.watch(fresh.id, fresh.startedBootNs, fresh.seenFromStart);
    this.learner.began(fresh);
    this.#verdicts(this.enforcer.containerChanged(fresh, [], this.nowBootNs));
    this.#effects.identify(fresh, cgroup.runtime);
    return fresh;
  }

  #snapshotEnd(atBootNs: number): void {
    if (!this.#snapshotting) return;
    this.#snapshotting = false;
    // without the iterator nothing was listed, and an empty list says nothing
    const ended = this.#seenInSnapshot.size === 0 ? [] : this.processes.endAllBut((one) => this.#seenInSnapshot.has(one) || one.executedBootNs > atBootNs, atBootNs);
    for (const execution of ended) this.memory.ended(execution);
    this.#seenInSnapshot.clear();
    // containers that ended while no sensor was looking
    for (const container of this.containers.all()) {
      if (this.cgroups.container(container.id) === null) this.#containerEnded(container.id, atBootNs);
      else this.learner.began(container);
    }
    this.shipment.allLive(this.processes.living(), atBootNs);
    this.armKernel();
    this.detector.withoutHooks(classesWithoutHook(this.coverage.hooks));
    this.#declareInterests();
  }

  /** One act under several names: a rule that knows two of them is told once. */
  #detectAll(eventClass: EventClass, event: FileEvent | CallEvent, further: readonly (FileEvent | CallEvent)[], execution: Execution, container: Container | null): void {
    if (further.length === 0) return this.#detect(eventClass, event, execution, container, false);
    const told = new Set<string>();
    for (const one of [event, ...further]) this.#detect(eventClass, one, execution, container, false, told);
  }

  #detect(eventClass: EventClass, event: ExecEvent | ForkEvent | ExitEvent | FileEvent | SocketEvent | CallEvent, execution: Execution, container: Container | null, isContainerInit: boolean, told: Set<string> | null = null): void {
    if (!this.detector.looksAt(eventClass)) return;
    const remoteName = this.names.size > 0 && 'remoteAddress' in event ? this.#remoteName(event, execution) : null;
    const found = this.detector.evaluate({ eventClass, event, execution, container, isContainerInit, wallOffsetNs: this.#wallOffsetNs, remoteName });
    this.#report(told === null ? found : found.filter((one) => !told.has(one.rule) && told.add(one.rule)));
  }

  #remoteName(event: SocketEvent | CallEvent, execution: Execution): string | null {
    const given = event.kind === 'call' ? event.given?.address : null;
    return this.names.nameOf(given ?? event.remoteAddress, execution.containerId);
  }

  #report(found: readonly DetectionFound[]): void {
    for (const one of found) this.shipment.detection(one);
  }

  #verdicts(found: readonly VerdictFound[]): void {
    for (const one of found) this.shipment.verdict(one);
  }
}
