/**
 * The small marks of the product: severity (shape, colour and word), the exposure glyph, where a file came from, what
 * happened to it, and how a list of runs is loaded. Each can be read without colour and says its meaning to a reader
 * who does not see it.
 */
import type { ReactNode } from 'react';
import type { FileOrigin, PolicyMode } from '@vedette/model/policy';
import type { VulnerabilitySeverity } from '@vedette/model/api/views';
import { useNow } from '../clock.ts';
import { factMarks, factMeaning, glyphLabel, loadedMark, loadedShares, type FactMark, type Facts, type MarkState } from '../view/glyph.ts';
import { modeSentences, modeWords, originIsForeign, originSentences, originWords, outcomeSentences, outcomeWords, severityWords, type Outcome } from '../view/words.ts';
import { Tip } from './tip.tsx';
import './marks.css';

const severityShapes: Record<VulnerabilitySeverity, ReactNode> = {
  critical: <path d="M6 0.6 11.4 6 6 11.4 0.6 6Z" fill="currentColor" />,
  high: <path d="M6 1 11.6 11H0.4Z" fill="currentColor" />,
  medium: <path d="M1.6 1.6h8.8v8.8H1.6zM1.6 6h8.8" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  low: <circle cx="6" cy="6" r="4.3" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  unknown: <path d="M1.7 10.3 10.3 1.7M1.7 5.6 5.6 1.7M6.4 10.3l3.9-3.9" stroke="currentColor" strokeWidth="1.2" />,
};

