/**
 * Keeps violations in step with what is known of the images that run: judges an image of a cluster again when its matches, what is
 * loaded of it, policies or exceptions have changed, or when time has passed that they speak about. It takes its work from a queue in
 * the database and writes only differences. When which images must not run has changed, the sensors are told.
 */
import type { Exception } from '@vedette/model/exception';
import type { PolicyMode, Severity } from '@vedette/model/policy';
import { explainImageVerdict } from '@vedette/policy/explain-image';
import { storedFact } from '@vedette/policy/image-facts-text';
import { imageVocabulary, type ImageFacts } from '@vedette/policy/image-facts';
import { parsePolicies } from '@vedette/policy/parse';
import { judgeImage, type ImagePolicyInForce, type RuleVerdict } from '@vedette/policy/stage';
import type { Database, Transaction } from '../store/database.ts';
import { policySet } from '../store/read-policies.ts';
import {
  bannedImages, digestOfImage, judgedBy, newBanGeneration, putViolations, queueAllImages, standingExceptions, takeQueuedImages, type QueuedImage, type Wrong,
} from '../store/violations.ts';
import { contentOf, factsNamed, type ImageSources } from './image-facts.ts';

export interface ViolationDoors extends ImageSources {
  readonly database: Database;
  /** Which images must not run has changed in these clusters. */
  readonly bansChanged: (clusterIds: readonly string[]) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

const imagesAtOnce = 20;
const wholeLookMs = 3_600_000;
const foundMax = 50;
const severityRanks: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3 };

/** What images are judged by: policies with rules for what runs, and exceptions. */
interface Judging {
  readonly mark: string;
  readonly policies: readonly ImagePolicyInForce[];
  readonly exceptions: readonly Exception[];
}

export class Violations {
  readonly #doors: ViolationDoors;
  readonly #banned = new Map<string, string>();
  #judging: Judging | undefined;
  #wholeLookAt = 0;

  constructor(doors: ViolationDoors) {
    this.#doors = doors;
  }

