/**
 * What a cluster part is told of images that somebody wants to run. The answer is about a digest: a name without one is answered
 * only as far as somebody who can resolve it says, because a tag may have moved since it was last seen here.
 */
import { nameFacts, unknownImage } from '@vedette/policy/image-facts';
import { writeImageFacts } from '@vedette/policy/image-facts-text';
import type { Db } from '../store/database.ts';
import { imageFactsOf, named, type ImageSources } from './image-facts.ts';

export interface ImageAnswer {
  readonly reference: string;
  /** Of the platform's manifest; empty: not known. */
  readonly digest: string;
  readonly factsJson: string;
  readonly learnedAt: Date | null;
  /** Empty: there is none. */
  readonly problem: string;
}

export interface AnswerSources extends ImageSources {
  readonly database: Db;
  /** Asks the registry which digest a name means now; left out: nobody can. */
  readonly resolve?: (reference: string) => Promise<{ readonly digest: string } | { readonly problem: string }>;
}

export async function answerImage(reference: string, sources: AnswerSources): Promise<ImageAnswer> {
  if (nameFacts(reference) === null) return { reference, digest: '', factsJson: '', learnedAt: null, problem: 'it is not the name of an image' };
  const wanted = await digestOf(reference, sources);
  if ('problem' in wanted) {
    const facts = { ...unknownImage(wanted.problem), ...named(reference) };
    return { reference, digest: '', factsJson: writeImageFacts(facts), learnedAt: null, problem: wanted.problem };
  }
  const { facts, imageId, learnedAt } = await imageFactsOf(sources.database, { digest: wanted.digest, reference }, sources);
  const digest = facts.digest.is === 'known' ? facts.digest.value : wanted.digest;
  return { reference, digest, factsJson: writeImageFacts(facts), learnedAt, problem: imageId === null ? 'this hub has not seen the image yet' : '' };
}

async function digestOf(reference: string, { resolve }: AnswerSources): Promise<{ readonly digest: string } | { readonly problem: string }> {
  const pinned = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
  if (pinned !== undefined) return { digest: pinned };
  return (await resolve?.(reference)) ?? { problem: 'which digest the name means now is not known: name the image by its digest, or let the hub ask the registry' };
}
