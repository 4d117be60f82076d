/** A short row of days as bars: quiet, since only the last one is today's, and with the same in words. */
import type { ReactNode } from 'react';
import { sparkBars, sparkWords } from '../view/spark.ts';
import './spark.css';

const size = { stepPx: 5, barPx: 3, heightPx: 20 };

export function Spark({ counts }: { readonly counts: readonly number[] }): ReactNode {
  const width = counts.length * size.stepPx - (size.stepPx - size.barPx);
  const words = sparkWords(counts);
  return (
    <svg className="spark" width={width} height={size.heightPx} viewBox={`0 0 ${width} ${size.heightPx}`} role="img" aria-label={words} data-testid="spark">
      <title>{words}</title>
      {sparkBars(counts, size).map(({ isNone, ...bar }, index) => <rect key={index} {...bar} className={isNone ? 'spark-none' : index === counts.length - 1 ? 'spark-today' : 'spark-day'} />)}
    </svg>
  );
}