  /** Facts that rules in force ask of what runs. */
  get asked(): ReadonlySet<string> {
    return new Set(this.#judging?.policies.flatMap(({ policy }) => policy.imageRules.flatMap(({ rule, condition }) => (rule.actions.run === undefined ? [] : [...condition.references]))));
  }

  /** Works the queue off; answers whether anything has changed that people see. */
  async settle(): Promise<boolean> {
    const judging = await this.#current();
    let changed = false;
    for (;;) {
      const done = await this.#some(judging);
      if (done === null) return changed;
      changed ||= done;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Policies and exceptions as they stand; everything is queued when they differ from last time, or when the time has come. */
  async #current(): Promise<Judging> {
    const { database, now } = this.#doors;
    const mark = await judgedBy(database);
    const isDue = now().getTime() >= this.#wholeLookAt;
    if (this.#judging?.mark === mark && !isDue) return this.#judging;
    const { exceptions, unreadable } = await standingExceptions(database);
    if (unreadable.length > 0) this.#doors.log('error', 'exceptions that cannot be read do not count', { exceptions: unreadable });
    const judging: Judging = this.#judging?.mark === mark ? this.#judging : { mark, policies: imagePolicies(await policySet(database)), exceptions };
    await queueAllImages(database);
    this.#wholeLookAt = nextLookMs(exceptions, now().getTime());
    this.#judging = judging;
    return judging;
  }

  async #some(judging: Judging): Promise<boolean | null> {
    const { database } = this.#doors;
    const bans = new Map<string, string>();
    const changed = await database.patient(async (db) => {
      bans.clear();
      const queued = await takeQueuedImages(db, imagesAtOnce);
      if (queued.length === 0) return null;
      const touched = new Set<string>();
      for (const place of queued) {
        const { opened, changed: altered, closed } = await putViolations(db, place, await this.#judge(db, place, judging), this.#doors.now());
        if (opened + altered + closed > 0) touched.add(place.cluster_id);
      }
      for (const cluster of touched) {
        const text = JSON.stringify(await bannedImages(db, cluster));
        if (this.#banned.get(cluster) !== text) bans.set(cluster, text);
      }
      if (bans.size > 0) await newBanGeneration(db);
      return touched.size > 0;
    });
    for (const [cluster, text] of bans) this.#banned.set(cluster, text);
    if (bans.size > 0) this.#doors.bansChanged([...bans.keys()]);
    return changed;
  }

  /** What is wrong with each workload that runs the image: the worst of the names under which it runs it. */
  async #judge(db: Transaction, place: QueuedImage, judging: Judging): Promise<Wrong[]> {
    if (judging.policies.length === 0) return [];
    const content = await contentOf(db, place.image_id, { kind: 'places', places: [{ cluster: place.cluster_id, namespaces: 'all' }] }, this.#doors);
    // the image of a pod's sandbox is the node's choice: no policy about what workloads run is asked of it
    const runs = content.runs.filter((one) => !one.only_sandboxes);
    if (runs.length === 0) return [];
    const digest = await digestOfImage(db, place.image_id);
    const indexDigest = runs.find((one) => one.index_digest !== null)?.index_digest ?? null;
    const byName = new Map<string | null, { facts: ImageFacts; verdicts: readonly RuleVerdict[] }>();
    for (const name of new Set(runs.flatMap((one): (string | null)[] => (one.names.length === 0 ? [null] : one.names)))) {
      const of = { digest, reference: name };
      const facts = factsNamed(content, of, indexDigest, (await this.#doors.origin?.(db, of)) ?? {});
      const verdicts = judgeImage(facts, { stage: 'run', policies: judging.policies, exceptions: judging.exceptions, nowMs: this.#doors.now().getTime(), unknown: 'fail' });
      byName.set(name, { facts, verdicts });
    }
    return runs.flatMap((one) => {
      const worst = new Map<string, Wrong>();
      for (const name of one.names.length === 0 ? [null] : one.names) {
        const { facts, verdicts } = byName.get(name)!;
        for (const verdict of verdicts) {
          if (verdict.answer === 'kept') continue;
          const key = `${verdict.policy}/${verdict.rule}`;
          const wrong = wrongOf(verdict, facts, { workloadId: one.workload_id, reference: name, indexDigest });
          const before = worst.get(key);
          if (before === undefined || rank(wrong) < rank(before)) worst.set(key, wrong);
        }
      }
      return [...worst.values()];
    });
  }
}

function rank({ state, verdict }: Wrong): number {
  return state === 'accepted' ? 2 : verdict === 'violated' ? 0 : 1;
}

/** Only policies that say something about images that run. */
function imagePolicies(texts: readonly { readonly name: string; readonly yaml: string; readonly mode: PolicyMode }[]): ImagePolicyInForce[] {
  return texts.flatMap(({ name, yaml, mode }) => {
    if (mode === 'off') return [];
    const { policies } = parsePolicies(name, yaml);
    return policies.filter((one) => one.imageRules.some(({ rule }) => rule.actions.run !== undefined)).map((policy) => ({ policy, mode }));
  });
}

function wrongOf(verdict: RuleVerdict, facts: ImageFacts, at: { readonly workloadId: number; readonly reference: string | null; readonly indexDigest: string | null }): Wrong {
  const words = explainImageVerdict(verdict, facts);
  return {
    workload_id: at.workloadId,
    policy: verdict.policy,
    rule: verdict.rule,
    severity: verdict.severity,
    severity_rank: severityRanks[verdict.severity],
    mode: verdict.mode,
    action: verdict.action,
    verdict: verdict.answer === 'unknown' ? 'unknown' : 'violated',
    state: verdict.answer === 'accepted' ? 'accepted' : 'open',
    reference: at.reference,
    index_digest: at.indexDigest,
    reason: words.fact,
    fix: words.fix,
    evidence: words.message === null ? [...words.evidence] : [words.message, ...words.evidence],
    facts: snapshot(verdict, facts),
    accepted_by: verdict.accepted.map(({ exception, owner, reason, expiresAt }) => ({ exception, owner, reason, expiresAt })),
  };
}

/** What the rule asked, and what it found; not the thousands of packages that it did not. */
function snapshot({ checked, found, missing }: RuleVerdict, facts: ImageFacts): unknown {
  const { references } = checked.rule.condition;
  return {
    asked: [...references].sort(),
    facts: Object.fromEntries(imageVocabulary.facts.filter(({ name }) => references.has(name)).map(({ name, read }) => [name, storedFact(read(facts))])),
    found: found.slice(0, foundMax).map(({ list, sentence }) => ({ list, sentence })),
    foundMore: Math.max(0, found.length - foundMax),
    missing,
  };
}

/** When an exception ends or an approval begins, and every hour: ages and ends of support are facts too. */
function nextLookMs(exceptions: readonly Exception[], nowMs: number): number {
  const moments = exceptions.flatMap(({ spec }) => {
    const end = Date.parse(spec.expiresAt.length === 10 ? `${spec.expiresAt}T23:59:59.999Z` : spec.expiresAt) + 1;
    const begin = spec.approval === undefined ? Number.NaN : Date.parse(spec.approval.at);
    return [end, begin];
  });
  return Math.min(nowMs + wholeLookMs, ...moments.filter((one) => one > nowMs));
}
