/**
 * Reads the keys of one YAML mapping: each value is taken as text, flag, words or node, a wrong shape is reported with
 * its place, and keys that nobody took are reported at the end. The first of repeated keys counts, as it does in Falco.
 */
import { placedText, type PlacedText } from '../placed-text.ts';
import { didYouMean, ruleProblem, type Place, type RuleProblem, type RuleProblemCode } from '../problems.ts';
import type { Entry, Word } from './item.ts';
import type { MapEntry, Node } from './document.ts';

const truthy = /^(true|yes|on|y)$/i;
const falsy = /^(false|no|off|n)$/i;

export class MapReader {
  readonly place: Place;
  readonly problems: RuleProblem[] = [];
  readonly #entries = new Map<string, MapEntry>();
  readonly #subject: string | null;
  readonly #taken = new Set<string>();

  constructor(node: Node & { kind: 'map' }, subject: string | null) {
    this.place = node.place;
    this.#subject = subject;
    for (const entry of node.entries) {
      if (this.#entries.has(entry.key)) {
        this.report('key-repeated', `the key ${entry.key} is given twice; the first one counts`, entry.keyPlace);
      } else {
        this.#entries.set(entry.key, entry);
      }
    }
  }

  report(code: RuleProblemCode, message: string, place: Place = this.place): void {
    this.problems.push(ruleProblem(code, message, place, this.#subject));
  }

  get failed(): boolean {
    return this.problems.some((one) => one.severity === 'error');
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  placeOf(key: string): Place {
    return this.#entries.get(key)?.keyPlace ?? this.place;
  }

  node(key: string): Node | null {
    this.#taken.add(key);
    return this.#entries.get(key)?.value ?? null;
  }

  /** A word that must be there and not empty. */
  required(key: string): string | null {
    if (!this.has(key)) {
      this.report('item-invalid', `the key ${key} is missing`);
      return null;
    }
    return this.text(key)?.text ?? null;
  }

  text(key: string): PlacedText | null {
    const node = this.node(key);
    if (node === null) return null;
    if (node.kind !== 'scalar' || node.value === '') {
      this.report('item-invalid', node.kind === 'scalar' || node.kind === 'null' ? `${key} is empty` : `${key} must be text`, node.place);
      return null;
    }
    return placedText(node.value, node.locate);
  }

  flag(key: string): boolean | null {
    const text = this.text(key);
    if (text === null) return null;
    if (truthy.test(text.text)) return true;
    if (falsy.test(text.text)) return false;
    this.report('item-invalid', `${key} must be true or false, not ${JSON.stringify(text.text.slice(0, 40))}`, this.placeOf(key));
    return null;
  }

  words(key: string): readonly Word[] | null {
    const node = this.node(key);
    if (node === null) return null;
    if (node.kind !== 'list') {
      this.report('item-invalid', `${key} must be a list`, node.place);
      return null;
    }
    const words: Word[] = [];
    for (const item of node.items) {
      if (item.kind === 'scalar') words.push({ text: item.value, place: item.place });
      else if (item.kind === 'null') words.push({ text: '', place: item.place });
      else this.report('item-invalid', `each entry of ${key} must be a word`, item.place);
    }
    return words;
  }

  entry(key: string): Entry | null {
    const node = this.node(key);
    return node === null ? null : this.entryOf(node, key);
  }

  entryOf(node: Node, key: string): Entry | null {
    switch (node.kind) {
      case 'scalar':
        return { kind: 'word', word: { text: node.value, place: node.place } };
      case 'null':
        this.report('exception-invalid', `${key} holds an empty value`, node.place);
        return null;
      case 'map':
        this.report('exception-invalid', `${key} must hold words and lists`, node.place);
        return null;
      case 'list': {
        const of: Entry[] = [];
        for (const item of node.items) {
          const one = this.entryOf(item, key);
          if (one !== null) of.push(one);
        }
        return { kind: 'list', of, place: node.place };
      }
      default:
        return node satisfies never;
    }
  }

  /** Keys that nobody asked for: kept apart from errors, so that a newer file still loads. */
  finish(known: readonly string[]): void {
    for (const entry of this.#entries.values()) {
      if (this.#taken.has(entry.key) || known.includes(entry.key)) continue;
      const hint = didYouMean(entry.key, [...known, ...this.#taken]);
      this.report('key-unknown', `the key ${JSON.stringify(entry.key.slice(0, 60))} is not known and has no effect.${hint}`, entry.keyPlace);
    }
  }
}
