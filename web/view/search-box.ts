/**
 * What the search box offers for a text: each offer is a list with a filter, the most likely one first. Words of the
 * form `kind:value` choose the list; otherwise the form of the text does (a CVE id, a path, a digest, a technique).
 */
import { hrefOf, pathOf } from './url.ts';
import { cutMiddle } from './cut.ts';

export interface Offer {
  readonly id: string;
  readonly what: string;
  readonly detail: string;
  readonly href: string;
}

type Kind = 'vulnerabilities' | 'incidents' | 'containers' | 'processes' | 'policies' | 'sensors' | 'image';

const kinds: Readonly<Record<Kind, { readonly what: string; readonly href: (text: string) => string }>> = {
  incidents: { what: 'Incidents', href: (text) => hrefOf('/incidents', { state: 'all', q: text }) },
  containers: { what: 'Containers', href: (text) => hrefOf('/live', { q: text }) },
  processes: { what: 'Processes', href: (text) => hrefOf('/live', { view: 'processes', q: text }) },
  vulnerabilities: { what: 'Vulnerabilities', href: (text) => hrefOf('/vulnerabilities', { q: text }) },
  policies: { what: 'Policies', href: (text) => hrefOf('/policies', { q: text }) },
  sensors: { what: 'Sensors', href: (text) => hrefOf('/fleet', { q: text }) },
  image: { what: 'Containers of an image', href: (text) => hrefOf('/live', { image: text }) },
};

const prefixes: Readonly<Record<string, Kind>> = {
  cve: 'vulnerabilities', vuln: 'vulnerabilities', package: 'vulnerabilities', incident: 'incidents', rule: 'incidents', container: 'containers',
  process: 'processes', path: 'processes', policy: 'policies', host: 'sensors', sensor: 'sensors', image: 'image',
};

const order: readonly Kind[] = ['incidents', 'containers', 'processes', 'vulnerabilities', 'policies', 'sensors'];
const advisoryId = /^(?:CVE-\d{4}-\d{4,}|GHSA(?:-[\w]{4}){3}|[A-Z]{2,10}-\d{4}-?[\w:-]+)$/i;

export function searchOffers(input: string): readonly Offer[] {
  const text = input.trim().slice(0, 200);
  if (text === '') return [];
  const prefix = /^(\w+):(.+)$/.exec(text);
  const chosen = prefix === null || !Object.hasOwn(prefixes, prefix[1]!.toLowerCase()) ? undefined : prefixes[prefix[1]!.toLowerCase()];
  if (chosen !== undefined) return [offer(chosen, prefix![2]!.trim())];
  const first = likely(text);
  const rest = order.filter((kind) => !first.includes(kind));
  const offers = [...first, ...rest].map((kind) => offer(kind, text));
  return advisoryId.test(text) ? [openVulnerability(text.toUpperCase()), ...offers] : offers;
}

function likely(text: string): readonly Kind[] {
  if (/^(?:cve|ghsa)-/i.test(text)) return ['vulnerabilities'];
  if (text.startsWith('/')) return ['processes', 'incidents'];
  if (text.startsWith('sha256:')) return ['image'];
  if (/^t\d{4}(?:\.\d{3})?$/i.test(text)) return ['incidents'];
  if (/^[0-9a-f]{12,64}$/i.test(text)) return ['containers'];
  return [];
}

function offer(kind: Kind, text: string): Offer {
  return { id: kind, what: kinds[kind].what, detail: cutMiddle(text, 60), href: kinds[kind].href(text) };
}

function openVulnerability(id: string): Offer {
  return { id: 'open', what: 'Open', detail: id, href: pathOf('/vulnerabilities/:id', { id }) };
}
