/**
 * One question over HTTP whose answer is too large to be held: its bytes in pieces, as they come. The same safeguards as for a whole
 * reply (`ask.ts`) until the headers are there; then the time counts from piece to piece, since an honest layer may take an hour. What
 * is no success comes whole, bounded, so that its reason can be said. Nothing here knows whether the bytes are the right ones.
 */
import type { ReadableStream } from 'node:stream/web';
import { unknown, type Unknown } from '@vedette/model/origin';
import { begin, causeOf, followed, patiently, tooSlow, wholeOf, type Answered, type Asking, type Question, type Reply } from './ask.ts';
import { placeOf } from './plain.ts';

export interface Streaming extends Answered {
  /** Once. Throws `Broken` where the connection ends or stalls. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** The answer broke off, and why; asking again may help. */
export class Broken extends Error {
  readonly why: Unknown;

  constructor(why: Unknown) {
    super(why.detail);
    this.why = why;
  }
}

export function isStreaming(outcome: Streaming | Reply): outcome is Streaming {
  return 'pieces' in outcome;
}

export async function askForStream(question: Question, asking: Asking): Promise<Streaming | Reply | Unknown> {
  return await patiently<Streaming | Reply>(asking, () => followed<Streaming | Reply>(question, (url) => exchange(url, question, asking)));
}

async function exchange(url: URL, question: Question, asking: Asking): Promise<Streaming | Reply | Unknown> {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), asking.timeoutMs);
  const response = await begin(url, question, asking, stop.signal);
  clearTimeout(timer);
  if ('state' in response) return response;
  if (response.status !== 200 && response.status !== 206) return await wholeOf(response, url, question, asking, AbortSignal.any([stop.signal, AbortSignal.timeout(asking.timeoutMs)]));
  const body = response.body as ReadableStream<Uint8Array> | null;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    if (body === null) return;
    const rearm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), asking.timeoutMs);
    };
    try {
      rearm();
      for await (const piece of body) {
        // whoever takes the pieces may be slow: that is not the server's fault
        clearTimeout(timer);
        yield piece;
        rearm();
      }
    } catch (error) {
      throw new Broken(stop.signal.aborted ? tooSlow(url, asking) : unknown('incomplete', `${placeOf(url)} broke off in the middle of its answer: ${causeOf(error)}`));
    } finally {
      clearTimeout(timer);
    }
  };
  return { status: response.status, url, header: (name) => response.headers.get(name), pieces: pieces() };
}
