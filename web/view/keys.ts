/**
 * The keyboard of the console as a state machine: one key, or `g` and then a letter. What a key means does not
 * depend on the page; a page only says what it does with it. Keys typed into a field are never taken. The pages stand in the
 * order and the groups of the rail: what happens now, what it happens to, what was decided, how much is seen, this hub itself.
 */
export const destinations = [
  { key: 'r', name: 'risk', word: 'Risk', group: 'now' },
  { key: 'l', name: 'live', word: 'Live', group: 'now' },
  { key: 'i', name: 'incidents', word: 'Incidents', group: 'now' },
  { key: 'x', name: 'violations', word: 'Violations', group: 'now' },
  { key: 'v', name: 'vulnerabilities', word: 'Vulnerabilities', group: 'what runs' },
  { key: 'm', name: 'images', word: 'Images', group: 'what runs' },
  { key: 'b', name: 'baselines', word: 'Baselines', group: 'what runs' },
  { key: 'o', name: 'posture', word: 'Posture', group: 'what runs' },
  { key: 'p', name: 'policies', word: 'Policies', group: 'decisions' },
  { key: 'd', name: 'admissions', word: 'Admissions', group: 'decisions' },
  { key: 'e', name: 'exceptions', word: 'Exceptions', group: 'decisions' },
  { key: 'n', name: 'responses', word: 'Responses', group: 'decisions' },
  { key: 'f', name: 'fleet', word: 'Fleet', group: 'sight' },
  { key: 'c', name: 'coverage', word: 'Coverage', group: 'sight' },
  { key: 'a', name: 'advisories', word: 'Advisories', group: 'sight' },
  { key: 'u', name: 'audit', word: 'Audit', group: 'this hub' },
  { key: 'w', name: 'users', word: 'Users', group: 'this hub' },
  { key: 's', name: 'settings', word: 'Settings', group: 'this hub' },
] as const;
export type Destination = (typeof destinations)[number]['name'];

export type Action =
  | { readonly kind: 'search' | 'help' | 'next' | 'previous' | 'open' | 'select' | 'close' }
  | { readonly kind: 'go'; readonly to: Destination };

export interface Press {
  readonly key: string;
  readonly withModifier: boolean;
  /** The focus is in a text field, a select or an editor. */
  readonly inField: boolean;
  /** The focus is on a link or button, which has its own meaning for Enter. */
  readonly onControl: boolean;
}

export interface KeyState {
  readonly pendingGo: boolean;
}
export const noKeys: KeyState = { pendingGo: false };

const single: Readonly<Record<string, Action>> = {
  '/': { kind: 'search' }, '?': { kind: 'help' }, j: { kind: 'next' }, k: { kind: 'previous' },
  x: { kind: 'select' }, Enter: { kind: 'open' }, Escape: { kind: 'close' },
};

export function pressKey(state: KeyState, press: Press): { readonly state: KeyState; readonly action: Action | null } {
  if (press.withModifier) return { state: noKeys, action: null };
  if (press.inField && press.key !== 'Escape') return { state: noKeys, action: null };
  if (state.pendingGo) {
    const to = destinations.find((one) => one.key === press.key);
    return { state: noKeys, action: to === undefined ? null : { kind: 'go', to: to.name } };
  }
  if (press.key === 'g') return { state: { pendingGo: true }, action: null };
  if (press.key === 'Enter' && press.onControl) return { state: noKeys, action: null };
  return { state: noKeys, action: single[press.key] ?? null };
}
