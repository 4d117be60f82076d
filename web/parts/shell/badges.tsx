/**
 * What every page says about itself: how complete the view is, how old the advisories are, and whether it is live.
 * Each badge opens what is behind it; none of them hides when things are fine.
 */
import type { ReactNode } from 'react';
import { useNow } from '../../clock.ts';
import { useApi } from '../../data.ts';
import { useLive } from '../../live.ts';
import { Link } from '../../router.tsx';
import { lostWords, percentWords, plural } from '../../view/numbers.ts';
import { worstFeedState } from '../../view/feeds.ts';
import { ageWords } from '../../view/time.ts';
import { CoverageScale } from '../meters.tsx';
import { Pop } from '../overlay.tsx';
import { Bone } from '../page.tsx';
import { Tip } from '../tip.tsx';

const gapsShown = 4;

export function CoverageBadge(): ReactNode {
  const { data } = useApi('coverage', {});
  if (data === undefined) return <span className="badge-wait"><Bone width={118} /></span>;
  const trigger = <><CoverageScale percent={data.percent} /><span className="badge-value">{percentWords(data.percent)}</span><span className="badge-word">seen</span></>;
  return (
    <Pop label="Coverage" trigger={trigger} testId="coverage-badge" className="badge-coverage">
      {(close) => (
        <div className="stack badge-panel">
          <p className="strong">{data.sensorsTotal === 0 ? 'Nothing is seen: no sensor has joined' : `${percentWords(data.percent)} of what the hooks can see is seen now`}</p>
          <p className="quiet">{data.sensorsConnected} of {plural(data.sensorsTotal, 'sensor')} connected · {lostWords(data.recordsLost)}</p>
          {data.gaps.length === 0 ? null : (
            <ul className="badge-gaps">
              {data.gaps.slice(0, gapsShown).map((gap, index) => <li key={`${gap.node}${gap.what}${index}`}><span className="strong">{gap.what}</span><span className="quiet">{gap.why}</span></li>)}
            </ul>
          )}
          <Link to="/coverage" onClick={close}>{data.gaps.length > gapsShown ? `All ${data.gaps.length} gaps` : 'What is not seen, and why'}</Link>
        </div>
      )}
    </Pop>
  );
}

/** The age of the oldest feed, and a flag where what is in one is older still. */
export function FeedsBadge(): ReactNode {
  const now = useNow();
  const { data } = useApi('listFeeds', {});
  if (data === undefined) return <span className="badge-wait"><Bone width={64} /></span>;
  const oldest = Math.max(...data.items.map((feed) => feed.ageSeconds));
  const state = worstFeedState(data.items, now);
  const words = data.items.length === 0 ? 'none' : ageWords(oldest * 1000);
  const tip = data.items.length === 0 ? 'No advisory feed is loaded: vulnerabilities are unknown, not absent.' : `${plural(data.items.length, 'advisory feed')}; the oldest was read ${words} ago${state === 'old-copy' ? ', and from an old copy' : ''}.`;
  return (
    <Tip content={tip}>
      <Link to="/advisories" className={`pop-button badge-feeds is-${state}`} data-testid="feeds-badge"><span className="badge-word">feeds</span><span className="badge-value">{words}</span>{state === 'fresh' ? null : <span className="badge-flag" aria-label={state === 'none' ? 'none loaded' : 'old'}>!</span>}</Link>
    </Tip>
  );
}

export function LiveBadge(): ReactNode {
  const live = useLive();
  const now = useNow();
  const words = live.kind === 'live' ? 'live' : live.kind === 'down' ? `not live, ${ageWords(now - live.sinceMs)}` : 'connecting';
  const tip = live.kind === 'live' ? 'Changes appear by themselves.' : live.kind === 'down' ? 'The live stream is down. What is on screen is fetched again every 30 s.' : 'The live stream is being opened.';
  return <Tip content={tip}><span className={`badge-live is-${live.kind}`} data-testid="live-badge" role="status"><span className="badge-dot" aria-hidden="true" /><span className={live.kind === 'connecting' ? 'unseen' : ''}>{words}</span></span></Tip>;
}
