/**
 * What must be asked of the world about each container: first who it is, then what is installed in it. Answers go into the
 * pipeline when they come; a container that ends meanwhile needs none. One scan at a time; identities side by side.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import type { Container, RuntimeName } from '@vedette/model/container';
import type { CgroupKey } from '@vedette/model/event';
import { InventoryReportSchema, PackageSchema, type InventoryReport } from '@vedette/model/wire/generated/record_pb';
import { hasEntered } from './enrich/inventory/entered.ts';
import type { Inventory, InventoryRunner } from './enrich/inventory/runner.ts';
import type { Identifier } from './enrich/runtime/identify.ts';
import { runcContainers, type CgroupPlaces } from './enrich/runtime/state-files.ts';
import type { Pipeline } from './pipeline.ts';

const enteringAttempts = 40;
const enteringWaitMs = 250;
/** A report of more packages than this would not fit into one batch. */
const packagesReportedMax = 4000;

export interface DeskOptions {
  readonly pipeline: () => Pipeline;
  readonly identifier: Pick<Identifier, 'identify'>;
  readonly runner: Pick<InventoryRunner, 'scan'>;
  readonly runcStates: readonly string[];
  /** False in a Pod, where the sensor has a root of its own. */
  readonly ownRootIsHosts: boolean;
  readonly hasEntered?: typeof hasEntered;
}

export class ContainerDesk {
  readonly #pipeline: () => Pipeline;
  readonly #identifier: DeskOptions['identifier'];
  readonly #runner: DeskOptions['runner'];
  readonly #runcStates: readonly string[];
  readonly #hasEntered: (tgid: number, containerId: string) => boolean;
  #known: { id: string; places: CgroupPlaces }[] = [];

  constructor(options: DeskOptions) {
    this.#pipeline = options.pipeline;
    this.#identifier = options.identifier;
    this.#runner = options.runner;
    this.#runcStates = options.runcStates;
    const asked = options.hasEntered ?? hasEntered;
    this.#hasEntered = (tgid, containerId) => asked(tgid, (other) => this.#pipeline().processes.isInside(other, containerId), options.ownRootIsHosts);
  }

  /** Reads which containers the low-level runtimes know, before the first record is. */
  async prepare(): Promise<void> {
    this.#known = (await Promise.all(this.#runcStates.map(async (one) => await runcContainers(one)))).flat();
  }

  /** A container that was there before, whose name a person chose: by the whole path in the hierarchy of the key. */
  knownAt(cgroupPath: string, key: CgroupKey): { id: string; runtime: RuntimeName } | null {
    if (cgroupPath === '' || cgroupPath === '/') return null;
    const found = this.#known.find(({ places }) => cgroupPath === (key > 0 ? places.v1 : places.v2));
    if (found !== undefined) return { id: found.id, runtime: 'runc' };
    for (const container of this.#pipeline().containers.all()) {
      if (container.cgroupPath === cgroupPath) return { id: container.id, runtime: 'runc' };
    }
    return null;
  }

  async attend(container: Container, hint: RuntimeName | null): Promise<void> {
    const pipeline = this.#pipeline();
    // this very one: a name that a person chose may belong to the next container by the time the answer comes
    const isThere = () => pipeline.containers.get(container.id) === container;
    const identity = container.identity ?? (await this.#identifier.identify(container.id, container.cgroupPath, hint, isThere));
    if (!isThere()) return;
    if (container.identity === null) pipeline.identified(container.id, identity);
    const { platformDigest } = identity;
    const hasOwnRoot = await this.#entered(container.id, isThere);
    if (!isThere()) return;
    // a container without an image may well live in the host's root, and then what is there is what it has
    const fits = hasOwnRoot || platformDigest !== null ? (tgid: number) => this.#hasEntered(tgid, container.id) : () => true;
    const found = await this.#runner.scan({ containerId: container.id, platformDigest, mounts: identity.mounts.map((one) => one.destination), witness: () => pipeline.witness(container.id, fits) });
    if (!isThere()) return;
    if ('problem' in found) {
      pipeline.shipment.inventory(problemReport(container.id, platformDigest, found.problem, pipeline.nowBootNs));
      return;
    }
    pipeline.inventory(container.id, found.revision, found.index, found.packages.length);
    pipeline.shipment.inventory(inventoryReport(container.id, platformDigest, found, pipeline.nowBootNs));
  }

  /** Waits until a process of the container has left the host's root: before, its root would be the host's. */
  async #entered(id: string, isThere: () => boolean): Promise<boolean> {
    for (let attempt = 0; attempt < enteringAttempts; attempt++) {
      if (this.#pipeline().witness(id, (tgid) => this.#hasEntered(tgid, id)) !== 0) return true;
      if (!isThere()) return false;
      await sleep(enteringWaitMs);
    }
    return false;
  }
}

function inventoryReport(containerId: string, platformDigest: string | null, found: Inventory, nowBootNs: number): InventoryReport {
  const packages = found.packages.slice(0, packagesReportedMax);
  const problems = [...found.problems];
  if (packages.length < found.packages.length) problems.push(`${found.packages.length - packages.length} packages are not reported: at most ${packagesReportedMax} fit into a report`);
  return create(InventoryReportSchema, {
    containerId,
    platformDigest: platformDigest ?? '',
    revision: found.revision,
    distribution: found.distribution,
    packages: packages.map(({ ecosystem, name, version, sourceName, sourceVersion, path }) => create(PackageSchema, { ecosystem, name, version, sourceName, sourceVersion, path })),
    problems,
    scannedBootNs: BigInt(Math.round(nowBootNs)),
    durationMs: found.durationMs,
    filesIndexed: BigInt(found.filesIndexed),
    truncated: found.truncated || packages.length < found.packages.length,
  });
}

function problemReport(containerId: string, platformDigest: string | null, problem: string, nowBootNs: number): InventoryReport {
  return create(InventoryReportSchema, { containerId, platformDigest: platformDigest ?? '', problems: [problem], scannedBootNs: BigInt(Math.round(nowBootNs)), truncated: true });
}
