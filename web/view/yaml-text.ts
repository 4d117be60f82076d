/**
 * YAML as coloured pieces for the editor, one line at a time, and the places that a refused policy names. The pieces
 * of a line joined are the line: this colours, it does not parse. What the hub says decides.
 */
import type { TextProblemView } from '@vedette/model/api/views';

export type PieceKind = 'comment' | 'key' | 'mark' | 'string' | 'number' | 'word' | 'text';
export interface Piece {
  readonly kind: PieceKind;
  readonly text: string;
}

const pattern = /(?<space>\s+)|(?<comment>#.*$)|(?<string>"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)|(?<key>[\w./-]+(?=\s*:(?:\s|$)))|(?<mark>[-:,[\]{}|>&]+(?=\s|$|[\w"'[{]))|(?<word>\b(?:true|false|null|kill|inform|enforce|shadow|off)\b)|(?<number>\b\d+(?:\.\d+)?\b)|(?<rest>[^\s"'#,[\]{}]+|.)/y;

export function yamlPieces(line: string): readonly Piece[] {
  const pieces: Piece[] = [];
  // A word before a colon is a key only at the start of an entry; within a sentence it is text.
  let atEntry = true;
  // Likewise a word of the language is one only as a whole value, after a mark of this line's own structure.
  let atValue = false;
  let depth = 0;
  let afterKey = false;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match === null) break;
    const found = kindOf(match.groups!);
    const kind: PieceKind = (found === 'key' && !atEntry) || (found === 'word' && !(atValue && endsValue(line.slice(pattern.lastIndex)))) ? 'text' : found;
    if (kind === 'mark') {
      depth = Math.max(0, depth + (match[0].match(/[[{]/g)?.length ?? 0) - (match[0].match(/[\]}]/g)?.length ?? 0));
      atValue = depth > 0 || afterKey || atEntry;
      atEntry = /[-{,]$/.test(match[0]);
    } else if (match[0].trim() !== '') {
      atValue = false;
      atEntry = false;
    }
    if (match[0].trim() !== '') afterKey = kind === 'key';
    const last = pieces.at(-1);
    if (last !== undefined && last.kind === kind) pieces[pieces.length - 1] = { kind, text: last.text + match[0] };
    else pieces.push({ kind, text: match[0] });
  }
  return pieces;
}

/** Nothing follows that belongs to the same value. */
function endsValue(rest: string): boolean {
  return /^\s*(?:$|[,\]}]|#)/.test(rest);
}

function kindOf(groups: Record<string, string | undefined>): PieceKind {
  for (const kind of ['comment', 'string', 'key', 'mark', 'word', 'number'] as const) {
    if (groups[kind] !== undefined) return kind;
  }
  return 'text';
}

export interface PlacedProblem {
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

const placePattern = /^\s*(?:at\s+)?(?:line\s+(\d+)(?:\s*,?\s*(?:column|col)\s+(\d+))?|(\d+):(\d+))\s*[:,–-]?\s*(.*)$/i;

/** The places that the hub names; from a hub that names none, what its sentence says of them. */
export function problemsOf(failure: { readonly code: string; readonly message: string; readonly detail: string | null; readonly places: readonly TextProblemView[] } | null): readonly PlacedProblem[] {
  if (failure === null || !['policy-invalid', 'baseline-invalid'].includes(failure.code)) return [];
  if (failure.places.length > 0) return failure.places.map(({ line, column, message, advice }) => ({ line, column, message: `${message}. ${advice}` }));
  return placedProblems(failure.detail ?? failure.message);
}

/** The problems of the hub's answer, each beginning with its place: `Line 3, column 5: …`. Without a place one belongs to the whole. */
export function placedProblems(detail: string): readonly PlacedProblem[] {
  return detail.split(/\n|\s+(?=line \d+, column \d+:)/i).map((one) => one.trim()).filter((one) => one !== '').slice(0, 100).map((one) => {
    const match = placePattern.exec(one);
    if (match === null) return { line: null, column: null, message: one };
    const column = match[2] ?? match[4];
    return { line: Number(match[1] ?? match[3]), column: column === undefined ? null : Number(column), message: match[5] ?? '' };
  });
}
