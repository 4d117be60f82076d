/**
 * The frame around every page: the rail of pages that exist, the top bar with search and badges, and the page. On a phone the
 * rail is behind a button, since icons alone say little to who cannot hover.
 */
import { Fragment, useEffect, useState, type ReactNode } from 'react';
import { useApi } from '../../data.ts';
import { useKeys } from '../../keyboard.tsx';
import { go, Link, usePlace } from '../../router.tsx';
import { useMay, useSeesHosts } from '../../session.tsx';
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
  admissions: { path: '/admissions', icon: 'admissions' },
  vulnerabilities: { path: '/vulnerabilities', icon: 'vulnerabilities' },
  images: { path: '/images', icon: 'image' },
  policies: { path: '/policies', icon: 'policies' },
  baselines: { path: '/baselines', icon: 'baselines' },
  posture: { path: '/posture', icon: 'posture' },
  exceptions: { path: '/exceptions', icon: 'exceptions' },
  responses: { path: '/responses', icon: 'responses' },
  fleet: { path: '/fleet', icon: 'fleet' },
  coverage: { path: '/coverage', icon: 'coverage' },
  advisories: { path: '/advisories', icon: 'advisories' },
  audit: { path: '/audit', icon: 'clock' },
  users: { path: '/users', icon: 'person' },
  settings: { path: '/settings', icon: 'settings' },
};

export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  useKeys((action) => {
    if (action.kind !== 'go') return false;
    go(places[action.to].path);
    return true;
  });
  const [menu, setMenu] = useState(false);
  useEscape(menu, () => setMenu(false));
  return (
    <div className="shell">
      <a className="skip" href="#page">Skip to the page</a>
      <header className="top">
        <button type="button" className="icon-button menu-button" aria-expanded={menu} aria-controls="rail" aria-label="Pages" onClick={() => setMenu(!menu)} data-testid="menu"><Icon name={menu ? 'cross' : 'menu'} /></button>
        <Link to="/" className="brand" title="To the risk summary"><Mark size={22} /><span className="brand-word">Vedette</span></Link>
        <SearchBox />
        <div className="top-badges"><span className="slot is-live"><LiveBadge /></span><span className="slot is-feeds"><FeedsBadge /></span><span className="slot is-coverage"><CoverageBadge /></span><ThemeSwitch /><PersonMenu /></div>
      </header>
      <Rail open={menu} onClose={() => setMenu(false)} />
      {menu ? <div className="rail-veil" onPointerDown={() => setMenu(false)} /> : null}
      <div className="stage">{children}</div>
    </div>
  );
}

/** Escape, while something is open that has no other key. */
function useEscape(open: boolean, close: () => void): void {
  useEffect(() => {
    if (!open) return undefined;
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('keydown', escape);
    return () => document.removeEventListener('keydown', escape);
  });
}

function Rail({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): ReactNode {
  const { path } = usePlace();
  const incidents = useApi('listIncidents', { query: { state: 'open', limit: 1 } }).data?.total ?? null;
  const waiting = useApi('listResponses', { query: { state: 'waiting', limit: 1 } }).data?.waiting ?? null;
  // Hosts and sensors are of a cluster as a whole: who sees none of one is not sent there; and people are administrators' work.
  const seesHosts = useSeesHosts();
  const mayAdmin = useMay('admin');
  const shown = destinations.filter(({ name }) => (seesHosts || name !== 'fleet') && (mayAdmin || name !== 'users'));
  return (
    <nav className={`rail ${open ? 'is-open' : ''}`} id="rail" aria-label="Pages" onClick={onClose}>
      {shown.map((one, at) => (
        <Fragment key={one.name}>
          {at > 0 && one.group !== shown[at - 1]!.group ? <hr className="rail-line" /> : null}
          <RailItem destination={one} path={path} count={one.name === 'incidents' ? incidents : one.name === 'responses' ? waiting : null} />
        </Fragment>
      ))}
      <div className="rail-foot"><HelpButton /></div>
    </nav>
  );
}

function RailItem({ destination, path, count }: { readonly destination: (typeof destinations)[number]; readonly path: string; readonly count: number | null }): ReactNode {
  const place = places[destination.name];
  const here = place.path === '/' ? path === '/' : [place.path, ...(destination.name === 'responses' ? ['/playbooks'] : destination.name === 'incidents' ? ['/noise'] : [])].some((one) => path === one || path.startsWith(`${one}/`));
  return (
    <Link to={place.path} className="rail-item" title={`${destination.word} (g ${destination.key})`} data-testid={`rail-${destination.name}`} {...(here ? { 'aria-current': 'page' as const } : {})}>
      <Icon name={place.icon} /><span className="rail-word">{destination.word}</span>
      {count === null || count === 0 ? null : <span className="rail-count" aria-label={`${countWords(count)} ${destination.name === 'responses' ? 'waiting for approval' : 'open'}`}>{shortCount(count)}</span>}
    </Link>
  );
}
