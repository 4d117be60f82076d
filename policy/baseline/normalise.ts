/**
 * What changes from one run to the next is taken out of arguments and paths, so that the same behaviour is one behaviour: `<uuid>`, `<hex>`
 * (0x…, or eight and more hex digits of which some are letters and some are not), `<n>` (a number that no letter stands before), `<temp>`
 * (what mktemp and its like make up after `tmp`, and words of lower, upper and digits mixed), `<secret>` (the value of an option that is named
 * like one; credentials in an address). Nothing else changes. Doing it twice is doing it once: no placeholder holds anything that is replaced.
 * A text is cut at 256 characters, a list at 32 arguments, and both say so with an ellipsis. Pure.
 */
const textMax = 256;
const argumentsMax = 32;
const cut = '…';
/** Each round leaves less that could be replaced. */
const roundsMax = 64;

const credentials = /:\/\/[^/@\s<>]+@/g;
const namedSecret = /((?:^|[-_.?&;,\s"'])[a-z0-9_-]*(?:password|passwd|secret|token|api[-_]?key|access[-_]?key|credentials?))=(?!<secret>)[^\s&;,"']+/gi;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const prefixedHex = /\b0x[0-9a-f]+\b/gi;
const hexWord = /(?<![a-z0-9])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,}(?![a-z0-9])/gi;
/** mktemp: tmp.XXXXXXXXXX; mkstemp and Python: tmpXXXXXX, tmpXXXXXXXX. */
const temporary = /(?<![a-z0-9])(tmp[._-]?)(?!file|dir|fs(?![a-z0-9]))[a-z0-9_]{6,16}(?![a-z0-9_<])/gi;
/** Six to sixteen characters with all three of lower, upper and digit. */
const madeUp = /(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{6,16}(?![A-Za-z0-9])/g;
const number = /(?<![A-Za-z0-9])[0-9]+/g;

export function normaliseText(text: string): string {
  let now = bounded(text.replaceAll('\0', '\uFFFD'));
  // what stands beside a placeholder stands free now, and may be one itself
  for (let round = 0; round < roundsMax; round++) {
    const next = bounded(replaced(now));
    if (next === now) break;
    now = next;
  }
  return now;
}

function bounded(text: string): string {
  return (text.length > textMax ? `${text.slice(0, textMax - 1)}${cut}` : text).toWellFormed();
}

function replaced(text: string): string {
  return text
    .replace(credentials, '://<secret>@')
    .replace(namedSecret, '$1=<secret>')
    .replace(uuid, '<uuid>')
    .replace(prefixedHex, '<hex>')
    .replace(hexWord, '<hex>')
    .replace(temporary, '$1<temp>')
    .replace(madeUp, '<temp>')
    .replace(number, '<n>');
}

const secretOption = /^--?[a-z0-9_-]*(?:password|passwd|secret|token|api[-_]?key|access[-_]?key|credentials?)$/i;

/** Without the first, which is the program's own name as whoever started it chose it. */
export function normaliseArguments(all: readonly string[], truncated = false): string[] {
  const kept = all.slice(1, 1 + argumentsMax);
  const out = kept.map((one, index) => {
    const before = kept[index - 1];
    return before !== undefined && secretOption.test(before) && !one.startsWith('-') ? '<secret>' : normaliseText(one);
  });
  if (truncated || all.length > 1 + argumentsMax) out.push(cut);
  return out;
}

/** Its parts one by one. A star is no letter of a path here: it stands for what was folded. */
export function normalisePath(path: string): string {
  const parts = path.split('/').slice(0, 64);
  return parts.map((one) => normaliseText(one).replaceAll('*', '<star>')).join('/');
}
