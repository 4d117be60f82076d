/** File origins between the wire's numbers and the product's words, and what each means in a sentence. */
import { FileOrigin as WireOrigin } from './wire/generated/record_pb.ts';
import type { FileOrigin } from './policy.ts';

const words: Record<WireOrigin, FileOrigin | null> = {
  [WireOrigin.UNSPECIFIED]: null,
  [WireOrigin.HOST]: 'host',
  [WireOrigin.IMAGE]: 'image',
  [WireOrigin.MODIFIED]: 'modified',
  [WireOrigin.DROPPED]: 'dropped',
  [WireOrigin.MEMORY]: 'memory',
  [WireOrigin.VOLUME]: 'volume',
  [WireOrigin.UNJUDGED]: 'unjudged',
};

export function originWord(wire: WireOrigin): FileOrigin | null {
  return words[wire] ?? null;
}

export function originNumber(word: FileOrigin): WireOrigin {
  for (const [number, one] of Object.entries(words)) {
    if (one === word) return Number(number) as WireOrigin;
  }
  throw new RangeError(`no such file origin: ${word}`);
}

/** Reads as the end of a sentence: "/tmp/x runs, which …". */
export const originSentence: Record<FileOrigin, string> = {
  host: 'runs on the host, not in a container',
  image: 'came with the image',
  modified: 'came with the image and was changed in the running container',
  dropped: 'did not come with the image: it was written after the container started',
  memory: 'exists only in memory, or was deleted before it was executed',
  volume: 'lies on a volume, so it did not come with the image',
  unjudged: 'cannot be judged: the root of this container is not overlayfs',
};
