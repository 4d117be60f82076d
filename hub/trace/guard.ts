/**
 * The network of origin: which addresses the hub goes to. References come from pods, so a host is asked only when a person has configured it; where a
 * configured one sends us on (redirects, token servers), names that resolve to this machine or its link (cloud metadata) are not followed.
 * The name is resolved once more by the connection itself: a name server that answers differently a moment later is not defended against.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isInner, type Fetch } from '@vedette/origin/ask/ask';

export type Lookup = (host: string) => Promise<readonly string[]>;

export const lookup: Lookup = async (host) => (await systemLookup(host, { all: true })).map((one) => one.address);

/** `configured`: hosts with their ports, as addresses carry them. */
export function guardedFetch(fetch: Fetch, resolve: Lookup, configured: ReadonlySet<string>): Fetch {
  return async (url, init) => {
    const { host, hostname } = new URL(url);
    if (!configured.has(host)) {
      if (isRefused(hostname)) throw new Error('the address is inside of this machine or its link, and nobody has configured it');
      const isLiteral = /^[\d.]+$|^\[/.test(hostname);
      const addresses = isLiteral ? [] : await resolve(hostname);
      if (addresses.some(isRefused)) throw new Error('the name leads to this machine or its link, and nobody has configured it');
    }
    return fetch(url, init);
  };
}

/** Where clouds tell instances their secrets, beside the link-local address that most use. */
const metadata = new Set(['100.100.100.200', '[fd00:ec2::254]']);

function isRefused(host: string): boolean {
  // an address has one spelling only once it stood in a URL
  const one = URL.parse(`http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}/`)?.hostname ?? host;
  return isInner(one) || metadata.has(one);
}

export interface Bounded {
  <T>(work: () => Promise<T>): Promise<T>;
}

/** At most `max` at a time, in the order in which they came. */
export function bounded(max: number): Bounded {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= max) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
