/**
 * Which detections are sent singly, and which are counted with alike ones: each rule has in each container (and on the
 * host) a budget that refills with the time of the events, so that a flood of one rule is a few records and takes nothing
 * from the others, and all rules of a container have one together. The first of what differs (program, parent, user, directory, image) goes singly whatever its rule's budget.
 * What is not sent singly is a record with a count, in the same commit: nothing is left out. Memory is bounded by the
 * numbers below; beyond them alike means of the same rule and container.
 */
import { hash } from 'node:crypto';
import type { DetectionFound } from '@vedette/model/finding';
import { foldKeyOf, variedBetween } from '@vedette/rules/noise/stored';

/** So many at once, and so many a second in the long run. */
const burst = 500;
const perSecond = 5;
/** Of all rules of one container (or of one program on the host): detections go in their order, and a flooder's must not stand before everybody's. */
const burstOfAll = 2000;
const perSecondOfAll = 20;
/** Kinds of a rule in a container that are told apart. */
const keysMax = 200;
/** A kind that was not seen for so long is new again. */
const forgottenAfterNs = 3600e9;
/** Of all together. */
const bucketsMax = 2000;
const keysOfAllMax = 20_000;

export interface CountedDetections {
  readonly first: DetectionFound;
  readonly count: number;
  readonly lastBootNs: number;
  readonly varied: readonly string[];
}

interface Fold {
  readonly first: DetectionFound;
  readonly fields: Readonly<Record<string, string | null>>;
  readonly varied: Set<string>;
  count: number;
  lastBootNs: number;
}

interface Bucket {
  tokens: number;
  refilledBootNs: number;
  lastId: string;
  readonly keys: Map<string, number>;
  readonly folds: Map<string, Fold>;
}

/** Beyond the kinds that are told apart. */
const restKey = '\x01';

export class DetectionBound {
  readonly #buckets = new Map<string, Bucket>();
  /** By whose they are. */
  readonly #all = new Map<string, { tokens: number; refilledBootNs: number }>();
  #folded = new Set<Bucket>();
  #keys = 0;
  /** Counted and not sent singly, since the start. */
  counted = 0;

  /** Kinds that are told apart. */
  get size(): number {
    return this.#keys;
  }

  get sizeMax(): number {
    return keysOfAllMax + keysMax;
  }

  /** Whether it goes singly. Otherwise it is counted, and comes with `take`. */
  admits(found: DetectionFound): boolean {
    const bucket = this.#bucketOf(found);
    const fields = Object.fromEntries(found.fields.map((one) => [one.name, one.value]));
    const key = hash('sha256', `${found.identityPending ? 1 : 0}${foldKeyOf(fields)}`, 'base64');
    const seen = bucket.keys.get(key);
    const all = this.#allOf(found);
    const isNew = seen === undefined || found.atBootNs - seen > forgottenAfterNs;
    const isKept = seen !== undefined || bucket.keys.size < keysMax || this.#forgetKeys(bucket, found.atBootNs);
    if (isKept) bucket.keys.set(key, found.atBootNs);
    if (seen === undefined && isKept) this.#keys += 1;
    if (isNew && isKept) {
      bucket.tokens = Math.max(0, bucket.tokens - 1);
      all.tokens = Math.max(0, all.tokens - 1);
      bucket.lastId = found.id;
      return true;
    }
    if (bucket.tokens >= 1 && all.tokens >= 1) {
      bucket.tokens -= 1;
      all.tokens -= 1;
      bucket.lastId = found.id;
      return true;
    }
    // one act that was asked about twice has one id
    if (bucket.lastId === found.id) return false;
    bucket.lastId = found.id;
    this.#fold(bucket, isKept ? key : restKey, found, fields);
    return false;
  }

  /** What all rules of its container may tell singly. */
  #allOf({ execution, atBootNs }: DetectionFound): { tokens: number } {
    const who = execution.containerId ?? `\0${execution.path}`;
    const one = this.#all.get(who) ?? { tokens: burstOfAll, refilledBootNs: atBootNs };
    this.#all.delete(who);
    this.#all.set(who, one);
    if (this.#all.size > bucketsMax) this.#all.delete(this.#all.keys().next().value!);
    one.tokens = Math.min(burstOfAll, one.tokens + (Math.max(0, atBootNs - one.refilledBootNs) / 1e9) * perSecondOfAll);
    one.refilledBootNs = Math.max(one.refilledBootNs, atBootNs);
    return one;
  }

  #fold(bucket: Bucket, key: string, found: DetectionFound, fields: Readonly<Record<string, string | null>>): void {
    this.counted += 1;
    this.#folded.add(bucket);
    const fold = bucket.folds.get(key);
    if (fold === undefined) {
      bucket.folds.set(key, { first: found, fields, varied: new Set(), count: 1, lastBootNs: found.atBootNs });
      return;
    }
    fold.count += 1;
    fold.lastBootNs = found.atBootNs;
    for (const name of variedBetween(fold.fields, fields)) fold.varied.add(name);
  }

  #bucketOf(found: DetectionFound): Bucket {
    const name = `${found.rule}\0${found.execution.containerId ?? ''}`;
    const known = this.#buckets.get(name);
    if (known !== undefined) {
      const passedS = Math.max(0, found.atBootNs - known.refilledBootNs) / 1e9;
      known.tokens = Math.min(burst, known.tokens + passedS * perSecond);
      known.refilledBootNs = Math.max(known.refilledBootNs, found.atBootNs);
      return known;
    }
    if (this.#buckets.size >= bucketsMax || this.#keys >= keysOfAllMax) this.#forgetBuckets();
    const made: Bucket = { tokens: burst, refilledBootNs: found.atBootNs, lastId: '', keys: new Map(), folds: new Map() };
    this.#buckets.set(name, made);
    return made;
  }

  /** The oldest tenth, but none that has something to tell. A container that is forgotten begins anew with a full budget. */
  #forgetBuckets(): void {
    let left = Math.ceil(this.#buckets.size / 10);
    for (const [name, bucket] of this.#buckets) {
      if (left === 0) return;
      if (this.#folded.has(bucket)) continue;
      this.#buckets.delete(name);
      this.#keys -= bucket.keys.size;
      left -= 1;
    }
  }

  /** Whether a place became free. */
  #forgetKeys(bucket: Bucket, nowBootNs: number): boolean {
    for (const [key, at] of bucket.keys) {
      if (nowBootNs - at <= forgottenAfterNs) continue;
      bucket.keys.delete(key);
      this.#keys -= 1;
    }
    return bucket.keys.size < keysMax;
  }

  /** What was counted since the last time; with each commit, so that a crash loses no count and doubles none. */
  take(): CountedDetections[] {
    const out: CountedDetections[] = [];
    for (const bucket of this.#folded) {
      for (const { first, count, lastBootNs, varied } of bucket.folds.values()) out.push({ first, count, lastBootNs, varied: [...varied].sort() });
      bucket.folds.clear();
    }
    this.#folded = new Set();
    return out;
  }
}
