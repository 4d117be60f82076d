/** How a control stands, by shape and word, and how it stood over the last days: a day on which nothing was evaluated is a gap, not a zero. */
import type { ReactNode } from 'react';
import type { PostureCountsView, PostureDayView } from '@vedette/model/api/posture-views';
import type { ControlState } from '@vedette/model/control-words';
import { useNow } from '../../clock.ts';
import { Tip } from '../../parts/tip.tsx';
import { countOf, countsWords, daysUntil, historyWords, stateSentences, stateWords } from '../../view/posture-words.ts';
import { sparkBars } from '../../view/spark.ts';

const shapes: Readonly<Record<ControlState, ReactNode>> = {
  failed: <path d="M2.5 2.5l7 7M9.5 2.5l-7 7" strokeWidth="2" />,
  'no-data': <path d="M1.7 10.3 10.3 1.7M1.7 5.6 5.6 1.7M6.4 10.3l3.9-3.9" />,
  accepted: <><circle cx="6" cy="6" r="4.6" strokeDasharray="2 1.2" /><path d="M3.8 6.2 5.4 7.8 8.4 4.6" /></>,
  passed: <path d="M1.8 6.4 4.8 9.4 10.4 2.8" strokeWidth="1.7" />,
  'not-applicable': <path d="M2.5 6h7" />,
};

export function StateShape({ state, size = 12 }: { readonly state: ControlState; readonly size?: number }): ReactNode {
  return <svg className={`state-shape is-${state}`} width={size} height={size} viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.2" aria-hidden="true">{shapes[state]}</svg>;
}

export function StateMark({ state }: { readonly state: ControlState }): ReactNode {
  return <Tip content={stateSentences[state]}><span className={`control-state is-${state}`}><StateShape state={state} />{stateWords[state]}</span></Tip>;
}

const barStates = ['failed', 'no-data', 'accepted', 'passed'] as const;

/** The shares as a bar: failed is dark, without data hatched, accepted dotted, passed pale. */
export function CountsBar({ counts }: { readonly counts: PostureCountsView }): ReactNode {
  const shares = barStates.filter((state) => countOf(counts, state) > 0);
  const words = countsWords(counts);
  return (
    <Tip label={words} content={words}>
      <span className="posture-bar" aria-hidden="true">{shares.map((state) => <span key={state} className={`posture-share is-${state}`} style={{ flexGrow: countOf(counts, state) }} />)}</span>
    </Tip>
  );
}

const size = { stepPx: 6, barPx: 4, heightPx: 28 };

export function FailedOverDays({ history }: { readonly history: readonly PostureDayView[] }): ReactNode {
  const days = daysUntil(history, new Date(useNow()).toISOString().slice(0, 10));
  const words = historyWords(days);
  const width = days.length * size.stepPx;
  const bars = sparkBars(days.map((one) => one?.failed ?? 0), size);
  return (
    <span className="wrap-flow">
      <svg className="posture-days" width={width} height={size.heightPx} viewBox={`0 0 ${width} ${size.heightPx}`} role="img" aria-label={words} data-testid="posture-days">
        <title>{words}</title>
        {bars.map(({ isNone, ...bar }, index) => (days[index] === null ? <rect key={index} x={bar.x} y={size.heightPx - 2} width={1} height={2} className="posture-gap" /> : <rect key={index} {...bar} className={isNone ? 'posture-none' : 'posture-day'} />))}
      </svg>
      <span className="quiet small">Failed subjects over 30 days: {words}.</span>
    </span>
  );
}
