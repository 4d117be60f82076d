/**
 * The address bar as state: where the reader is, how to go elsewhere, and links that a browser can open in a new tab.
 * A new page is rendered beside the old one, which stays until the new one can be shown; back returns to the same
 * place in the list. About one screen of code, so a library for it would be mostly unused.
 */
import { createContext, startTransition, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from 'react';
import { hrefOf, parseSearch, readFilters, writeFilters, type Filter, type Search, type Values } from './view/url.ts';

export interface Place {
  readonly path: string;
  readonly search: Search;
  /** Names this entry of the history, for its scroll position. */
  readonly entry: string;
}

type Listener = () => void;
const listeners = new Set<Listener>();
const scrolls = new Map<string, number>();
const scrollerId = 'page';

/** What stands before every path when the console is not served at the root. */
const base = import.meta.env.BASE_URL.replace(/\/$/, '');

function readPlace(): Place {
  const state: unknown = history.state;
  const entry = typeof state === 'object' && state !== null && 'entry' in state ? String(state.entry) : 'first';
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : location.pathname;
  return { path: path === '' ? '/' : path, search: parseSearch(location.search), entry };
}

function scrolledNow(): number {
  return document.querySelector(`#${scrollerId}`)?.scrollTop ?? 0;
}

/** Asked before leaving a page with unsaved work. */
let mayLeave: () => boolean = () => true;
export function useLeaveGuard(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return undefined;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    // oxlint-disable-next-line no-alert
    mayLeave = () => window.confirm('Your changes are not saved. Leave anyway?');
    window.addEventListener('beforeunload', warn);
    return () => {
      mayLeave = () => true;
      window.removeEventListener('beforeunload', warn);
    };
  }, [unsaved]);
}

export function go(href: string, options: { readonly replace?: boolean } = {}): void {
  const target = new URL(base + href, location.href);
  const samePage = target.pathname === location.pathname;
  if (target.href === location.href || (!samePage && !mayLeave())) return;
  const here = readPlace().entry;
  scrolls.set(here, scrolledNow());
  const entry = options.replace === true ? here : `${performance.timeOrigin}-${performance.now()}`;
  if (samePage) scrolls.set(entry, scrolledNow());
  if (options.replace === true) history.replaceState({ entry }, '', target);
  else history.pushState({ entry }, '', target);
  for (const listener of listeners) listener();
}

const Here = createContext<Place>({ path: '/', search: {}, entry: 'first' });

export function Router({ children }: { readonly children: ReactNode }): ReactNode {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const renew = (): void => startTransition(() => setPlace(readPlace()));
    listeners.add(renew);
    window.addEventListener('popstate', renew);
    return () => {
      listeners.delete(renew);
      window.removeEventListener('popstate', renew);
    };
  }, []);
  useLayoutEffect(() => {
    const scroller = document.querySelector(`#${scrollerId}`);
    if (scroller !== null) scroller.scrollTop = scrolls.get(place.entry) ?? 0;
  }, [place.path, place.entry]);
  const pathBefore = useRef(place.path);
  useLayoutEffect(() => {
    if (pathBefore.current === place.path) return;
    pathBefore.current = place.path;
    // What was followed may be gone, and keys pressed next are meant for the new page.
    document.querySelector<HTMLElement>(`#${scrollerId}`)?.focus({ preventScroll: true });
  }, [place.path]);
  return <Here value={place}>{children}</Here>;
}

export function usePlace(): Place {
  return useContext(Here);
}

/** The filters of a list, read from and written to the address. Setting one replaces nothing else. */
export function useFilters<S extends Readonly<Record<string, Filter<unknown>>>>(spec: S): readonly [Values<S>, (change: Partial<Values<S>>, options?: { readonly replace?: boolean }) => void, (change: Partial<Values<S>>) => string] {
  const { path, search } = usePlace();
  const values = useMemo(() => readFilters(spec, search), [spec, search]);
  const link = useCallback((change: Partial<Values<S>>) => hrefOf(path, writeFilters(spec, { ...values, ...change })), [spec, path, values]);
  const set = useCallback((change: Partial<Values<S>>, options: { readonly replace?: boolean } = {}) => go(link(change), options), [link]);
  return [values, set, link];
}

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { readonly to: string; readonly replace?: boolean };

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** A real link; a plain click stays in the page. */
export function Link({ to, replace = false, onClick, ...rest }: LinkProps): ReactNode {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || !isPlainClick(event)) return;
    event.preventDefault();
    go(to, { replace });
  };
  return <a href={base + to} onClick={follow} {...rest} />;
}
