/**
 * Shapes for numbers, drawn as SVG: the coverage scale (ticks like those of a sight; unseen ticks are hatched short),
 * a fill against its bound, and the parts of a score one after the other.
 */
import type { ReactNode } from 'react';
import { fill, pointsWords, scoreSteps, scoreWords, seenTicks, type ScorePart } from '../view/meters.ts';
import './meters.css';

export function CoverageScale({ percent, ticks = 20, height = 12 }: { readonly percent: number; readonly ticks?: number; readonly height?: number }): ReactNode {
  const seen = seenTicks(percent, ticks);
  return (
    <svg className="scale" width={ticks * 4 - 2} height={height} viewBox={`0 0 ${ticks * 4 - 2} ${height}`} aria-hidden="true">
      {Array.from({ length: ticks }, (_, tick) => {
        const long = tick % 5 === 0 || tick === ticks - 1;
        const top = long ? 0 : height * 0.25;
        return tick < seen
          ? <rect key={tick} x={tick * 4} y={top} width="2" height={height - top} fill="currentColor" />
          : <path key={tick} d={`M${tick * 4 + 1} ${top}V${height}`} stroke="currentColor" strokeWidth="1.4" strokeDasharray="1.5 2" opacity="0.75" />;
      })}
    </svg>
  );
}

export function FillBar({ value, max, label }: { readonly value: number; readonly max: number; readonly label: string }): ReactNode {
  const share = fill(value, max);
  return (
    <svg className="fill" width="72" height="8" viewBox="0 0 72 8" role="img" aria-label={label}>
      <rect x="0.5" y="0.5" width="71" height="7" fill="none" stroke="currentColor" opacity="0.6" />
      {value > 0 ? <rect x="1" y="1" width={Math.max(1, 70 * share)} height="6" fill="currentColor" /> : null}
      <path d="M54 0v8" stroke="currentColor" strokeDasharray="1.5 1.5" />
    </svg>
  );
}

/** How much of a whole; hatched where that is not known. The words stand beside it. */
export function ShareBar({ share }: { readonly share: number | null }): ReactNode {
  return <span className={`share-bar ${share === null ? 'hatched' : ''}`} aria-hidden="true"><span style={{ width: `${100 * fill(share ?? 0, 1)}%` }} /></span>;
}

/** Each part of a score with its points and its reason; the bars stand one after the other, so they visibly add up. */
export function ScoreParts({ parts, score }: { readonly parts: readonly ScorePart[]; readonly score: number }): ReactNode {
  return (
    <table className="score" data-testid="score-parts">
      <caption className="unseen">Parts of the score</caption>
      <tbody>
        {scoreSteps(parts).map((part) => (
          <tr key={part.name}>
            <th scope="row">{part.name}</th>
            <td className="score-points">{pointsWords(part.points)}</td>
            <td className="score-bar"><span style={{ left: `${part.from * 100}%`, width: `${Math.max(0.5, (part.to - part.from) * 100)}%` }} className={part.points < 0 ? 'is-less' : ''} /></td>
            <td className="quiet">{part.why}</td>
          </tr>
        ))}
        <tr className="score-sum"><th scope="row">Sum</th><td className="score-points">{scoreWords(score)}</td><td className="score-bar" /><td /></tr>
      </tbody>
    </table>
  );
}
