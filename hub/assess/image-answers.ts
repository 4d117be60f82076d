/**
 * What a cluster part is told of images that somebody wants to run. The registry is asked which digest the name means now, and what signs it, for as long
 * as an API server waits; what is known of the digest here is told in any case. A name without a digest that nobody resolves is not guessed: a tag may
 * have moved since it was last seen. A problem is something that may be known in a moment, or that somebody can mend.
 */
import { nameFacts, unknownImage, type ImageFactName, type ImageFacts } from '@vedette/policy/image-facts';
import { writeImageFacts } from '@vedette/policy/image-facts-text';
import type { Database } from '../store/database.ts';
import { usualArchitecture } from '../store/fleet.ts';
import { imageFactsOf, named, unseen, type ImageSources, type KnownImage } from './image-facts.ts';

export interface ImageAnswer {
  readonly reference: string;
  /** Of the platform's manifest; empty: not known. */
  readonly digest: string;
  readonly factsJson: string;
  readonly learnedAt: Date | null;
  /** Empty: there is none. */
  readonly problem: string;
}

/** What registries said now. */
export interface Heard {
  readonly digest: string | null;
  readonly facts: Partial<ImageFacts>;
  readonly problem: string | null;
}

export interface AnswerSources extends ImageSources {
  readonly database: Database;
  /** Asks the registry, no longer than the wait; left out: nobody can. */
  readonly hear?: (reference: string, platform: string, waitMs: number) => Promise<Heard>;
  /** Matches what waits for it with the advisories. */
  readonly settle?: () => Promise<void>;
}

/** Longer no API server waits, even where the asker would. */
const registryWaitMsMax = 1500;
/** What is left of the asker's wait for everything else. */
const ownShareMs = 500;
const registryWaitMsMin = 200;
const matchWaitMs = 300;
const unheard: Heard = { digest: null, facts: {}, problem: 'which digest the name means now is not known: name the image by its digest, or let the hub ask the registry' };

export interface Question {
  readonly reference: string;
  readonly clusterId: string;
  /** How long the asker waits. */
  readonly waitMs: number;
}

/** For nodes as the cluster has most: a pod may run on any of them. */
export async function answerImage({ reference, clusterId, waitMs }: Question, sources: AnswerSources): Promise<ImageAnswer> {
  if (nameFacts(reference) === null) return { reference, digest: '', factsJson: '', learnedAt: null, problem: 'it is not the name of an image' };
  const pinned = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] ?? null;
  const architecture = (await usualArchitecture(sources.database, clusterId)) ?? 'x86_64';
  const heard = (await sources.hear?.(reference, architecture, Math.max(registryWaitMsMin, Math.min(registryWaitMsMax, waitMs - ownShareMs)))) ?? { ...unheard, problem: pinned === null ? unheard.problem : null };
  const digest = pinned ?? heard.digest;
  if (digest === null) {
    const problem = heard.problem ?? 'which digest the name means now is not known';
    const facts = { ...unknownImage(problem), ...named(reference), ...(heard.facts.registryTrusted === undefined ? {} : { registryTrusted: heard.facts.registryTrusted }) };
    return { reference, digest: '', factsJson: writeImageFacts(facts), learnedAt: null, problem };
  }
  const known = await matched(() => imageFactsOf(sources.database, { digest, reference }, { ...sources, origin: async (db, of) => better(heard.facts, (await sources.origin?.(db, of)) ?? {}) }), sources);
  const { facts, imageId, learnedAt } = known;
  return {
    reference,
    digest: facts.digest.is === 'known' ? facts.digest.value : digest,
    factsJson: writeImageFacts(facts),
    learnedAt,
    problem: [imageId === null ? unseen : null, heard.problem].filter((one) => one !== null).join('; '),
  };
}

/** A list that came a moment ago is matched while somebody waits for it. */
async function matched(read: () => Promise<KnownImage>, { settle }: AnswerSources): Promise<KnownImage> {
  const first = await read();
  if (first.isMatched || settle === undefined) return first;
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, matchWaitMs);
  await Promise.race([settle(), late.promise]);
  clearTimeout(timer);
  return read();
}

/** What was heard now counts; where nobody answered now, what was heard before of the same digest. */
function better(now: Partial<ImageFacts>, before: Partial<ImageFacts>): Partial<ImageFacts> {
  const held = (Object.entries(before) as [ImageFactName, ImageFacts[ImageFactName]][]).filter(([name, fact]) => {
    const newer = now[name];
    return newer === undefined || (isOpen(newer) && !isOpen(fact));
  });
  return { ...now, ...(Object.fromEntries(held) as Partial<ImageFacts>) };
}

function isOpen(fact: ImageFacts[ImageFactName]): boolean {
  return 'is' in fact ? fact.is === 'unknown' : fact.incomplete !== null;
}
