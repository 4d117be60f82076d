/**
 * Which images must not run, as the hub has judged them → whether one container is of such an image. The hub knows what is in an
 * image and what is wrong with it; the node knows which container is of which image. While a container has no identity, the
 * answer is open.
 */
import type { ContainerFacts } from './facts.ts';
import { fitsAny } from './scope.ts';

export interface ImageVerdict {
  readonly platformDigest: string;
  /** Null: not known, or none. */
  readonly indexDigest: string | null;
  readonly policy: string;
  readonly rule: string;
  readonly mode: 'shadow' | 'enforce';
  /** What is wrong with the image, one sentence. */
  readonly reason: string;
  /** Names under which it is wrong; empty: any. */
  readonly images: readonly string[];
  /** Empty: any. */
  readonly namespaces: readonly string[];
}

export interface ImageVerdicts {
  readonly generation: number;
  readonly verdicts: readonly ImageVerdict[];
}

export const noImageVerdicts: ImageVerdicts = { generation: 0, verdicts: [] };

export type ImageVerdictFit = (container: ContainerFacts) => 'in' | 'out' | 'pending';

/**
 * A pod's sandbox is never of a banned image: killed, it would take pods with it whose own images nobody has banned. A container whose
 * runtime has answered without naming an image is of no image that anybody has judged.
 */
export function imageVerdictFit(verdict: ImageVerdict): ImageVerdictFit {
  const fitsImage = verdict.images.length === 0 ? () => true : fitsAny(verdict.images);
  const fitsNamespace = verdict.namespaces.length === 0 ? () => true : fitsAny(verdict.namespaces);
  return ({ name, image, digest, indexDigest, namespace, podSandbox }) => {
    if (podSandbox === true) return 'out';
    if (name === null && digest === null) return 'pending';
    const isImage = digest === verdict.platformDigest || (digest === null && verdict.indexDigest !== null && indexDigest === verdict.indexDigest);
    return isImage && fitsImage(image ?? '') && fitsNamespace(namespace ?? '') ? 'in' : 'out';
  };
}
