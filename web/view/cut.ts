/**
 * Long technical text made short without losing what tells it apart: commands cut in the middle, digests to their
 * head, images into registry, repository and tag. Cutting counts characters, so surrogate pairs stay whole.
 */
const ellipsis = '…';

/** At most `max` characters; both ends stay, the end a little shorter than the head. */
export function cutMiddle(text: string, max: number): string {
  const characters = Array.from(text);
  if (characters.length <= max) return text;
  if (max <= 1) return max <= 0 ? '' : ellipsis;
  const head = Math.ceil((max - 1) * 0.6);
  const tail = max - 1 - head;
  return `${characters.slice(0, head).join('')}${ellipsis}${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}

/** A text as its beginning, which may shrink, and its end, which stays: how a line is cut in the middle by its width. */
export function splitTail(text: string, tailLength: number): readonly [string, string] {
  const characters = Array.from(text);
  if (characters.length <= tailLength * 2) return [text, ''];
  return [characters.slice(0, -tailLength).join(''), characters.slice(-tailLength).join('')];
}

/** Control characters would move the cursor of whoever pastes the text; they are shown by their code. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (one) => `\\x${one.codePointAt(0)!.toString(16).padStart(2, '0')}`);
}

const plain = /^[\w@%+=:,./-]+$/;

/** One argument as a shell would need it; in double quotes where single ones would have to be taken apart. */
export function quoteArgument(argument: string): string {
  if (plain.test(argument)) return argument;
  if (argument.includes("'") && !/["$`\\!]/.test(argument)) return `"${visible(argument)}"`;
  return `'${visible(argument).replaceAll("'", String.raw`'\''`)}'`;
}

/** What was executed, as a line that could be read aloud. The first argument is the name the program was given. */
export function commandLine(path: string, args: readonly string[], truncated = false): string {
  const rest = args.length > 0 ? args.slice(1) : [];
  return [visible(path), ...rest.map(quoteArgument), ...(truncated ? [ellipsis] : [])].join(' ');
}

/** The arguments after the name, quoted. */
export function argumentsLine(args: readonly string[], truncated = false): string {
  return [...args.slice(1).map(quoteArgument), ...(truncated ? [ellipsis] : [])].join(' ');
}

export function baseName(path: string): string {
  const trimmed = path.replace(/ \(deleted\)$/, '');
  const name = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  return visible(name === '' ? path : name);
}

/** The first twelve hex digits: enough to tell apart, and what people type. */
export function shortDigest(digest: string): string {
  const hex = digest.replace(/^sha256:/, '');
  return hex.length > 12 ? `${hex.slice(0, 12)}${ellipsis}` : hex;
}

export interface ImageName {
  readonly registry: string | null;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** The parts of an image reference by the usual rule: the first part is a registry when it has a dot, a colon or is localhost. */
export function imageName(reference: string): ImageName {
  const [beforeDigest = '', digest = null] = reference.split('@', 2) as [string, string?];
  const slash = beforeDigest.indexOf('/');
  const first = slash === -1 ? '' : beforeDigest.slice(0, slash);
  const registry = /[.:]/.test(first) || first === 'localhost' ? first : null;
  const rest = registry === null ? beforeDigest : beforeDigest.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  const tagged = colon > rest.lastIndexOf('/');
  return { registry, repository: tagged ? rest.slice(0, colon) : rest, tag: tagged ? rest.slice(colon + 1) : null, digest };
}
