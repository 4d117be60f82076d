/** How something came to be, in one line: the programs that started each other, the offender last, set apart by its form. */
import type { ReactNode } from 'react';
import type { RiskCardView } from '@vedette/model/api/views';
import { originIsForeign, originWords } from '../view/words.ts';
import { OriginShape } from './marks.tsx';
import './chain.css';

export function Chain({ steps }: { readonly steps: NonNullable<RiskCardView['chain']> }): ReactNode {
  return (
    <ol className="chain" aria-label="Started by each other" data-testid="chain">
      {steps.map((step, index) => {
        const isLast = index === steps.length - 1;
        return (
          <li key={index} className={`chain-step ${isLast ? 'is-offender' : ''}`}>
            <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">{isLast ? <path d="M5 0 10 5 5 10 0 5Z" /> : <circle cx="5" cy="5" r="3" />}</svg>
            <span className="mono">{step.program}</span>
            <span className={`origin ${originIsForeign(step.origin) ? 'is-foreign' : ''}`}><OriginShape origin={step.origin} />{originWords[step.origin]}</span>
          </li>
        );
      })}
    </ol>
  );
}
