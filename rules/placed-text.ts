/**
 * Text that remembers where each of its characters was written. A condition is assembled from several places (appended
 * by another file, lists put in, exceptions added), and an error in it must still name file, line and column.
 */
import type { Place } from './problems.ts';

/** One value of a file: translates an offset in the value into a place in the file. */
export type Locate = (offset: number) => Place;

interface Part {
  /** Where this part begins in the text. */
  readonly from: number;
  /** The same position in the value it was taken from. */
  readonly offset: number;
  readonly locate: Locate;
}

export interface PlacedText {
  readonly text: string;
  readonly parts: readonly Part[];
}

export function placedText(text: string, locate: Locate): PlacedText {
  return { text, parts: [{ from: 0, offset: 0, locate }] };
}

/** Text that was not written as such (a list put in, an exception's condition): all of it stands at one place. */
export function insertedText(text: string, place: Place): PlacedText {
  return placedText(text, () => place);
}

export function joinTexts(pieces: readonly PlacedText[]): PlacedText {
  const parts: Part[] = [];
  let text = '';
  for (const piece of pieces) {
    if (piece.text.length === 0) continue;
    for (const part of piece.parts) parts.push({ ...part, from: part.from + text.length });
    text += piece.text;
  }
  return { text, parts: parts.length > 0 ? parts : (pieces[0]?.parts ?? []) };
}

export function sliceText(source: PlacedText, from: number, to: number): PlacedText {
  const parts: Part[] = [];
  source.parts.forEach((part, index) => {
    const end = source.parts[index + 1]?.from ?? source.text.length;
    if (end <= from || part.from >= to) return;
    const cut = Math.max(0, from - part.from);
    parts.push({ from: Math.max(0, part.from - from), offset: part.offset + cut, locate: part.locate });
  });
  return { text: source.text.slice(from, to), parts: parts.length > 0 ? parts : source.parts.slice(0, 1) };
}

const nowhere: Place = { file: '', line: 1, column: 1 };

export function placeAt(source: PlacedText, offset: number): Place {
  let found = source.parts[0];
  for (const part of source.parts) {
    if (part.from > offset) break;
    found = part;
  }
  return found === undefined ? nowhere : found.locate(found.offset + Math.max(0, offset - found.from));
}
