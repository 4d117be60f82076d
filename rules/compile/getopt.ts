/**
 * `getopt(list, letters)`: the options among a program's arguments, as getopt(3) finds them, without long options. A letter
 * followed by a colon takes a value. The list that results holds each option's letter and, behind it, its value; `?` for a
 * letter that was not asked for, an empty text for a value that is missing. With one option asked for by name: its value,
 * or its letter when it takes none; the last one counts; nothing when it is not there.
 *
 * Reading ends at `--` and at the first argument that is no option. Arguments such as `--exec` are passed over.
 */
export interface OptionLetters {
  readonly known: ReadonlySet<string>;
  readonly withValue: ReadonlySet<string>;
}

const resultsMax = 10_000;

export function optionLetters(letters: string): OptionLetters {
  const known = new Set<string>();
  const withValue = new Set<string>();
  for (let at = letters.startsWith(':') ? 1 : 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    if (letter === ':') continue;
    known.add(letter);
    if (letters[at + 1] === ':') withValue.add(letter);
  }
  return { known, withValue };
}

interface Found {
  /** Null: a letter that was not asked for. */
  readonly letter: string | null;
  /** What it puts on the list; the last of them is its value. */
  readonly texts: readonly string[];
}

function* optionsOf(words: readonly string[], { known, withValue }: OptionLetters): Generator<Found> {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') return;
    if (word.startsWith('--')) continue;
    if (word.length < 2 || !word.startsWith('-')) return;
    for (let at = 1; at < word.length; at += 1) {
      const letter = word.charAt(at);
      if (letter === ':' || !known.has(letter)) {
        yield { letter: null, texts: ['?'] };
      } else if (!withValue.has(letter)) {
        yield { letter, texts: [letter] };
      } else {
        const attached = word.slice(at + 1);
        if (attached === '') index += 1;
        const value = attached === '' ? words[index] : attached;
        yield { letter, texts: value === undefined ? [''] : [letter, value] };
        break;
      }
    }
  }
}

export function allOptions(words: readonly string[], letters: OptionLetters): readonly string[] {
  const found: string[] = [];
  for (const { texts } of optionsOf(words, letters)) {
    found.push(...texts);
    if (found.length >= resultsMax) break;
  }
  return found;
}

export function oneOption(words: readonly string[], letters: OptionLetters, wanted: string): string | null {
  let found: string | null = null;
  for (const { letter, texts } of optionsOf(words, letters)) {
    if (letter === wanted) found = texts.at(-1) ?? null;
  }
  return found;
}
