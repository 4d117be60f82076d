/**
 * Debian's control format → stanzas of the fields that are wanted. Stanzas are separated by empty lines; a line that
 * begins with a space continues the field above. Field names are compared without case. What is neither field nor
 * continuation is skipped: the database is written by dpkg, and a line that dpkg would refuse is no package.
 */
export type Stanza = ReadonlyMap<string, string>;

const valueLengthMax = 4096;

/** `wanted` in lower case. Only the first line of a value is kept: no wanted field has more. */
export function* stanzasOf(text: string, wanted: ReadonlySet<string>): Generator<Stanza> {
  let stanza = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const first = text.charCodeAt(at);
    if (isBlank(text, at, end)) {
      if (stanza.size > 0) yield stanza;
      stanza = new Map();
    } else if (first !== 0x20 && first !== 0x09) {
      const colon = text.indexOf(':', at);
      if (colon > at && colon < end && colon - at <= 64) {
        const name = text.slice(at, colon).toLowerCase();
        if (wanted.has(name)) stanza.set(name, text.slice(colon + 1, Math.min(end, colon + 1 + valueLengthMax)).trim());
      }
    }
    at = end + 1;
  }
  if (stanza.size > 0) yield stanza;
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}
