/**
 * What the hub knows of an image, asked once and kept, also for the next process: what is young is used as it is, what is older is used and asked again
 * behind it, what is old is asked before it is used, and what is older than allowed is unknown. A name without a digest may mean
 * another image tomorrow, so its answer ages faster. Bounds: images kept and their size, images a question, questions under
 * way and waiting. Whatever cannot be known in time is unknown with the reason; the facts of the name itself are always there. What is
 * used while the hub does not answer says how old it is.
 */
import { nameFacts, unknownImage, type ImageFacts } from '@vedette/policy/image-facts';
import { readImageFacts } from '@vedette/policy/image-facts-text';
import type { KeptImages } from './kept-images.ts';

/** One image as the hub answers. */
export interface HubAnswer {
  readonly digest: string;
  /** Empty: nothing is known, and the problem says why. */
  readonly factsJson: string;
  readonly learnedAtMs: number;
  readonly problem: string;
}
export type HubAnswers = { readonly kind: 'answered'; readonly images: readonly HubAnswer[] } | { readonly kind: 'unanswered'; readonly reason: string };

export interface KnowledgeDoors {
  readonly ask: (references: readonly string[]) => Promise<HubAnswers>;
  readonly nowMs: () => number;
  readonly kept: Pick<KeptImages, 'read' | 'keep' | 'forget'>;
}

export interface KnowledgeBounds {
  /** Used as it is. */
  readonly freshMs: number;
  /** Used, and asked again meanwhile. */
  readonly settledMs: number;
  /** Of a name with a digest; used when the hub does not answer. */
  readonly ageMsMax: number;
  /** The same of a name without. */
  readonly tagAgeMsMax: number;
  readonly imagesMax: number;
  readonly charactersMax: number;
  readonly imagesAtOnce: number;
  readonly questionsMax: number;
  readonly waitingMax: number;
}

const minuteMs = 60_000;
export const knowledgeBounds: KnowledgeBounds = {
  freshMs: minuteMs, settledMs: 10 * minuteMs, ageMsMax: 24 * 60 * minuteMs, tagAgeMsMax: 60 * minuteMs,
  imagesMax: 5000, charactersMax: 48 << 20, imagesAtOnce: 6, questionsMax: 4, waitingMax: 500,
};
/** An answer that says nothing is asked again sooner: an image that was pushed a moment ago is known soon. */
const emptyFreshMs = 5000;

export interface KnownImage {
  readonly facts: ImageFacts;
  /** Empty: not known. */
  readonly digest: string;
  /** Empty: the facts are those that the hub has, now or at an age that is allowed. */
  readonly problem: string;
  /** So long ago the hub said it, and it does not answer now, or has not been heard since this part began; null: it is what the hub says. */
  readonly ageMs: number | null;
}

interface Entry {
  readonly known: Omit<KnownImage, 'ageMs'>;
  /** Said to a former process. */
  readonly isRecalled: boolean;
  readonly askedAtMs: number;
  readonly isEmpty: boolean;
  readonly characters: number;
}

interface Waiting {
  readonly reference: string;
  readonly done: (problem: string | null) => void;
}

export class ImageKnowledge {
  readonly #doors: KnowledgeDoors;
  readonly #bounds: KnowledgeBounds;
  readonly #entries = new Map<string, Entry>();
  /** Whoever asks what is being asked waits for that answer. */
  readonly #underWay = new Map<string, Promise<string | null>>();
  #waiting: Waiting[] = [];
  #questions = 0;
  #characters = 0;
  /** The last question was not answered. */
  #isAway = false;
  asked = 0;
  unanswered = 0;

