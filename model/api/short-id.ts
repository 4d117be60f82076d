/**
 * How an id is shown where there is little room. Ids that a runtime made up are 64 hex digits, and their first twelve are
 * what people know them by; any other id was chosen by someone and is a name, of which no part stands for the whole.
 */
const madeUp = /^[0-9a-f]{64}$/;

export function shortId(id: string): string {
  return madeUp.test(id) ? id.slice(0, 12) : id;
}
