/** The frame around every page: the rail of pages that exist, the top bar with search and badges, and the page. */
import type { ReactNode } from 'react';
import { useApi } from '../../data.ts';
import { useKeys } from '../../keyboard.tsx';
import { go, Link, usePlace } from '../../router.tsx';
import { useSeesHosts } from '../../session.tsx';
import { destinations, type Destination } from '../../view/keys.ts';
import { countWords, shortCount } from '../../view/numbers.ts';
import { Icon, Mark, type IconName } from '../icons.tsx';
import { CoverageBadge, FeedsBadge, LiveBadge } from './badges.tsx';
import { HelpButton } from './help.tsx';
import { PersonMenu } from './person.tsx';
import { SearchBox } from './search.tsx';
import { ThemeSwitch } from './theme.tsx';
import './shell.css';

const places: Readonly<Record<Destination, { readonly path: string; readonly icon: IconName }>> = {
  risk: { path: '/', icon: 'risk' },
  live: { path: '/live', icon: 'live' },
  incidents: { path: '/incidents', icon: 'incidents' },
  violations: { path: '/violations', icon: 'violations' },
  vulnerabilities: { path: '/vulnerabilities', icon: 'vulnerabilities' },
  images: { path: '/images', icon: 'image' },
  policies: { path: '/policies', icon: 'policies' },
  posture: { path: '/posture', icon: 'posture' },
  exceptions: { path: '/exceptions', icon: 'exceptions' },
  fleet: { path: '/fleet', icon: 'fleet' },
  coverage: { path: '/coverage', icon: 'coverage' },
  advisories: { path: '/advisories', icon: 'advisories' },
  audit: { path: '/audit', icon: 'clock' },
  settings: { path: '/settings', icon: 'settings' },
};

export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  useKeys((action) => {
    if (action.kind !== 'go') return false;
    go(places[action.to].path);
    return true;
  });
  return (
    <div className="shell">
      <a className="skip" href="#page">Skip to the page</a>
      <header className="top">
        <Link to="/" className="brand" title="To the risk summary"><Mark size={22} /><span className="brand-word">Vedette</span></Link>
        <SearchBox />
        <div className="top-badges"><span className="slot is-live"><LiveBadge /></span><span className="slot is-feeds"><FeedsBadge /></span><span className="slot is-coverage"><CoverageBadge /></span><ThemeSwitch /><PersonMenu /></div>
      </header>
      <Rail />
      <div className="stage">{children}</div>
    </div>
  );
}

function Rail(): ReactNode {
  const { path } = usePlace();
  const open = useApi('listIncidents', { query: { state: 'open', limit: 1 } }).data?.total ?? null;
  // Hosts and sensors are of a cluster as a whole: who sees none of one is not sent there.
  const seesHosts = useSeesHosts();
  const shown = destinations.filter(({ name }) => seesHosts || name !== 'fleet');
  const split = shown.findIndex(({ name }) => name === 'coverage');
  const main = shown.slice(0, split);
  const rest = shown.slice(split);
  return (
    <nav className="rail" aria-label="Pages">
      {main.map((one) => <RailItem key={one.name} destination={one} path={path} count={one.name === 'incidents' ? open : null} />)}
      <hr className="rail-line" />
      {rest.map((one) => <RailItem key={one.name} destination={one} path={path} count={null} />)}
      <div className="rail-foot"><HelpButton /></div>
    </nav>
  );
}

function RailItem({ destination, path, count }: { readonly destination: (typeof destinations)[number]; readonly path: string; readonly count: number | null }): ReactNode {
  const place = places[destination.name];
  const here = place.path === '/' ? path === '/' : path === place.path || path.startsWith(`${place.path}/`);
  return (
    <Link to={place.path} className="rail-item" title={`${destination.word} (g ${destination.key})`} data-testid={`rail-${destination.name}`} {...(here ? { 'aria-current': 'page' as const } : {})}>
      <Icon name={place.icon} /><span className="rail-word">{destination.word}</span>
      {count === null || count === 0 ? null : <span className="rail-count" aria-label={`${countWords(count)} open`}>{shortCount(count)}</span>}
    </Link>
  );
}
