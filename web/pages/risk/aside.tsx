/** Beside the cards: how complete the picture is, what is missing from it, and how old the advisories are. */
import type { ReactNode } from 'react';
import type { RiskSummaryView } from '@vedette/model/api/views';
import { CoverageScale } from '../../parts/meters.tsx';
import { Bone } from '../../parts/page.tsx';
import { Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { countWords, percentWords, plural } from '../../view/numbers.ts';
import { ageWords } from '../../view/time.ts';

const gapsShown = 3;
const feedsShown = 6;

export function RiskAside({ summary }: { readonly summary: RiskSummaryView }): ReactNode {
  const { coverage, feeds } = summary;
  return (
    <aside className="risk-aside" aria-label="How complete this is">
      <section className="aside-box" data-testid="aside-coverage">
        <div className="aside-head"><h2>Coverage</h2><Link to="/coverage">{coverage.gaps.length === 0 ? 'Details' : plural(coverage.gaps.length, 'gap')}</Link></div>
        <div className="aside-coverage"><CoverageScale percent={coverage.percent} ticks={40} height={20} /><span className="aside-number">{percentWords(coverage.percent)}</span></div>
        <ul className="aside-gaps">
          {coverage.gaps.slice(0, gapsShown).map((gap, index) => (
            <li key={`${gap.node}${gap.what}${index}`}><span className="strong">{gap.what}</span><span className="quiet">{gap.why}{gap.at === null ? null : <> Last <Time at={gap.at} />.</>}{gap.action === null ? null : <>{' '}<span className="gap-action">{gap.action}</span></>}</span></li>
          ))}
          {coverage.gaps.length === 0 ? <li className="quiet">{coverage.sensorsTotal === 0 ? 'No sensor has joined, so nothing is seen.' : 'No known gap.'}</li> : null}
        </ul>
      </section>
      <section className="aside-box" data-testid="aside-feeds">
        <div className="aside-head"><h2>Advisory feeds</h2><Link to="/advisories">Details</Link></div>
        {feeds.length === 0 ? <p className="quiet">None loaded: vulnerabilities are unknown, not absent.</p> : (
          <ul className="aside-feeds">
            {feeds.slice(0, feedsShown).map((feed) => <li key={feed.ecosystem}><span className="cut">{feed.ecosystem}</span><span className="faint">{countWords(feed.advisories)}</span><span>{ageWords(feed.ageSeconds * 1000)}</span></li>)}
          </ul>
        )}
      </section>
    </aside>
  );
}

export function RiskAsideWaiting(): ReactNode {
  return (
    <div className="risk-aside" aria-hidden="true">
      {[0, 1].map((index) => <div key={index} className="aside-box"><div className="aside-head"><Bone width={80} /></div><div className="stack"><Bone width="90%" /><Bone width="70%" /><Bone width="80%" /><Bone width="60%" /></div></div>)}
    </div>
  );
}
