/**
 * Keeps what is derived in step with what is known: matches packages against the advisories when either changes,
 * judges the runs of workloads that changed, and recounts their places. It takes its work from a queue in the database,
 * so nothing is lost when the hub ends, and writes only differences. One pass at a time; a pass is cut into small
 * transactions so that neither users nor intake wait for it.
 */
import * as store from '../store/assessing.ts';
import { openRunsOf, placesOf, putRunJudgements, queuedPlaces, queuePlaces, rebuildPlace, takePlace, type Place, type RunJudgement, type RunRow } from '../store/assessing-runs.ts';
import { queueAssessment } from '../store/containers.ts';
import { isTransient, type Database, type Transaction } from '../store/database.ts';
import type { Advisories, AdvisoryMatch, AdvisorySource } from './advisories.ts';
import { queueImagesOf } from '../store/violations.ts';
import { judgeUnloaded } from './judge-run.ts';
import type { Violations } from './violations.ts';
import { loadedPoints, runParts, sum, vulnerabilityParts } from './weights.ts';

export interface AssessorDoors {
  readonly database: Database;
  readonly advisories: () => Advisories;
  readonly now: () => Date;
  /** Judges images that run, after what is known of them has changed; left out: nobody does. */
  readonly violations?: Violations;
  /** Called when what people see of vulnerabilities has changed in a place; null: everywhere. */
  readonly changed: (place: Place | null) => void;
  /** The same of violations. */
  readonly violationsChanged?: () => void;
  readonly log: (level: 'info' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

const packagesAtOnce = 500;
const inventoriesAtOnce = 20;
const workloadsAtOnce = 200;
const asideMs = 600_000;
const asideMax = 1000;
/** A place that took long to recount is recounted less often: at most this share of the time goes into one. */
const shareOfTimeMax = 0.1;
const cheapMs = 100;

export class Assessor {
  readonly #doors: AssessorDoors;
  readonly #recountedAt = new Map<string, { at: number; tookMs: number }>();
  readonly #aside = new Map<number, number>();
  /** Places of which people must be told after this pass. */
  readonly #touched = new Map<string, Place>();
  #running: Promise<void> | undefined;
  #wanted = false;
  passes = 0;
  failures = 0;
  lastPassMs = 0;

  constructor(doors: AssessorDoors) {
    this.#doors = doors;
  }

  /** Works everything off that is waiting; calls during a pass are one further pass. */
  async settle(): Promise<void> {
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      const startedMs = performance.now();
      const isFed = await this.#guarded(this.#followFeed);
      for (const stage of [this.#inventories, this.#workloads]) await this.#guarded(stage);
      // Before the recount of places: what must be stopped is stopped first.
      if (await this.#guarded(this.#violations)) this.#doors.violationsChanged?.();
      await this.#guarded(this.#places);
      this.passes += 1;
      this.lastPassMs = performance.now() - startedMs;
      if (isFed) this.#doors.changed(null);
      else for (const place of this.#touched.values()) this.#doors.changed(place);
      this.#touched.clear();
    }
  }

  /** A stage that fails is said, and does not keep the others from their work; the next pass tries it again. */
  async #guarded(stage: () => Promise<boolean>): Promise<boolean> {
    try {
      return await stage.call(this);
    } catch (error) {
      this.failures += 1;
      this.#doors.log('error', 'a stage of assessment failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return false;
    }
  }

  /** Rematches every package when the advisory store has other content than last time. */
  async #followFeed(): Promise<boolean> {
    const { source } = this.#doors.advisories();
    if (source === undefined) return false;
    const { database, now } = this.#doors;
    if ((await store.feedState(database))?.feed === source.version) return false;
    const startedMs = performance.now();
    let matched = 0;
    for (;;) {
      const packages = await store.unmatchedPackages(database, source.version, undefined, packagesAtOnce);
      if (packages.length === 0) break;
      matched += packages.length;
      await database.patient((db) => this.#match(db, source, packages));
      await yieldToOthers();
    }
    await this.#rebuildInventories(source, await store.inventoriesUnsettled(database));
    await store.putFeedState(database, { feed: source.version, advisories: source.advisories, problem: null }, now());
    this.#doors.log('info', 'matched against new advisories', { packages: matched, advisories: source.advisories, tookMs: Math.round(performance.now() - startedMs) });
    return true;
  }

  async #match(db: Transaction, source: AdvisorySource, packages: readonly store.PackageRow[]): Promise<void> {
    const found = source.match(packages.map((one) => ({ ecosystem: one.ecosystem, name: one.name, version: one.version, sourceName: one.source_name, sourceVersion: one.source_version })));
    const { ids, rescored } = await store.putVulnerabilities(db, [...new Map(found.map((one) => [one.id, factsOf(one)])).values()]);
    const matches = new Map<string, store.MatchFacts>();
    for (const one of found) {
      const [packageId, vulnId] = [packages[one.index]?.id, ids.get(one.id)];
      if (packageId === undefined || vulnId === undefined) continue;
      matches.set(`${packageId} ${vulnId}`, { package_id: packageId, vuln_id: vulnId, fixed_in: one.fixedIn, uncertain: one.uncertain });
    }
    const touched = await store.putMatches(db, packages.map((one) => one.id), [...matches.values()], source.version, this.#doors.now());
    if (touched.length + rescored.length === 0) return;
    const inventories = await store.inventoriesTouched(db, touched, rescored);
    for (const inventory of inventories) await this.#rebuild(db, source, inventory);
    await store.queueWorkloadsRunning(db, inventories);
  }

  async #rebuild(db: Transaction, source: AdvisorySource, inventoryId: number): Promise<void> {
    const ecosystems = await store.ecosystemsOf(db, inventoryId);
    const unfed = ecosystems.filter((one) => !source.covers(one.ecosystem)).reduce((total, one) => total + one.packages, 0);
    await store.rebuildInventoryFindings(db, inventoryId, unfed, this.#doors.now());
  }

  async #rebuildInventories(source: AdvisorySource, inventories: readonly number[]): Promise<void> {
    for (let index = 0; index < inventories.length; index += inventoriesAtOnce) {
      const some = inventories.slice(index, index + inventoriesAtOnce);
      await this.#doors.database.patient(async (db) => {
        for (const inventory of some) await this.#rebuild(db, source, inventory);
        await store.queueWorkloadsRunning(db, some);
      });
      await yieldToOthers();
    }
  }

  /** New package lists: match what is new in them. Without advisories they wait; a feed that arrives finds them itself. */
  async #inventories(): Promise<boolean> {
    let changed = false;
    for (;;) {
      const key = await this.#oneInventory();
      if (key === undefined) return changed;
      changed = true;
      await yieldToOthers();
    }
  }

