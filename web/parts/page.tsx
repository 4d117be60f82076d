/**
 * The frame of every page: the sentence that answers first, what stands beside it, tiles that are filters, and a side
 * panel that opens from a list. Also what a page shows while it waits and when it has nothing to show.
 */
import { useEffect, useRef, type ReactNode } from 'react';
import { useKeys } from '../keyboard.tsx';
import { go, Link } from '../router.tsx';
import { Icon, type IconName } from './icons.tsx';
import './page.css';

interface PageProps {
  readonly title: string;
  readonly sentence: ReactNode;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly panel?: ReactNode;
  readonly above?: ReactNode;
  /** Keeps room for a sentence of two lines, where its length is not known before it is there. */
  readonly tall?: boolean;
}

export function Page({ title, sentence, note, actions, children, panel, above, tall = false }: PageProps): ReactNode {
  useTitle(title);
  return (
    <div className={`page ${panel === undefined || panel === null ? '' : 'has-panel'}`}>
      <main className="page-main" id="page" tabIndex={-1} data-testid={`page-${title.toLowerCase().replaceAll(' ', '-')}`}>
        <header className={`page-head ${tall ? 'is-tall' : ''}`}>
          {above}
          <div className="page-head-line">
            <h1 className="sentence"><span className="unseen">{title}: </span>{sentence}</h1>
            {actions === undefined ? null : <div className="page-actions">{actions}</div>}
          </div>
          {note === undefined ? null : <div className="page-note quiet">{note}</div>}
        </header>
        {children}
      </main>
      {panel}
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Vedette`;
  }, [title]);
}

interface PanelProps {
  readonly kind: string;
  readonly icon: IconName;
  readonly label: string;
  readonly closeTo: string;
  readonly fullTo?: string;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** Beside the list, not over it: the list stays readable and j and k go on. Escape closes it. */
export function SidePanel({ kind, icon, label, closeTo, fullTo, wide = false, children }: PanelProps): ReactNode {
  const panel = useRef<HTMLElement>(null);
  useKeys((action) => {
    if (action.kind !== 'close') return false;
    go(closeTo);
    return true;
  });
  useEffect(() => {
    if (panel.current !== null) panel.current.scrollTop = 0;
  }, [label]);
  return (
    <aside ref={panel} className={`panel ${wide ? 'is-wide' : ''}`} aria-label={`${kind} ${label}`} data-testid="panel" tabIndex={-1}>
      <div className="panel-bar">
        <span className="row-flow quiet small"><Icon name={icon} size={14} />{kind}</span>
        <span className="row-flow">
          {fullTo === undefined ? null : <Link to={fullTo} className="icon-button" aria-label="Open as a page" title="Open as a page"><Icon name="full" size={14} /></Link>}
          <Link to={closeTo} className="icon-button" aria-label="Close panel" title="Close (Esc)"><Icon name="cross" size={14} /></Link>
        </span>
      </div>
      <div className="panel-body">{children}</div>
    </aside>
  );
}

export function Section({ title, aside, children, id }: { readonly title: string; readonly aside?: ReactNode; readonly children: ReactNode; readonly id?: string }): ReactNode {
  return (
    <section className="section" data-testid={id}>
      <div className="section-head"><h2>{title}</h2>{aside === undefined ? null : <div className="section-aside quiet">{aside}</div>}</div>
      {children}
    </section>
  );
}

/** The one next action of a finding, set apart from everything that only explains. */
export function NextAction({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="next-action" data-testid="next-action"><span className="small quiet">What to do</span>{children}</div>;
}

export interface Tile {
  readonly id: string;
  readonly label: ReactNode;
  readonly count: string | null;
  readonly note?: ReactNode;
  /** Beside the count; leaves first where there is no room. */
  readonly beside?: ReactNode;
  readonly to: string;
  readonly chosen?: boolean;
}

/** Counts that are filters. A count that is not known yet keeps its place. */
export function Tiles({ label, tiles }: { readonly label: string; readonly tiles: readonly Tile[] }): ReactNode {
  return (
    <nav className="tiles" aria-label={label}>
      {tiles.map((tile) => (
        <Link key={tile.id} to={tile.to} className="tile" data-testid={`tile-${tile.id}`} {...(tile.chosen === true ? { 'aria-current': 'true' as const } : {})}>
          <span className="tile-label">{tile.label}</span>
          <span className="tile-count">{tile.count ?? '…'}{tile.beside === undefined ? null : <span className="tile-beside">{tile.beside}</span>}</span>
          {tile.note === undefined ? null : <span className="tile-note faint">{tile.note}</span>}
        </Link>
      ))}
    </nav>
  );
}

export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly count?: string | null;
  readonly to: string;
}

export function Tabs({ label, tabs, chosen, kind = 'tab' }: { readonly label: string; readonly tabs: readonly Tab[]; readonly chosen: string; readonly kind?: string }): ReactNode {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Link key={tab.id} to={tab.to} replace className="tab" data-testid={`${kind}-${tab.id}`} {...(tab.id === chosen ? { 'aria-current': 'page' as const } : {})}>
          {tab.label}{tab.count === undefined || tab.count === null ? null : <span className="tab-count">{tab.count}</span>}
        </Link>
      ))}
    </nav>
  );
}

/** What this page shows, what is missing for it, and the one thing to do. */
export function Empty({ title, children, action }: { readonly title: string; readonly children: ReactNode; readonly action?: ReactNode }): ReactNode {
  return (
    <div className="empty" data-testid="empty">
      <p className="strong">{title}</p>
      <div className="quiet stack">{children}</div>
      {action === undefined ? null : <div className="empty-action">{action}</div>}
    </div>
  );
}

/** A line of grey where text will stand, as wide as the text will be. */
export function Bone({ width, height = 10 }: { readonly width: number | string; readonly height?: number }): ReactNode {
  return <span className="bone" style={{ width: typeof width === 'number' ? `${width}px` : width, height: `${height}px` }} />;
}

export function BoneLines({ count, height = 32 }: { readonly count: number; readonly height?: number }): ReactNode {
  return (
    <div aria-hidden="true" data-testid="skeleton">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="bone-line" style={{ height: `${height}px` }}><Bone width={`${40 + ((index * 23) % 45)}%`} /></div>
      ))}
    </div>
  );
}
