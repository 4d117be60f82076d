/**
 * The message of a policy: text with `{{ fact }}`. Refuses names that are no facts. A fact that is not known is shown
 * as such, and control characters in a value are escaped: names of files come from whoever made them.
 */
import { factNames, factOf, isFactName, type FactName, type Facts } from './facts.ts';

export type MessagePart = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'fact'; readonly name: FactName };

export type ParsedMessage =
  | { readonly ok: true; readonly parts: readonly MessagePart[] }
  | { readonly ok: false; readonly message: string; readonly advice: string; readonly offset: number };

const valueCharactersMax = 300;

export function parseMessage(text: string): ParsedMessage {
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
    if (!isFactName(name)) return { ok: false, message: `there is no fact ${JSON.stringify(name.slice(0, 60))}`, advice: `The facts are ${factNames.join(', ')}.`, offset: open };
    if (open > at) parts.push({ kind: 'text', text: text.slice(at, open) });
    parts.push({ kind: 'fact', name });
    at = close + 2;
  }
  return { ok: true, parts };
}

export function fillMessage(parts: readonly MessagePart[], facts: Facts): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : factText(factOf(facts, part.name)))).join('');
}

function factText(value: string | number | readonly string[] | null): string {
  if (value === null) return '(unknown)';
  return shown(typeof value === 'object' ? value.join(' ') : String(value));
}

/** On one line, without marks that change the direction of text, and not longer than a line bears. */
export function shown(text: string): string {
  const safe = text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return safe.length > valueCharactersMax ? `${safe.slice(0, valueCharactersMax)}…` : safe;
}