  /** A list that cannot be assessed is set aside for a while, so that it does not stand before the others. */
  async #oneInventory(): Promise<number | undefined> {
    const { source } = this.#doors.advisories();
    const aside = [...this.#aside].filter(([, until]) => until > performance.now()).map(([key]) => key);
    let taken: number | undefined;
    try {
      await this.#doors.database.patient(async (db) => {
        [taken] = await store.takeQueued(db, 'inventory', 1, aside);
        if (taken === undefined || source === undefined) return;
        let packages: store.PackageRow[];
        while ((packages = await store.unmatchedPackages(db, source.version, taken, packagesAtOnce)).length > 0) await this.#match(db, source, packages);
        await this.#rebuild(db, source, taken);
        await store.queueWorkloadsRunning(db, [taken]);
      });
    } catch (error) {
      // others in the way are no fault of the list
      if (taken !== undefined && !isTransient(error) && this.#aside.size < asideMax) this.#aside.set(taken, performance.now() + asideMs);
      throw error;
    }
    return taken;
  }

  async #workloads(): Promise<boolean> {
    let changed = false;
    for (;;) {
      const { taken, busy } = await this.#doors.database.patient(async (db) => {
        const workloads = await store.takeQueued(db, 'workload', workloadsAtOnce);
        const observed = await store.takeQueued(db, 'observation', workloadsAtOnce);
        const places = await placesOf(db, workloads);
        for (const place of places) this.#touched.set(keyOf(place), place);
        await queuePlaces(db, places);
        const looked = [...new Set([...workloads, ...observed])];
        const judged = await this.#judge(db, looked);
        await queuePlaces(db, judged.places);
        await queueAssessment(db, 'workload', judged.busy);
        await queueImagesOf(db, looked);
        return { taken: workloads.length + observed.length, busy: judged.busy.length };
      });
      changed ||= taken > 0;
      // what intake is just changing is judged in the next pass
      if (taken === 0 || busy > 0) return changed;
      await yieldToOthers();
    }
  }

  /** Judges the open runs; answers the places in which a judgement has changed the counts, and workloads with a run that could not be written now. */
  async #judge(db: Transaction, workloads: readonly number[]): Promise<{ places: Place[]; busy: number[] }> {
    const changed: { readonly run: RunRow; readonly judgement: RunJudgement }[] = [];
    if (workloads.length === 0) return { places: [], busy: [] };
    for (const run of await openRunsOf(db, workloads, this.#doors.now())) {
      const parts = runParts(run);
      const judgement: RunJudgement = { id: run.id, ...judgeUnloaded(run), points: sum(parts), parts };
      if (!isSame(run, judgement)) changed.push({ run, judgement });
    }
    const written = await putRunJudgements(db, changed.map((one) => one.judgement));
    const counted = changed.filter(({ run, judgement }) => written.has(run.id) && (run.unloaded !== judgement.unloaded || run.points !== judgement.points));
    return {
      places: counted.map(({ run }) => ({ cluster_id: run.cluster_id, namespace: run.namespace })),
      busy: changed.filter(({ run }) => !written.has(run.id)).map(({ run }) => run.workload_id),
    };
  }

  async #violations(): Promise<boolean> {
    return (await this.#doors.violations?.settle()) ?? false;
  }

  async #places(): Promise<boolean> {
    let changed = false;
    for (const place of await queuedPlaces(this.#doors.database)) {
      const key = keyOf(place);
      const last = this.#recountedAt.get(key);
      if (last !== undefined && last.tookMs > cheapMs && performance.now() - last.at < last.tookMs / shareOfTimeMax) continue;
      const startedMs = performance.now();
      await this.#doors.database.patient(async (db) => {
        if (!(await takePlace(db, place))) return;
        await rebuildPlace(db, place, { yes: loadedPoints.yes, notSeen: loadedPoints['not-seen'], no: loadedPoints.no, unknown: loadedPoints.unknown });
      });
      this.#touched.set(key, place);
      this.#recountedAt.set(key, { at: performance.now(), tookMs: performance.now() - startedMs });
      changed = true;
      await yieldToOthers();
    }
    return changed;
  }
}

function keyOf(place: Place): string {
  return `${place.cluster_id} ${place.namespace}`;
}

/** Seconds watched are written when they have grown by a tenth: they are shown, not reckoned with, until the state changes. */
function isSame(run: RunRow, judgement: RunJudgement): boolean {
  return (
    run.unloaded === judgement.unloaded &&
    run.unloaded_reason === judgement.unloaded_reason &&
    run.points === judgement.points &&
    Math.abs(run.observed_seconds - judgement.observed_seconds) <= run.observed_seconds / 10 &&
    wordsOf(run.parts) === wordsOf(judgement.parts)
  );
}

/** jsonb does not keep the order of keys. */
function wordsOf(parts: RunJudgement['parts']): string {
  return JSON.stringify(parts.map((part) => [part.name, part.points, part.why]));
}

function factsOf(match: AdvisoryMatch): store.VulnFacts {
  return {
    name: match.id,
    aliases: match.aliases,
    summary: match.summary,
    details: match.details,
    severity: match.severity,
    cvss: match.cvss,
    malicious: match.malicious,
    exploited: match.exploited,
    published: match.published,
    modified: match.modified,
    links: match.references,
    points: sum(vulnerabilityParts(match)),
  };
}

function yieldToOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
