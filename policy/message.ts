/**
 * The message of a policy: text with `{{ fact }}`. Refuses names that are no facts. A fact that is not known is shown
 * as such, and control characters in a value are escaped: names of files come from whoever made them.
 */
import { executionVocabulary, factNames, type Facts } from './facts.ts';
import type { Fact, FactValue, Vocabulary } from './vocabulary.ts';

export type MessagePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'fact'; readonly name: string };

export type ParsedMessage =
  | { readonly ok: true; readonly parts: readonly MessagePart[] }
  | { readonly ok: false; readonly message: string; readonly advice: string; readonly offset: number };

const valueCharactersMax = 300;

/** `names`: of the facts it may speak about. */
export function parseMessage(text: string, names: readonly string[] = factNames): ParsedMessage {
  const parts: MessagePart[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    if (open < 0) {
      parts.push({ kind: 'text', text: text.slice(at) });
      break;
    }
    const close = text.indexOf('}}', open);
    if (close < 0) return { ok: false, message: 'a {{ is not closed', advice: 'Write {{ fact }}.', offset: open };
    const name = text.slice(open + 2, close).trim();
    if (!names.includes(name)) return { ok: false, message: `there is no fact ${JSON.stringify(name.slice(0, 60))}`, advice: `The facts are ${names.join(', ')}.`, offset: open };
    if (open > at) parts.push({ kind: 'text', text: text.slice(at, open) });
    parts.push({ kind: 'fact', name });
    at = close + 2;
  }
  return { ok: true, parts };
}

export function fillMessage(parts: readonly MessagePart[], facts: Facts): string {
  return fillMessageFrom(parts, executionVocabulary, facts);
}

/** A message of a policy that speaks about several kinds of subject may name facts that this one does not have. */
export function fillMessageFrom<Subject>(parts: readonly MessagePart[], vocabulary: Vocabulary<Subject>, subject: Subject): string {
  const read = (name: string) => vocabulary.facts.find((one) => one.name === name)?.read(subject) ?? null;
  return parts.map((part) => (part.kind === 'text' ? part.text : factText(read(part.name)))).join('');
}

export function factText(fact: Fact<FactValue> | null): string {
  if (fact === null) return '(none)';
  if (fact.is !== 'known') return fact.is === 'absent' ? '(none)' : '(unknown)';
  const { value } = fact;
  if (typeof value !== 'object') return shown(String(value));
  return shown(Array.isArray(value) ? value.join(' ') : Object.entries(value).map(([key, text]) => `${key}=${text}`).join(' '));
}

/** On one line, without marks that change the direction of text, and not longer than a line bears. */
export function shown(text: string): string {
  const safe = text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return safe.length > valueCharactersMax ? `${safe.slice(0, valueCharactersMax)}…` : safe;
}