export function SeverityShape({ severity, size = 12 }: { readonly severity: VulnerabilitySeverity; readonly size?: number }): ReactNode {
  return <svg className={`severity-shape is-${severity}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">{severityShapes[severity]}</svg>;
}

export function Severity({ severity }: { readonly severity: VulnerabilitySeverity }): ReactNode {
  return <span className={`severity is-${severity}`}><SeverityShape severity={severity} />{severityWords[severity]}</span>;
}

/** One fact as a 10 by 14 cell: full, empty, hatched, filling up while watched, or a dash where it does not apply. */
function FactCell({ mark, x }: { readonly mark: Pick<FactMark, 'state' | 'watched'>; readonly x: number }): ReactNode {
  const box = <rect x={x + 0.75} y="1.75" width="8.5" height="10.5" fill="none" stroke="currentColor" strokeWidth="1.1" />;
  switch (mark.state) {
    case 'yes':
      return <rect x={x + 0.2} y="1.2" width="9.6" height="11.6" fill="currentColor" />;
    case 'no':
      return box;
    case 'not-seen':
      return <>{box}<rect x={x + 2.2} y={10.8 - 7.6 * mark.watched} width="5.6" height={Math.max(0.8, 7.6 * mark.watched)} fill="currentColor" opacity="0.55" /></>;
    case 'unknown':
      return <g strokeDasharray="none"><path d={`M${x + 0.8} 8.6l5-6.8M${x + 0.8} 13l8.4-11.4M${x + 4.2} 12.6l5-6.8`} stroke="currentColor" strokeWidth="1.1" /><rect x={x + 0.75} y="1.75" width="8.5" height="10.5" fill="none" stroke="currentColor" strokeWidth="0.9" strokeDasharray="1.6 1.4" /></g>;
    case 'not-applicable':
      return <path d={`M${x + 2.5} 7h5`} stroke="currentColor" strokeWidth="1.2" />;
    default:
      return mark.state satisfies never;
  }
}

export function GlyphShape({ marks }: { readonly marks: readonly Pick<FactMark, 'fact' | 'state' | 'watched'>[] }): ReactNode {
  return (
    <svg className="glyph" width={marks.length * 12 - 2} height="14" viewBox={`0 0 ${marks.length * 12 - 2} 14`} aria-hidden="true">
      {marks.map((mark, index) => <FactCell key={mark.fact} mark={mark} x={index * 12} />)}
    </svg>
  );
}

/** The signature of the product: present, loaded, linked, entered in one mark, with the evidence behind each on hover. */
export function Glyph({ facts }: { readonly facts: Facts }): ReactNode {
  const marks = factMarks(facts, useNow());
  return <Tip label={glyphLabel(marks)} content={<FactLines marks={marks} />}><GlyphShape marks={marks} /></Tip>;
}

export function FactLines({ marks }: { readonly marks: readonly FactMark[] }): ReactNode {
  return (
    <span className="fact-lines">
      {marks.map((mark) => (
        <span key={mark.fact} className="fact-line">
          <GlyphShape marks={[mark]} />
          <span className="strong">{mark.fact}</span>
          <span className="quiet">{mark.sentence}</span>
        </span>
      ))}
    </span>
  );
}

export function LoadedMark({ loaded }: { readonly loaded: Facts['loaded'] }): ReactNode {
  const mark = loadedMark(loaded, useNow());
  return (
    <Tip content={mark.sentence} className="loaded-mark">
      <GlyphShape marks={[mark]} /><span className="cut">{mark.word}</span>
    </Tip>
  );
}

export function FactName({ fact, state }: { readonly fact: FactMark['fact']; readonly state: MarkState }): ReactNode {
  return <Tip content={`${fact}: ${factMeaning(fact)}`}><GlyphShape marks={[{ fact, state, watched: 0.5 }]} /></Tip>;
}

/** How the runs of one vulnerability divide by loaded: a bar in the same forms as the glyph, and the count that matters. */
export function LoadedBar({ loaded }: { readonly loaded: Parameters<typeof loadedShares>[0] }): ReactNode {
  const words = loadedShares(loaded).filter((share) => share.count > 0).map((share) => `${share.count} ${share.word}`).join(', ');
  return <Tip label={words === '' ? 'no runs' : words} content={words}><LoadedShape loaded={loaded} /></Tip>;
}

/** The bar alone, where the words stand beside it. */
export function LoadedShape({ loaded }: { readonly loaded: Parameters<typeof loadedShares>[0] }): ReactNode {
  const shares = loadedShares(loaded).filter((share) => share.count > 0);
  return <span className="loaded-bar" aria-hidden="true">{shares.map((share) => <span key={share.state} className={`loaded-share is-${share.state}`} style={{ flexGrow: share.count }} />)}</span>;
}

const originShapes: Record<FileOrigin, ReactNode> = {
  host: <path d="M1.5 10.5h9M2.5 10.5v-6h7v6" />,
  image: <path d="M6 1.5 10.8 4 6 6.5 1.2 4zM1.2 7.5 6 10l4.8-2.5" />,
  modified: <path d="M6 1.8 10.6 10.2H1.4ZM6 5v2.4M6 8.6v.2" />,
  dropped: <path d="M6 1v6M3.4 4.6 6 7.2l2.6-2.6M1.5 8v2.8h9V8" />,
  memory: <path d="M3 3h6v6H3zM4.5 1v2M7.5 1v2M4.5 9v2M7.5 9v2M1 4.5h2M1 7.5h2M9 4.5h2M9 7.5h2" />,
  volume: <path d="M1.8 3c0-1 1.9-1.6 4.2-1.6s4.2.6 4.2 1.6-1.9 1.6-4.2 1.6S1.8 4 1.8 3ZM1.8 3v6c0 1 1.9 1.6 4.2 1.6s4.2-.6 4.2-1.6V3" />,
  unjudged: <path d="M1.5 9 9 1.5M1.5 5 5 1.5M3 10.5 10.5 3M7 10.5 10.5 7" />,
};

export function OriginShape({ origin }: { readonly origin: FileOrigin }): ReactNode {
  return <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.2" aria-hidden="true">{originShapes[origin]}</svg>;
}

/** Where an executed file came from. What came with the image is quiet; what did not is set in reverse. */
export function Origin({ origin, word = true }: { readonly origin: FileOrigin; readonly word?: boolean }): ReactNode {
  return (
    <Tip content={`The file ${originSentences[origin]}.`} {...(word ? {} : { label: originWords[origin] })}>
      <span className={`origin ${originIsForeign(origin) ? 'is-foreign' : ''}`}>
        <OriginShape origin={origin} />
        {word ? originWords[origin] : null}
      </span>
    </Tip>
  );
}

const outcomeShapes: Record<Outcome, ReactNode> = {
  seen: <><path d="M1 6c2.6-4.4 7.4-4.4 10 0-2.6 4.4-7.4 4.4-10 0Z" /><circle cx="6" cy="6" r="1.4" fill="currentColor" /></>,
  killed: <path d="M2.5 2.5l7 7M9.5 2.5l-7 7" strokeWidth="1.8" />,
  'would-have-killed': <><circle cx="6" cy="6" r="5.2" strokeDasharray="2.1 1.17" /><path d="M4 4l4 4M8 4l-4 4" strokeWidth="1.3" /></>,
  'kill-failed': <path d="M6 1v6M6 9.4v1.6" strokeWidth="2" />,
};

export function OutcomeMark({ outcome }: { readonly outcome: Outcome }): ReactNode {
  return (
    <Tip content={outcomeSentences[outcome]}>
      <span className={`outcome is-${outcome}`}>
        <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.2" aria-hidden="true">{outcomeShapes[outcome]}</svg>
        <span className="outcome-word">{outcomeWords[outcome]}</span>
      </span>
    </Tip>
  );
}

/** Off, shadow, enforce: empty, half and full, like a sight that is closed, open, and aimed. */
export function ModeMark({ mode }: { readonly mode: PolicyMode }): ReactNode {
  return (
    <Tip content={modeSentences[mode]}>
      <span className={`mode is-${mode}`}>
        <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.2" strokeDasharray={mode === 'off' ? '1.8 1.8' : 'none'} />
          {mode === 'shadow' ? <path d="M6 1.4a4.6 4.6 0 0 1 0 9.2Z" fill="currentColor" /> : null}
          {mode === 'enforce' ? <circle cx="6" cy="6" r="4.6" fill="currentColor" /> : null}
        </svg>
        {modeWords[mode]}
      </span>
    </Tip>
  );
}
