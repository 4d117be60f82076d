/**
 * The WWW-Authenticate header (RFC 9110 section 11) → its challenges, several in one header as fetch joins them. What does not follow the
 * grammar ends the reading: what came before is kept, and the rest is not guessed at.
 */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const lengthMax = 8192;
const schemePattern = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?=[\s,]|$)/y;
const parameterPattern = /[\s,]*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]+))\s*(?=,|$)/y;
const token68Pattern = /\s+[\w.~+/-]+=*\s*(?=,|$)/y;

export function parseChallenges(header: string | null): Challenge[] {
  const out: Challenge[] = [];
  if (header === null || header.length > lengthMax) return out;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (let scheme = take(schemePattern); scheme !== null; scheme = take(schemePattern)) {
    const parameters = new Map<string, string>();
    for (let one = take(parameterPattern); one !== null; one = take(parameterPattern)) {
      const name = (one[1] ?? '').toLowerCase();
      // the first of two wins, so that nothing can be put behind what was checked
      if (!parameters.has(name)) parameters.set(name, one[2]?.replaceAll(/\\(.)/gs, '$1') ?? one[3] ?? '');
    }
    if (parameters.size === 0) take(token68Pattern);
    out.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
  }
  return out;
}
