/**
 * How values are read from a subject: one function for each source of a field, its derivations and transformers applied,
 * and one for values that are made of several. Null: there is no such value. Everything that can be prepared is prepared
 * here, once, for a value is read on every event.
 */
import { addressText } from '../address.ts';
import type { Value } from '../field-table.ts';
import { stepsOf, type FieldRead, type JoinedRead, type Read, type ReadArgument, type ReadSource } from '../specialise.ts';
import { getterOf, type Suppliers } from '../subject.ts';
import { allOptions, oneOption, optionLetters, type OptionLetters } from './getopt.ts';
import { transformStep, utf8Text, type Step } from './transforms.ts';

/** The level counts for a field that stands for any ancestor. */
export type Reader<Subject> = (subject: Subject, level: number) => Value | null;

const elementsMax = 4096;
const joinedCharactersMax = 65_536;

/** One, or two for a field that stands for both ends of a connection. */
export function readersOf<Subject>(read: Read, suppliers: Suppliers<Subject>): readonly Reader<Subject>[] {
  if (read.kind === 'joined') return [joinedReader(read, suppliers)];
  return read.sources.map((source) => through(sourceReader(read, source, suppliers), stepsOf(read, source)));
}

export function isAnyAncestor(read: Read): boolean {
  return read.kind === 'field' && read.operand.field.anyAncestor;
}

/** Whether a part of it belongs to a container's identity and has no value yet. Null: no part belongs to one. */
export function identityAwaited<Subject>(read: Read, suppliers: Suppliers<Subject>): ((subject: Subject) => boolean) | null {
  const raw = identityReaders(read, suppliers);
  if (raw.length === 0) return null;
  return (subject) => suppliers.identityPending(subject) && raw.some((one) => one(subject, 0) === null);
}

function identityReaders<Subject>(read: ReadArgument, suppliers: Suppliers<Subject>): readonly Reader<Subject>[] {
  switch (read.kind) {
    case 'field':
      return read.operand.field.spec.identity === true ? read.sources.map((source) => sourceReader(read, source, suppliers)) : [];
    case 'joined':
    case 'tuple':
      return read.of.flatMap((one) => identityReaders(one, suppliers));
    case 'literal':
    case 'elements':
      return [];
    default:
      return read satisfies never;
  }
}

function sourceReader<Subject>(read: FieldRead, source: ReadSource, suppliers: Suppliers<Subject>): Reader<Subject> {
  if (source.kind === 'fixed') return () => source.value;
  const getter = getterOf(suppliers, source.name);
  const { argument } = source;
  if (read.operand.field.anyAncestor) return (subject, level) => getter(subject, level);
  return (subject) => getter(subject, argument);
}

function through<Subject>(get: Reader<Subject>, steps: readonly Step[]): Reader<Subject> {
  const [first] = steps;
  if (first === undefined) return get;
  if (steps.length === 1) {
    return (subject, level) => {
      const value = get(subject, level);
      return value === null ? null : first(value);
    };
  }
  return (subject, level) => {
    let value = get(subject, level);
    for (const step of steps) {
      if (value === null) return null;
      value = step(value);
    }
    return value;
  };
}

function joinedReader<Subject>(read: JoinedRead, suppliers: Suppliers<Subject>): Reader<Subject> {
  const { by, transforms } = read.operand;
  const of = read.of.map((one) => argumentReader(one, suppliers));
  const [first, second] = of;
  const steps = transforms.map(transformStep);
  switch (by.name) {
    case 'concat':
      return through((subject) => joinTexts(readAll(of, subject), ''), steps);
    case 'join':
      return through((subject) => {
        const separator = first?.(subject) ?? null;
        const texts = second?.(subject) ?? null;
        return typeof separator === 'string' && Array.isArray(texts) ? joinTexts(texts, separator) : null;
      }, steps);
    case 'getopt': {
      const lettersOf = rememberLast(optionLetters);
      return through((subject) => {
        const words = first?.(subject) ?? null;
        const letters = second?.(subject) ?? null;
        if (!Array.isArray(words) || typeof letters !== 'string') return null;
        return by.option === null ? allOptions(words, lettersOf(letters)) : oneOption(words, lettersOf(letters), by.option);
      }, steps);
    }
    default:
      return by satisfies never;
  }
}

/** The letters are nearly always written in the rule: the same on each event. */
function rememberLast(make: (letters: string) => OptionLetters): (letters: string) => OptionLetters {
  let last: { readonly letters: string; readonly made: OptionLetters } | null = null;
  return (letters) => {
    if (last?.letters !== letters) last = { letters, made: make(letters) };
    return last.made;
  };
}

type ArgumentReader<Subject> = (subject: Subject) => string | readonly string[] | null;

function argumentReader<Subject>(argument: ReadArgument, suppliers: Suppliers<Subject>): ArgumentReader<Subject> {
  switch (argument.kind) {
    case 'literal':
      return () => argument.text;
    case 'tuple': {
      const of = argument.of.map((one) => argumentReader(one, suppliers));
      return (subject) => readAll(of, subject);
    }
    case 'elements':
      return elementsReader(argument.source, suppliers);
    case 'field':
    case 'joined': {
      const [reader] = readersOf(argument, suppliers);
      return (subject) => {
        const value = reader?.(subject, 0) ?? null;
        return value === null || Array.isArray(value) ? value : plainText(value as Exclude<Value, readonly string[]>, argument.operand.type === 'bytes');
      };
    }
    default:
      return argument satisfies never;
  }
}

function elementsReader<Subject>(source: ReadSource, suppliers: Suppliers<Subject>): ArgumentReader<Subject> {
  if (source.kind === 'fixed') return () => null;
  const getter = getterOf(suppliers, source.name);
  return (subject) => {
    if (getter(subject, null) === null) return null;
    const elements: string[] = [];
    for (let index = 0; index < elementsMax; index += 1) {
      const one = getter(subject, index);
      if (typeof one !== 'string') break;
      elements.push(one);
    }
    return elements;
  };
}

/** Null where one of them has no value. */
function readAll<Subject>(of: readonly ArgumentReader<Subject>[], subject: Subject): readonly string[] | null {
  const texts: string[] = [];
  for (const one of of) {
    const text = one(subject);
    if (typeof text !== 'string') return null;
    texts.push(text);
  }
  return texts;
}

function joinTexts(texts: readonly string[] | null, separator: string): string | null {
  return texts === null ? null : texts.join(separator).slice(0, joinedCharactersMax);
}

/** As an output prints it, without escapes. */
export function plainText(value: Exclude<Value, readonly string[]>, isBytes: boolean): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return isBytes ? utf8Text(value) : addressText(value);
}
