/**
 * YAML text → plain nodes with places. All scalars stay the strings that were written (`007`, `0x1f`, `yes`): the
 * language gives them their meaning, not YAML. Refuses what is not YAML, and bounds size, nesting and the number of
 * nodes after aliases are followed, so a small file cannot unfold into a large one.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node as ParsedYaml } from 'yaml';
import type { Locate } from '../placed-text.ts';
import { ruleProblem, type Place, type RuleProblem } from '../problems.ts';

export interface MapEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Node;
}

export type Node =
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[]; readonly place: Place }
  | { readonly kind: 'list'; readonly items: readonly Node[]; readonly place: Place }
  | { readonly kind: 'scalar'; readonly value: string; readonly place: Place; readonly locate: Locate }
  | { readonly kind: 'null'; readonly place: Place };

export interface Documents {
  /** The top-level value of each document. */
  readonly roots: readonly Node[];
  readonly problems: readonly RuleProblem[];
}

export const fileCharactersMax = 4 * 1024 * 1024;
const nodesMax = 400_000;
const depthMax = 24;
const aliasesMax = 1000;

class Refusal extends Error {
  readonly place: Place;
  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

export function readDocuments(file: string, text: string): Documents {
  const start: Place = { file, line: 1, column: 1 };
  if (text.length > fileCharactersMax) {
    const message = `the file has ${text.length} characters; at most ${fileCharactersMax} are read`;
    return { roots: [], problems: [ruleProblem('file-too-large', message, start)] };
  }
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  let documents: Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, { schema: 'failsafe', lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    // The parser recurses into nested flow collections; deep enough nesting exhausts the stack.
    if (!(error instanceof RangeError)) throw error;
    return { roots: [], problems: [ruleProblem('yaml-invalid', 'the file is nested too deeply', start)] };
  }
  const problems = documents.flatMap((one) =>
    one.errors.slice(0, 20).map((error) => ruleProblem('yaml-invalid', `this is not YAML: ${firstLine(error.message)}`, placeOf(error.pos[0]))),
  );
  if (problems.length > 0) return { roots: [], problems };
  try {
    return { roots: documents.map((one) => new NodeReader(text, placeOf).read(one.contents, 0, 0)), problems };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { roots: [], problems: [ruleProblem('yaml-invalid', error.message, error.place)] };
  }
}

class NodeReader {
  readonly #text: string;
  readonly #placeOf: (offset: number) => Place;
  readonly #anchors = new Map<string, unknown>();
  #count = 0;
  #aliases = 0;

  constructor(text: string, placeOf: (offset: number) => Place) {
    this.#text = text;
    this.#placeOf = placeOf;
  }

  read(node: unknown, depth: number, parentOffset: number): Node {
    const offset = offsetOf(node) ?? parentOffset;
    const place = this.#placeOf(offset);
    this.#count += 1;
    if (this.#count > nodesMax) throw new Refusal(`the file holds more than ${nodesMax} values`, place);
    if (depth > depthMax) throw new Refusal(`values are nested more than ${depthMax} deep`, place);
    if (isAlias(node)) {
      this.#aliases += 1;
      if (this.#aliases > aliasesMax) throw new Refusal(`the file uses more than ${aliasesMax} aliases`, place);
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw new Refusal(`the alias *${node.source} names no anchor`, place);
      return this.read(target, depth + 1, offset);
    }
    // Read in the order of the text, so the last one of a name is the one that an alias means.
    const anchor = (node as ParsedYaml | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isSeq(node)) {
      return { kind: 'list', items: node.items.map((item) => this.read(item, depth + 1, offset)), place };
    }
    if (isMap(node)) {
      const entries = node.items.map((pair): MapEntry => {
        const key = pair.key;
        const keyOffset = offsetOf(key) ?? offset;
        if (!isScalar(key)) throw new Refusal('a key must be a word', this.#placeOf(keyOffset));
        return { key: String(key.value), keyPlace: this.#placeOf(keyOffset), value: this.read(pair.value, depth + 1, keyOffset) };
      });
      return { kind: 'map', entries, place };
    }
    if (isScalar(node)) {
      const value = String(node.value);
      const plain = node.type === 'PLAIN' || node.type === undefined;
      if (plain && (value === '' || value === '~' || value === 'null')) return { kind: 'null', place };
      const end = (node as ParsedYaml).range?.[1] ?? offset;
      return { kind: 'scalar', value, place, locate: this.#locator(value, offset, end, node.type ?? 'PLAIN') };
    }
    return { kind: 'null', place };
  }

  /**
   * Folding changes blanks only, so the n-th character that is not blank in the value is the n-th one in the source.
   * A quoted value's escapes are counted as the one character they stand for.
   */
  #locator(value: string, start: number, end: number, type: string): Locate {
    return (offset) => {
      let seen = 0;
      for (let index = 0; index < offset && index < value.length; index += 1) {
        if (!isBlank(value.charCodeAt(index))) seen += 1;
      }
      return this.#placeOf(this.#nthVisible(seen, start, end, type));
    };
  }

  #nthVisible(wanted: number, start: number, end: number, type: string): number {
    const text = this.#text;
    let at = start;
    if (type.startsWith('BLOCK')) at = Math.max(start, text.indexOf('\n', start) + 1);
    if (type.startsWith('QUOTE')) at = start + 1;
    let seen = 0;
    while (at < end) {
      const code = text.charCodeAt(at);
      if (!isBlank(code)) {
        if (seen === wanted) return at;
        seen += 1;
        const escaped = (type === 'QUOTE_DOUBLE' && code === 0x5c) || (type === 'QUOTE_SINGLE' && text.startsWith("''", at));
        if (escaped) at += 1;
      }
      at += 1;
    }
    return Math.max(start, end - 1);
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as ParsedYaml | null | undefined)?.range?.[0];
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
