/**
 * Text from a server made fit for a sentence: one line, without control characters (a terminal obeys them), cut. And an
 * address made fit for one: host and path, since a redirect's query often holds a signature that opens the door.
 */
export function plain(text: string, lengthMax = 200): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}…` : line;
}

export function placeOf(url: URL): string {
  return plain(`${url.host}${url.pathname}`);
}
