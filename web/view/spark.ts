/**
 * A short row of days as bars, and the same in words for who does not see them. Some is never drawn as none: the smallest
 * count is visibly more than the baseline that a day without any keeps.
 */
export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly isNone: boolean;
}

const leastPx = 3;
const basePx = 1;

/** Whole pixels, so that bars of one height look alike. */
export function sparkBars(counts: readonly number[], size: { readonly stepPx: number; readonly barPx: number; readonly heightPx: number }): readonly Bar[] {
  const most = Math.max(1, ...counts);
  return counts.map((count, index) => {
    const height = count <= 0 ? basePx : Math.max(leastPx, Math.round((count / most) * size.heightPx));
    return { x: index * size.stepPx, y: size.heightPx - height, width: size.barPx, height, isNone: count <= 0 };
  });
}

/** "3 began in the last 14 days, at most 2 a day, 1 today". */
export function sparkWords(counts: readonly number[]): string {
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum === 0) return `none began in the last ${counts.length} days`;
  return `${sum} began in the last ${counts.length} days, at most ${Math.max(...counts)} a day, ${counts.at(-1) === 0 ? 'none' : counts.at(-1)} today`;
}
