/**
 * Evidence attached to an image. It hangs on what was pushed, the index, and not on the platforms in it; many servers have the service switched off.
 * So none for the platform is no answer, and no service is unknown: never "failed".
 */
import { z } from 'zod';
import type { ImageDigest } from '@vedette/model/ids';
import { absent, known, unknown, type Answer } from '@vedette/model/origin';
import type { Platform } from './platform.ts';

export interface Evidence {
  readonly predicateType: string;
  /** By the platform, not by us. */
  readonly verified: boolean | null;
  readonly createdBy: string | null;
}

const text = z.string().max(2048);
const answer = z.object({ evidence: z.array(z.object({ predicate_type: text, verified: z.boolean().nullish(), created_by: text.nullish() })).max(1000) });

/** `digests`: the image's and its index's; the first that has any speaks. */
export async function findEvidence(platform: Platform, digests: readonly ImageDigest[]): Promise<Answer<readonly Evidence[]>> {
  for (const digest of digests) {
    const found = await platform.json({ method: 'GET', path: `evidence/api/v1/evidence-search?sha256=${digest.slice('sha256:'.length)}` }, answer);
    if ('why' in found) return found.status === 404 ? unknown('not-found', `${platform.name} has no evidence service, or it is switched off`) : found.why;
    if (found.value.evidence.length > 0) return known(found.value.evidence.map((one) => ({ predicateType: one.predicate_type, verified: one.verified ?? null, createdBy: one.created_by ?? null })));
  }
  return absent(`${platform.name} has no evidence for ${digests.length === 1 ? 'this digest' : 'these digests'}`);
}
