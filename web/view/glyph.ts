/**
 * The exposure glyph: from what the API says of one package or vulnerability in one run to four marks, each with the
 * sentence that the tooltip shows. The facts are independent; nothing here orders or adds them.
 */
import { notLoadedAfterSeconds, type Fact } from '@vedette/model/exposure';
import type { LoadedFactView } from '@vedette/model/api/views';
import { ageWords, agoWords, lengthWords } from './time.ts';

export const factNames = ['present', 'loaded', 'linked', 'entered'] as const;
export type FactName = (typeof factNames)[number];
export type MarkState = Fact | 'not-seen';

export interface FactMark {
  readonly fact: FactName;
  readonly state: MarkState;
  /** For `not-seen`: how much of the time that would make it a "no" has been watched, 0 to 1. */
  readonly watched: number;
  readonly word: string;
  readonly sentence: string;
}

export interface Facts {
  readonly present: Fact | { readonly state: 'yes'; readonly since: string };
  readonly loaded: LoadedFactView;
  readonly linked: Fact;
  readonly entered: Fact;
}

const plainWords: Record<Fact, string> = { yes: 'yes', no: 'no', unknown: 'unknown', 'not-applicable': 'not applicable' };

const meanings: Record<FactName, string> = {
  present: 'the package is in the image',
  loaded: 'a process of this run executed, mapped or opened a file of it',
  linked: 'the vulnerable function is in the binary (compiled code only)',
  entered: 'the vulnerable function was called (native code only)',
};

export function factMeaning(fact: FactName): string {
  return meanings[fact];
}

function plainMark(fact: FactName, state: Fact): FactMark {
  const sentences: Record<Fact, string> = {
    yes: `Yes: ${meanings[fact]}.`,
    no: `No. It would mean: ${meanings[fact]}.`,
    unknown: `Not known whether ${meanings[fact]}.`,
    'not-applicable': `Does not apply here. It would mean: ${meanings[fact]}.`,
  };
  return { fact, state, watched: 0, word: plainWords[state], sentence: sentences[state] };
}

function presentMark(present: Facts['present'], nowMs: number): FactMark {
  if (typeof present === 'string') return plainMark('present', present);
  return { fact: 'present', state: 'yes', watched: 0, word: 'yes', sentence: `In the image, which has run for ${ageWords(nowMs - Date.parse(present.since))}.` };
}

export function loadedMark(loaded: LoadedFactView, nowMs: number): FactMark {
  const base = { fact: 'loaded', watched: 0 } as const;
  switch (loaded.state) {
    case 'yes':
      return { ...base, state: 'yes', word: 'yes', sentence: `${loaded.evidence}. First ${agoWords(loaded.firstSeen, nowMs)}, last ${agoWords(loaded.lastSeen, nowMs)}.` };
    case 'no':
      return { ...base, state: 'no', word: 'no', sentence: `Not loaded in ${lengthWords(loaded.observedSeconds)} watched from process start without a lost record.` };
    case 'not-seen': {
      const watched = Math.min(1, Math.max(0, loaded.observedSeconds / notLoadedAfterSeconds));
      const seen = lengthWords(loaded.observedSeconds);
      return { ...base, state: 'not-seen', watched, word: loaded.observedSeconds < 1 ? 'not seen yet' : `not seen in ${ageWords(loaded.observedSeconds * 1000)}`, sentence: `Not seen in ${seen} of watching. After ${lengthWords(notLoadedAfterSeconds)} without a lost record this becomes "no".` };
    }
    case 'unknown':
      return { ...base, state: 'unknown', word: 'unknown', sentence: `Not known: ${loaded.reason}.` };
    default:
      return loaded satisfies never;
  }
}

export function factMarks(facts: Facts, nowMs: number): readonly FactMark[] {
  return [presentMark(facts.present, nowMs), loadedMark(facts.loaded, nowMs), plainMark('linked', facts.linked), plainMark('entered', facts.entered)];
}

/** The whole glyph in words, for readers who do not see it. */
export function glyphLabel(marks: readonly FactMark[]): string {
  return marks.map((mark) => `${mark.fact} ${mark.word}`).join(', ');
}

/** Shares of a list of runs by what is known of loaded, in the order they are drawn. */
export function loadedShares(loaded: { readonly yes: number; readonly notSeen: number; readonly no: number; readonly unknown: number }): readonly { readonly state: MarkState; readonly count: number; readonly word: string }[] {
  return [
    { state: 'yes', count: loaded.yes, word: 'loaded' },
    { state: 'unknown', count: loaded.unknown, word: 'unknown' },
    { state: 'not-seen', count: loaded.notSeen, word: 'not seen yet' },
    { state: 'no', count: loaded.no, word: 'not loaded' },
  ];
}
