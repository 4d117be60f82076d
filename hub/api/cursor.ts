/**
 * Keyset cursors: the position of the last row as base64url of JSON. A cursor is a place to go on from, never a right:
 * scope and filters are applied anew, so a forged one reads nothing that the caller could not read anyway.
 */
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';

export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

export function decodeCursor<T>(cursor: string | undefined, shape: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new Problem('invalid-request', 'The cursor is not one that this list handed out.');
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new Problem('invalid-request', 'The cursor is not one that this list handed out.');
  return parsed.data;
}

/** One row more than asked for says that there is a next page. */
export function pageOf<Row, Item>(rows: readonly Row[], limit: number, item: (row: Row) => Item, position: (row: Row) => readonly (string | number)[], total: number | null): { items: Item[]; next: string | null; total: number | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(item), next: rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null, total };
}

/** Parts of cursors. Text must be what PostgreSQL can take. */
export const cursorTime = z.iso.datetime().transform((text) => new Date(text));
export const cursorInteger = z.int();
export const cursorUuid = z.uuid();
export const cursorText = z.string().max(500).refine((text) => !text.includes('\0'));
