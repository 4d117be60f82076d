/**
 * Decisions → records for the hub. The first of its kind is told at once; a controller that tries again every second asks the
 * same and gets the same answer, so repeats are counted and told once a minute under the first one's id. Kinds are bounded:
 * the longest unheard is forgotten, after its count was told. Decisions about a dry run have no effect and are not told.
 */
import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { AdmissionDecisionSchema, RecordSchema, type AdmissionDecision, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { shown } from '@vedette/policy/message';
import type { Decision } from './judge.ts';
import type { WorkloadReview } from './review.ts';

export interface DecisionDoors {
  readonly report: (record: WireRecord) => void;
  readonly nowMs: () => number;
}

interface Heard {
  readonly record: AdmissionDecision;
  repeats: number;
  told: number;
  lastMs: number;
}

const heardMax = 5000;
const findingsMax = 100;
const tellMs = 60_000;
/** Not heard for so long: the next one is a decision of its own. */
const forgetMs = 30 * 60_000;

export class DecisionLog {
  readonly #doors: DecisionDoors;
  readonly #heard = new Map<string, Heard>();
  readonly #timer: NodeJS.Timeout;
  answered = 0;
  denied = 0;
  warned = 0;
  failedOpen = 0;

  constructor(doors: DecisionDoors) {
    this.#doors = doors;
    this.#timer = setInterval(() => this.tell(), tellMs);
    this.#timer.unref();
  }

  decided(review: WorkloadReview, decision: Decision): void {
    if (review.dryRun) return;
    this.answered += 1;
    if (!decision.allowed) this.denied += 1;
    if (decision.warnings.length > 0) this.warned += 1;
    if (decision.failedOpen !== '') this.failedOpen += 1;
    const nowMs = this.#doors.nowMs();
    const key = keyOf(review, decision);
    const before = this.#heard.get(key);
    if (before !== undefined) {
      before.repeats += 1;
      before.lastMs = nowMs;
      this.#heard.delete(key);
      this.#heard.set(key, before);
      return;
    }
    const record = recordOf(review, decision, nowMs);
    this.#heard.set(key, { record, repeats: 0, told: 0, lastMs: nowMs });
    this.#report(record);
    if (this.#heard.size <= heardMax) return;
    const [oldest, heard] = this.#heard.entries().next().value ?? [];
    if (oldest === undefined || heard === undefined) return;
    this.#tellOne(heard);
    this.#heard.delete(oldest);
  }

  /** What could not be judged at all: not even read. Counted, since nobody can say what it was about. */
  unread(): void {
    this.answered += 1;
    this.failedOpen += 1;
  }

  tell(): void {
    for (const [key, heard] of this.#heard) {
      this.#tellOne(heard);
      if (this.#doors.nowMs() - heard.lastMs > forgetMs) this.#heard.delete(key);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.tell();
  }

  #tellOne(heard: Heard): void {
    if (heard.repeats === heard.told) return;
    heard.told = heard.repeats;
    this.#report({ ...heard.record, repeats: heard.repeats, atMs: BigInt(Math.round(heard.lastMs)) });
  }

  #report(value: AdmissionDecision): void {
    this.#doors.report(create(RecordSchema, { kind: { case: 'admission', value } }));
  }
}

function keyOf(review: WorkloadReview, { allowed, failedOpen, images }: Decision): string {
  const findings = images.map((one) => [one.reference, one.digest, one.factsAgeMs === null, one.verdicts.map(({ verdict }) => [verdict.policy, verdict.rule, verdict.answer, verdict.effect])]);
  // the pods of a controller differ by their name alone
  const name = review.owner === '' ? review.name : review.owner;
  return createHash('sha256').update(JSON.stringify([review.user, review.operation, review.kind, review.namespace, name, allowed, failedOpen, findings])).digest('base64');
}

function recordOf(review: WorkloadReview, decision: Decision, nowMs: number): AdmissionDecision {
  const [ownerKind = '', ownerName = ''] = review.owner.split('/');
  let left = findingsMax;
  return create(AdmissionDecisionSchema, {
    requestUid: review.uid, atMs: BigInt(Math.round(nowMs)), user: review.user, operation: review.operation, kind: review.kind, namespace: review.namespace, name: review.name,
    allowed: decision.allowed, dryRun: review.dryRun, message: decision.message, warnings: [...decision.warnings], failedOpenReason: decision.failedOpen,
    workloadKind: ownerKind === '' ? review.kind : ownerKind, workloadName: ownerName === '' ? review.name : ownerName,
    images: decision.images.map(({ reference, digest, factsAgeMs, verdicts }) => {
      const told = verdicts.slice(0, left);
      left -= told.length;
      return {
        reference: shown(reference), digest, factsAgeSeconds: factsAgeMs === null ? 0 : Math.max(1, Math.round(factsAgeMs / 1000)),
        findings: told.map(({ verdict, explanation }) => ({
          policy: verdict.policy, rule: verdict.rule, mode: verdict.mode, action: verdict.action,
          verdict: verdict.answer === 'broken' ? 'violated' : verdict.answer,
          sentence: explanation.fact, fix: explanation.fix ?? '', exception: verdict.accepted[0]?.exception ?? '',
        })),
      };
    }),
  });
}