  constructor(doors: KnowledgeDoors, bounds: KnowledgeBounds = knowledgeBounds) {
    this.#doors = doors;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Answers not later than `waitMs` from now. */
  async of(reference: string, waitMs: number): Promise<KnownImage> {
    if (nameFacts(reference) === null) return nothing(reference, 'it is not the name of an image');
    const held = this.#held(reference);
    if (held !== undefined) {
      const ageMs = this.#ageMs(held);
      if (ageMs >= (held.isEmpty ? emptyFreshMs : this.#bounds.freshMs)) void this.#learn(reference);
      const isFresh = ageMs < this.#bounds.freshMs;
      if (ageMs < (held.isEmpty ? emptyFreshMs : this.#bounds.settledMs)) return { ...held.known, ageMs: !isFresh && (this.#isAway || held.isRecalled) ? ageMs : null };
    }
    const problem = await within(this.#learn(reference), waitMs, 'the hub did not answer in time');
    const now = this.#entries.get(reference);
    if (problem === null && now !== undefined) return { ...now.known, ageMs: null };
    if (now === undefined) return nothing(reference, problem ?? 'it is no longer kept');
    const ageMs = this.#ageMs(now);
    if (ageMs <= this.#ageMsMax(reference)) return { ...now.known, ageMs };
    return nothing(reference, `what is known of it is ${span(ageMs)} old, and ${problem ?? 'nobody answers'}`);
  }

  #held(reference: string): Entry | undefined {
    const entry = this.#entries.get(reference) ?? this.#recalled(reference);
    if (entry === undefined) return undefined;
    this.#entries.delete(reference);
    this.#entries.set(reference, entry);
    return entry;
  }

  /** What a former process was told, if it may be used yet. A clock that was set back says nothing about the age. */
  #recalled(reference: string): Entry | undefined {
    const kept = this.#doors.kept.read(reference);
    const ageMs = kept === null ? Number.NaN : this.#doors.nowMs() - kept.askedAtMs;
    if (kept === null || !(ageMs >= 0 && ageMs <= this.#ageMsMax(reference))) return undefined;
    const read = readImageFacts(kept.factsJson);
    if (!read.ok) return undefined;
    const known = { facts: { ...read.image, ...nameFacts(reference) }, digest: kept.digest, problem: '' };
    const entry = { known, askedAtMs: kept.askedAtMs, isRecalled: true, isEmpty: false, characters: kept.factsJson.length };
    this.#enter(reference, entry);
    return entry;
  }

  #ageMsMax(reference: string): number {
    return reference.includes('@') ? this.#bounds.ageMsMax : this.#bounds.tagAgeMsMax;
  }

  #ageMs(entry: Entry): number {
    return Math.max(0, this.#doors.nowMs() - entry.askedAtMs);
  }

  /** Null: it is kept now; else why not. */
  #learn(reference: string): Promise<string | null> {
    const known = this.#underWay.get(reference);
    if (known !== undefined) return known;
    if (this.#waiting.length >= this.#bounds.waitingMax) return Promise.resolve('too many questions wait for the hub');
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#underWay.set(reference, promise);
    this.#waiting.push({ reference, done: resolve });
    // those of one review are asked together
    queueMicrotask(() => this.#next());
    return promise;
  }

  #next(): void {
    while (this.#questions < this.#bounds.questionsMax && this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, this.#bounds.imagesAtOnce);
      this.#questions += 1;
      void this.#ask(taken).finally(() => {
        this.#questions -= 1;
        this.#next();
      });
    }
  }

  async #ask(taken: readonly Waiting[]): Promise<void> {
    this.asked += taken.length;
    const askedAtMs = this.#doors.nowMs();
    const answer = await this.#doors.ask(taken.map((one) => one.reference)).catch((error: unknown): HubAnswers => ({ kind: 'unanswered', reason: error instanceof Error ? error.message : String(error) }));
    this.#isAway = answer.kind === 'unanswered';
    for (const [index, { reference, done }] of taken.entries()) {
      const image = answer.kind === 'answered' ? answer.images[index] : undefined;
      const problem = image === undefined ? `the hub did not answer: ${answer.kind === 'unanswered' ? answer.reason : 'an answer is missing'}` : this.#keep(reference, image, askedAtMs);
      if (problem !== null) this.unanswered += 1;
      this.#underWay.delete(reference);
      done(problem);
    }
  }

  #keep(reference: string, image: HubAnswer, askedAtMs: number): string | null {
    const read = image.factsJson === '' ? null : readImageFacts(image.factsJson);
    if (read?.ok === false) return `the hub's answer cannot be read: ${read.reason}`;
    const problem = image.problem;
    const known = read === null ? nothing(reference, problem === '' ? 'the hub knows nothing of it' : problem) : { facts: { ...read.image, ...nameFacts(reference) }, digest: image.digest, problem };
    const isEmpty = problem !== '' || read === null;
    // the hub's last word, also when it is that nothing is known
    if (isEmpty) this.#doors.kept.forget(reference);
    else this.#doors.kept.keep({ reference, digest: image.digest, factsJson: image.factsJson, learnedAtMs: image.learnedAtMs, askedAtMs });
    this.#enter(reference, { known, askedAtMs, isRecalled: false, isEmpty, characters: image.factsJson.length });
    return null;
  }

  #enter(reference: string, entry: Entry): void {
    this.#drop(reference);
    this.#entries.set(reference, entry);
    this.#characters += entry.characters;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.imagesMax && this.#characters <= this.#bounds.charactersMax) break;
      if (oldest !== reference) this.#drop(oldest);
    }
  }

  #drop(reference: string): void {
    this.#characters -= this.#entries.get(reference)?.characters ?? 0;
    this.#entries.delete(reference);
  }
}

function nothing(reference: string, reason: string): KnownImage {
  return { facts: { ...unknownImage(reason), ...nameFacts(reference) }, digest: '', problem: reason, ageMs: null };
}

async function within(answer: Promise<string | null>, waitMs: number, otherwise: string): Promise<string | null> {
  const timer = Promise.withResolvers<string>();
  const handle = setTimeout(() => timer.resolve(otherwise), Math.max(0, waitMs));
  const first = await Promise.race([answer, timer.promise]);
  clearTimeout(handle);
  return first;
}

/** For people: 35 minutes, 3 hours. */
export function span(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / minuteMs));
  return minutes < 120 ? `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}` : `${Math.round(minutes / 60)} hours`;
}
