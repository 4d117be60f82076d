/**
 * The icons of the console, drawn on a 16-unit grid with one stroke width. They stand beside a word at first use and
 * say nothing to a screen reader: the word does.
 */
import type { ReactNode } from 'react';

const paths = {
  risk: 'M2.5 3.5h11M2.5 8h7.5M2.5 12.5h4',
  live: 'M1.5 8h3l2-4.5 3 9 2-4.5h3',
  incidents: 'M8 2.5 14 13H2L8 2.5ZM8 6.5v3.2M8 11.3v.2',
  admissions: 'M3 14V2.5h7V14M1.5 14h13M10 4.5h3V14M7.5 8v1',
  violations: 'M8 1.8 13.5 4v4c0 3-2.3 5.2-5.5 6.3C4.8 13.2 2.5 11 2.5 8V4L8 1.8ZM6 6l4 4M10 6l-4 4',
  vulnerabilities: 'M5 6.5a3 3 0 0 1 6 0V10a3 3 0 0 1-6 0V6.5ZM8 7v6M2.5 5 5 6.5M13.5 5 11 6.5M2 9.5h3M11 9.5h3M2.5 13.5 5.2 12M13.5 13.5 10.8 12M6 3.8 5 2.5M10 3.8l1-1.3',
  policies: 'M8 1.8 13.5 4v4c0 3-2.3 5.2-5.5 6.3C4.8 13.2 2.5 11 2.5 8V4L8 1.8ZM5.7 8l1.7 1.7 3-3.2',
  baselines: 'M1.5 12.5h13M2.5 10l2.5-3 2.5 2 2.5-5 3.5 4',
  posture: 'M3 2.5h10v11H3zM5.5 6l1 1 1.8-2M5.5 10.4l1 1 1.8-2M10 6.2h1M10 10.6h1',
  exceptions: 'M8 1.8 13.5 4v4c0 3-2.3 5.2-5.5 6.3C4.8 13.2 2.5 11 2.5 8V4L8 1.8ZM5.5 8h5',
  responses: 'M9 1.8 3.5 9h4L7 14.2 12.5 7h-4L9 1.8Z',
  fleet: 'M2.5 3h11v3.5h-11zM2.5 9.5h11V13h-11zM5 4.7v.1M5 11.2v.1M8 4.75h3.5M8 11.25h3.5',
  coverage: 'M8 2.2a5.8 5.8 0 1 0 5.8 5.8M8 5a3 3 0 1 0 3 3M8 8l5-5',
  advisories: 'M3.5 2.5h7l2 2v9h-9zM5.5 6.5h5M5.5 9h5M5.5 11.5h3',
  host: 'M2.5 3.5h11v7h-11zM6 13.5h4M8 10.5v3',
  container: 'M8 1.8 13.8 5v6L8 14.2 2.2 11V5L8 1.8ZM2.2 5 8 8.2 13.8 5M8 8.2v6',
  process: 'M2.5 3.5h11v9h-11zM5 6.5 7 8l-2 1.5M8.5 10h2.5',
  package: 'M2.5 5 8 2.5 13.5 5v6.5L8 14l-5.5-2.5zM5.2 3.8l5.5 2.5v2.4',
  image: 'M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3 14 14',
  copy: 'M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3',
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  expand: 'M6 3.5 10.5 8 6 12.5',
  down: 'M3.5 6 8 10.5 12.5 6',
  back: 'M10 3.5 5.5 8 10 12.5',
  plus: 'M8 3v10M3 8h10',
  person: 'M8 2.5a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM2.8 13.8c.4-2.6 2.4-4 5.2-4s4.8 1.4 5.2 4',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  moon: 'M13 9.7A5.6 5.6 0 0 1 6.3 3a5.6 5.6 0 1 0 6.7 6.7Z',
  auto: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 2.2v11.6M9.6 2.6v10.8M11.2 3.4v9.2M12.7 4.8v6.4',
  arrow: 'M2.5 8h10M9 4.5 12.5 8 9 11.5',
  outside: 'M6.5 3.5h-4v10h10v-4M9.5 2.5h4v4M13.5 2.5 7.5 8.5',
  full: 'M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.5 4.5M2.5 13.5 7 9',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  keys: 'M2 4.5h12v7H2zM4.5 7v.1M7 7v.1M9.5 7v.1M12 7v.1M5.5 9.3h5',
  edit: 'M3 13l.6-2.8L10.7 3l2.3 2.3-7.2 7.1L3 13ZM9.2 4.5l2.3 2.3',
  bin: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.8 7v4M9.2 7v4',
  clock: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM8 4.8V8l2.3 1.6',
  settings: 'M2 4.5h6.5M11.5 4.5H14M2 11.5h2.5M7.5 11.5H14M8.5 2.7h3v3.6h-3zM4.5 9.7h3v3.6h-3z',
  signer: 'M8 2.5a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM6.5 7.5 5.5 14 8 12.3l2.5 1.7-1-6.5',
  commit: 'M8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM1.5 8h3.9M10.6 8h3.9',
  build: 'M9.8 2.5a3.4 3.4 0 0 0-3 5L2.5 11.8l1.7 1.7 4.3-4.3a3.4 3.4 0 0 0 4.6-4.2l-2 2-1.8-.4-.4-1.8 2-2a3.4 3.4 0 0 0-1.1-.3Z',
  registry: 'M2.5 3.5h11v3h-11zM2.5 6.5h11v3h-11zM2.5 9.5h11v3h-11zM4.5 5v.1M4.5 8v.1M4.5 11v.1',
  file: 'M4 2.5h5.5L12 5v8.5H4zM9.5 2.5V5H12',
  filter: 'M2 3.5h12L9.5 8.7V13l-3-1.5V8.7L2 3.5Z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="square" strokeLinejoin="miter" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The mark: a sentry's sight, two lines of view that meet at the rider, under the horizon. */
export function Mark({ size = 24 }: { readonly size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="square" aria-hidden="true">
      <path d="M3 5.5 12 20l9-14.5" />
      <path d="M7.2 5.5a7.2 7.2 0 0 1 9.6 0" />
      <circle cx="12" cy="9.6" r="2" fill="currentColor" stroke="none" />
    </svg>
  );
}
