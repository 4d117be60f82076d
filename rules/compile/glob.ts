/**
 * `glob` patterns, as fnmatch(3) without flags reads them: `*` and `?` also match a slash and a leading dot, `[…]` is a
 * class (`!` or `^` negates, `a-z` and `[:alpha:]` inside), a backslash takes the next character literally, and a
 * bracket that is not closed is itself. Matching takes at most length of pattern × length of text steps.
 */
type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'many' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly holds: (code: number) => boolean };

export type TextPredicate = (text: string) => boolean;

export function globPredicate(pattern: string, ignoreCase: boolean): TextPredicate {
  const tokens = tokensOf(ignoreCase ? asciiLower(pattern) : pattern);
  const match = simplePredicate(tokens) ?? ((text: string) => matches(tokens, text));
  return ignoreCase ? (text) => match(asciiLower(text)) : match;
}

/** Several rules ask about the same command line, one after the other. */
const last = { text: '', lower: '' };

/** Letters A to Z only, as the C locale does. */
export function asciiLower(text: string): string {
  if (text === last.text) return last.lower;
  last.text = text;
  last.lower = loweredAscii(text);
  return last.lower;
}

function loweredAscii(text: string): string {
  const lower = text.toLowerCase();
  // a text that no alphabet lowers has no such letter either
  if (lower === text || !/[^ -~\s]/.test(text)) return lower;
  return text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') tokens.push({ kind: 'text', text: literal });
    literal = '';
  };
  let at = 0;
  while (at < pattern.length) {
    const character = pattern.charAt(at);
    const bracket = character === '[' ? classOf(pattern, at) : null;
    if (bracket !== null) {
      flush();
      tokens.push(bracket.token);
      at = bracket.end;
      continue;
    }
    if (character === '*') {
      flush();
      if (tokens.at(-1)?.kind !== 'many') tokens.push({ kind: 'many' });
    } else if (character === '?') {
      flush();
      tokens.push({ kind: 'one' });
    } else if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      literal += pattern.charAt(at);
    } else {
      literal += character;
    }
    at += 1;
  }
  flush();
  return tokens;
}

const posixClasses: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/, digit: /[0-9]/, alnum: /[A-Za-z0-9]/, upper: /[A-Z]/, lower: /[a-z]/, space: /\s/, blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/, print: /[ -~]/, graph: /[!-~]/, xdigit: /[0-9A-Fa-f]/, cntrl: /[^ -~\u0080-\uffff]/,
};

/** The class that begins at an opening bracket, or null when it is not closed. */
function classOf(pattern: string, start: number): { readonly token: Token; readonly end: number } | null {
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at += 1;
  const ranges: [number, number][] = [];
  const named: RegExp[] = [];
  let first = true;
  while (at < pattern.length && (first || pattern[at] !== ']')) {
    first = false;
    const name = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12));
    const posix = name?.[1] === undefined ? undefined : posixClasses[name[1]];
    if (name !== null && posix !== undefined) {
      named.push(posix);
      at += name[0].length;
      continue;
    }
    if (pattern[at] === '\\' && at + 1 < pattern.length) at += 1;
    const low = pattern.charCodeAt(at);
    at += 1;
    if (pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']') {
      at += pattern[at + 1] === '\\' && at + 2 < pattern.length ? 2 : 1;
      ranges.push([low, pattern.charCodeAt(at)]);
      at += 1;
    } else {
      ranges.push([low, low]);
    }
  }
  if (pattern[at] !== ']') return null;
  const holds = (code: number) => ranges.some(([low, high]) => code >= low && code <= high) || named.some((one) => one.test(String.fromCharCode(code)));
  return { token: { kind: 'class', negated, holds }, end: at + 1 };
}

/** The forms that are nearly all patterns in use, without the general matcher. */
function simplePredicate(tokens: readonly Token[]): TextPredicate | null {
  const [a, b, c] = tokens;
  if (tokens.length === 0) return (text) => text === '';
  if (tokens.length === 1 && a?.kind === 'many') return () => true;
  if (tokens.length === 1 && a?.kind === 'text') return (text) => text === a.text;
  if (tokens.length === 2 && a?.kind === 'text' && b?.kind === 'many') return (text) => text.startsWith(a.text);
  if (tokens.length === 2 && a?.kind === 'many' && b?.kind === 'text') return (text) => text.endsWith(b.text);
  if (tokens.length === 3 && a?.kind === 'many' && b?.kind === 'text' && c?.kind === 'many') return (text) => text.includes(b.text);
  return null;
}

/** One pointer into the tokens and one into the text; a mismatch goes back to the last `*` and lets it take one more. */
function matches(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < text.length || token < tokens.length) {
    const current = tokens[token];
    if (current?.kind === 'many') {
      starToken = token;
      starAt = at;
      token += 1;
      continue;
    }
    const taken = current === undefined ? -1 : takes(current, text, at);
    if (taken >= 0) {
      at += taken;
      token += 1;
      continue;
    }
    if (starToken < 0 || starAt >= text.length) return false;
    starAt += 1;
    at = starAt;
    token = starToken + 1;
  }
  return true;
}

function takes(token: Token, text: string, at: number): number {
  switch (token.kind) {
    case 'text':
      return text.startsWith(token.text, at) ? token.text.length : -1;
    case 'one':
      return at < text.length ? 1 : -1;
    case 'class':
      return at < text.length && token.holds(text.charCodeAt(at)) !== token.negated ? 1 : -1;
    case 'many':
      return -1;
    default:
      return token satisfies never;
  }
}
