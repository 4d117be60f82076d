/**
 * Faults put into the product's own code on purpose, while it is loaded: a piece of a source file replaced by another. Fuzzing
 * that does not find each of them proves nothing when it finds nothing. A piece that is no longer there is an error of this table.
 */
import { registerHooks } from 'node:module';

export interface Fault {
  readonly target: 'rules' | 'captures' | 'decoder';
  readonly what: string;
  /** The end of the file's path, the piece, and what stands there instead. */
  readonly file: string;
  readonly piece: string;
  readonly instead: string;
}

export const faults = {
  parser: {
    target: 'rules', what: 'a quote that is not closed makes the parser throw',
    file: '/rules/parse/lexer.ts', piece: "throw new Unexpected('this quote is not closed', start);", instead: "throw new Error('planted');",
  },
  capture: {
    target: 'captures', what: 'the capture reader reads beyond the end of a block',
    file: '/capture/file/bytes.ts', piece: 'if (count > this.left) throw', instead: 'if (count < 0) throw',
  },
  decoder: {
    target: 'decoder', what: 'the decoder believes the lengths of a call\'s texts',
    file: '/sensor/decode/call-event.ts', piece: 'if (secondPathAt + secondPathBytes > offset + length) return null;', instead: '',
  },
  hang: {
    target: 'rules', what: 'an escape that there is not makes the parser go back for ever',
    file: '/rules/parse/lexer.ts', piece: 'else throw new Unexpected(`\\\\${escaped}', instead: 'else if (at > 0) at -= 2; else throw new Unexpected(`\\\\${escaped}',
  },
  growth: {
    target: 'decoder', what: 'what is malformed is kept for ever',
    file: '/sensor/decode/stream.ts', piece: 'this.malformed += 1;', instead: 'this.malformed += 1; (globalThis.keptByFault ??= []).push(Array.from(this.buffer.subarray(at, at + whole)));',
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

export function faultOf(name: string | null): Fault | null {
  return Object.entries(faults).find(([one]) => one === name)?.[1] ?? null;
}

/** From now on the file is loaded with the fault in it; call before anything imports it. */
export function plant({ file, piece, instead }: Fault): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(file)) return loaded;
      const source = String(loaded.source);
      if (!source.includes(piece)) throw new Error(`${file} no longer has the piece that the fault replaces: ${piece}`);
      return { ...loaded, source: source.replace(piece, () => instead) };
    },
  });
}
