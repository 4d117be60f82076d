/**
 * What stands in the address bar: routes, and the filters of each list. A filter that cannot be read falls back to
 * its default, so an old or mistyped link still opens; defaults are not written, so links stay short. Links that the
 * hub hands out are followed only when they stay in the console.
 */
export type Search = Readonly<Record<string, string>>;

export interface Filter<Value> {
  read(text: string | undefined): Value;
  write(value: Value): string | undefined;
}
type Spec = Readonly<Record<string, Filter<unknown>>>;
export type Values<S> = { readonly [K in keyof S]: S[K] extends Filter<infer Value> ? Value : never };

/** One of some words; anything else is the fallback. */
export function oneOf<const Word extends string, const Fallback extends Word | undefined>(words: readonly Word[], fallback: Fallback): Filter<Word | Fallback> {
  return {
    read: (text) => words.find((word) => word === text) ?? fallback,
    write: (value) => (value === fallback ? undefined : value),
  };
}

/** Free text, cut at a bound; empty is absent. */
export function text(lengthMax = 200): Filter<string | undefined> {
  return {
    read: (value) => (value === undefined || value.trim() === '' ? undefined : value.slice(0, lengthMax)),
    write: (value) => (value === undefined || value.trim() === '' ? undefined : value.slice(0, lengthMax)),
  };
}

export function readFilters<S extends Spec>(spec: S, search: Search): Values<S> {
  return Object.fromEntries(Object.entries(spec).map(([name, filter]) => [name, filter.read(search[name])])) as Values<S>;
}

export function writeFilters<S extends Spec>(spec: S, values: Values<S>): Search {
  const written: Record<string, string> = {};
  for (const [name, filter] of Object.entries(spec)) {
    const value = filter.write((values as Record<string, unknown>)[name]);
    if (value !== undefined) written[name] = value;
  }
  return written;
}

/** The filters that differ from their defaults, without the named ones (selection and tabs are not filters). */
export function activeFilters<S extends Spec>(spec: S, values: Values<S>, except: readonly string[] = []): readonly string[] {
  return Object.keys(writeFilters(spec, values)).filter((name) => !except.includes(name));
}

/** `?a=1&b=x+y` to its pairs; a pair that is not well encoded is dropped, a repeated name keeps its last value. */
export function parseSearch(query: string): Search {
  const pairs: [string, string][] = [];
  for (const pair of query.replace(/^\?/, '').split('&')) {
    const equals = pair.indexOf('=');
    const name = decodePart(equals === -1 ? pair : pair.slice(0, equals));
    const value = decodePart(equals === -1 ? '' : pair.slice(equals + 1).replaceAll('+', ' '));
    if (name !== null && value !== null && name !== '') pairs.push([name, value]);
  }
  return Object.fromEntries(pairs);
}

function encodeValue(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll('%20', '+').replaceAll('%3A', ':').replaceAll('%2F', '/');
}

/** Path and search as one href; entries in a fixed order, so equal views have equal links. */
export function hrefOf(path: string, search: Readonly<Record<string, string | undefined>> = {}): string {
  const entries = Object.entries(search).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const query = entries.map(([name, value]) => `${encodeURIComponent(name)}=${encodeValue(value)}`).join('&');
  return query === '' ? path : `${path}?${query}`;
}

/** A path inside the console, or the fallback: a link from data must not lead elsewhere. */
export function localPath(link: string | undefined, fallback = '/'): string {
  if (link === undefined || !/^\/(?![/\\])/.test(link)) return fallback;
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\\]/.test(link) ? fallback : link;
}

/** Only web addresses may become links to the outside; anything else is shown as text. */
export function outsideAddress(address: string): string | null {
  return /^https?:\/\/[^\s"'<>\\]+$/i.test(address) ? address : null;
}

export interface Matched<Name extends string> {
  readonly name: Name;
  readonly params: Readonly<Record<string, string>>;
}

/** The first pattern whose parts fit; `:name` takes one part. */
export function matchRoute<Name extends string>(patterns: Readonly<Record<Name, string>>, path: string): Matched<Name> | null {
  const parts = path.split('/').filter((part) => part !== '');
  for (const [name, pattern] of Object.entries(patterns) as [Name, string][]) {
    const wanted = pattern.split('/').filter((part) => part !== '');
    if (wanted.length !== parts.length) continue;
    const params = matchParts(wanted, parts);
    if (params !== null) return { name, params };
  }
  return null;
}

function matchParts(wanted: readonly string[], parts: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (const [index, want] of wanted.entries()) {
    const part = decodePart(parts[index]!);
    if (part === null) return null;
    if (want.startsWith(':')) params[want.slice(1)] = part;
    else if (want !== part) return null;
  }
  return params;
}

function decodePart(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** A pattern with its parameters filled in. */
export function pathOf(pattern: string, params: Readonly<Record<string, string>> = {}): string {
  return pattern.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent((params[name] ?? '').toWellFormed()));
}
