/**
 * Exceptions of a rule → more condition text: `(condition) and not ((field op value and …) or …)`, one `and not` for
 * each exception. They are checked here for shape (as many values as fields, comparators that exist); fields and
 * values are checked with the rest of the condition.
 */
import { isComparator, takesList } from '../operators.ts';
import { insertedText, joinTexts, type PlacedText } from '../placed-text.ts';
import { ruleProblem, type Place, type RuleProblem } from '../problems.ts';
import type { Entry, ExceptionItem, Word } from './item.ts';

/** One exception, well formed: either tuples over several fields, or values of a single one. */
export type RuleException =
  | { readonly name: string; readonly form: 'tuples'; readonly fields: readonly Word[]; readonly comparators: readonly string[]; readonly values: readonly Entry[]; readonly place: Place }
  | { readonly name: string; readonly form: 'single'; readonly field: Word; readonly comparator: string; readonly values: readonly Entry[]; readonly place: Place };

export type CheckedException = { readonly exception: RuleException } | { readonly problem: RuleProblem };

export function checkException(item: ExceptionItem, rule: string): CheckedException {
  const { name, place, values } = item;
  const refuse = (message: string, at: Place = place): CheckedException => ({ problem: ruleProblem('exception-invalid', `exception ${name}: ${message}`, at, rule) });
  if (item.fields === null) return refuse('it has no fields');
  if (item.fields.kind === 'word') {
    const comparator = item.comparators === null ? 'in' : item.comparators.kind === 'word' ? item.comparators.word.text : null;
    if (comparator === null) return refuse('one field takes one comparator');
    if (!takesList(comparator)) return refuse(`a single field needs a comparator that takes a list, such as in, not ${comparator}`);
    const nested = values.find((value) => value.kind === 'list');
    if (nested !== undefined) return refuse('the values of a single field are words, not lists', placeOf(nested));
    return { exception: { name, form: 'single', field: item.fields.word, comparator, values, place } };
  }
  const fields = wordsOf(item.fields);
  if (fields === null || fields.length === 0) return refuse('fields must be field names');
  const given = item.comparators === null ? null : item.comparators.kind === 'word' ? [item.comparators.word] : wordsOf(item.comparators);
  const comparators = given === null ? fields.map(() => '=') : given.map((word) => word.text);
  if (comparators.length !== fields.length) return refuse(`it has ${fields.length} fields and ${comparators.length} comparators`);
  const unknown = comparators.find((one) => !isComparator(one));
  if (unknown !== undefined) return refuse(`${unknown} is not a comparator`);
  for (const tuple of values) {
    if (tuple.kind !== 'list' || tuple.of.length !== fields.length) return refuse(`each of its values must be a list of ${fields.length}`, placeOf(tuple));
    const deep = tuple.of.find((one) => one.kind === 'list' && wordsOf(one) === null);
    if (deep !== undefined) return refuse('values are words or lists of words', placeOf(deep));
  }
  return { exception: { name, form: 'tuples', fields, comparators, values, place } };
}

/** The condition with its exceptions. One without values changes nothing. */
export function withExceptions(condition: PlacedText, exceptions: readonly RuleException[]): PlacedText {
  if (exceptions.length === 0) return condition;
  const place = (at: Place) => (text: string) => insertedText(text, at);
  const pieces: PlacedText[] = [insertedText('(', exceptions[0]?.place ?? { file: '', line: 1, column: 1 }), condition];
  pieces.push(place(exceptions[0]?.place ?? { file: '', line: 1, column: 1 })(')'));
  for (const exception of exceptions) {
    if (exception.values.length === 0) continue;
    const put = place(exception.place);
    pieces.push(put(' and not ('));
    pieces.push(...(exception.form === 'single' ? singlePieces(exception) : tuplePieces(exception)));
    pieces.push(put(')'));
  }
  return joinTexts(pieces);
}

function singlePieces(exception: RuleException & { form: 'single' }): PlacedText[] {
  const { field, comparator, values, place } = exception;
  const items = values.flatMap((value) => (value.kind === 'word' ? [value.word] : []));
  return [insertedText(`${field.text} ${comparator} (`, field.place), ...separated(items), insertedText(')', place)];
}

function tuplePieces(exception: RuleException & { form: 'tuples' }): PlacedText[] {
  const pieces: PlacedText[] = [];
  exception.values.forEach((tuple, index) => {
    if (tuple.kind !== 'list') return;
    pieces.push(insertedText(index === 0 ? '(' : ' or (', tuple.place));
    exception.fields.forEach((field, position) => {
      const comparator = exception.comparators[position] ?? '=';
      const value = tuple.of[position];
      if (value === undefined) return;
      pieces.push(insertedText(`${position === 0 ? '' : ' and '}${field.text} ${comparator} `, field.place));
      pieces.push(...valuePieces(value, takesList(comparator)));
    });
    pieces.push(insertedText(')', tuple.place));
  });
  return pieces;
}

function valuePieces(value: Entry, asList: boolean): PlacedText[] {
  if (value.kind === 'list') {
    return [insertedText('(', value.place), ...separated(wordsOf(value) ?? []), insertedText(')', value.place)];
  }
  const { text, place } = value.word;
  if (!asList) return [insertedText(quotedItem(text), place)];
  return [insertedText(text.startsWith('(') ? text : `(${quotedItem(text)})`, place)];
}

function separated(words: readonly Word[]): PlacedText[] {
  return words.map((word, index) => insertedText(`${index === 0 ? '' : ', '}${quotedItem(word.text)}`, word.place));
}

/** An item with a blank is quoted, unless it already is; an empty one becomes an empty string. */
export function quotedItem(text: string): string {
  if (text === '') return '""';
  return /\s/.test(text) && !/^["']/.test(text) ? `"${text}"` : text;
}

function wordsOf(entry: Entry): readonly Word[] | null {
  if (entry.kind === 'word') return [entry.word];
  const words: Word[] = [];
  for (const one of entry.of) {
    if (one.kind !== 'word') return null;
    words.push(one.word);
  }
  return words;
}

function placeOf(entry: Entry): Place {
  return entry.kind === 'word' ? entry.word.place : entry.place;
}
