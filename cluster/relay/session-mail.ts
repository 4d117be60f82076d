/**
 * Who came in by exec or attach, on the way to the sensors of a node: put into the stream that also tells them their pods, and
 * said to be taken when the stream has asked for what comes next. Nobody waits longer than told, and what was not taken by then
 * is withdrawn: a session that comes late could be bound to somebody else's process.
 */
import type { LocalCommand } from '@vedette/link/transport/relayed-commands';
import type { ExecSession, PodSet } from '@vedette/model/wire/generated/link_pb';

interface Letter {
  readonly session: ExecSession;
  readonly taken: () => void;
}

interface Box {
  readonly letters: Letter[];
  wake: () => void;
}

const lettersMax = 256;

export class SessionMail {
  readonly #boxes = new Map<string, Set<Box>>();

  /** Whether a sensor of the node has taken it. */
  async push(node: string, session: ExecSession, waitMs: number): Promise<boolean> {
    const boxes = [...(this.#boxes.get(node) ?? [])].filter((box) => box.letters.length < lettersMax);
    if (boxes.length === 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const letters = boxes.map((box) => {
      const letter: Letter = { session, taken: () => resolve(true) };
      box.letters.push(letter);
      box.wake();
      return { box, letter };
    });
    const timer = setTimeout(() => resolve(false), waitMs);
    const isTaken = await promise;
    clearTimeout(timer);
    for (const { box, letter } of letters) {
      const at = box.letters.indexOf(letter);
      // the node's other sensor, if there are two, may still take what one has taken
      if (at >= 0 && !isTaken) box.letters.splice(at, 1);
    }
    return isTaken;
  }

  /** The pods of a node with the letters in between, letters first. */
  async *beside(node: string, pods: AsyncIterable<PodSet>, signal: AbortSignal): AsyncGenerator<LocalCommand> {
    let woken = Promise.withResolvers<void>();
    const box: Box = { letters: [], wake: () => woken.resolve() };
    const boxes = this.#boxes.get(node) ?? new Set();
    this.#boxes.set(node, boxes.add(box));
    const sets = pods[Symbol.asyncIterator]();
    let next: Promise<IteratorResult<PodSet>> | undefined;
    try {
      while (!signal.aborted) {
        for (let letter = box.letters.shift(); letter !== undefined; letter = box.letters.shift()) {
          yield { case: 'execSession', value: letter.session };
          letter.taken();
        }
        next ??= sets.next();
        woken = Promise.withResolvers();
        if (box.letters.length > 0) continue;
        const first = await Promise.race([next, woken.promise]);
        if (first === undefined) continue;
        next = undefined;
        if (first.done === true) return;
        yield { case: 'pods', value: first.value };
      }
    } finally {
      boxes.delete(box);
      if (boxes.size === 0 && this.#boxes.get(node) === boxes) this.#boxes.delete(node);
      void sets.return?.();
    }
  }
}
