/**
 * The listener of a cluster part for the sensors of its nodes: the hub's own kind of listener, with a certificate that the
 * hub made for this one cluster and with the routes that pass everything on. The certificate lies on the disk, so that a part
 * that starts while the hub is away can listen at once.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { relayRoutesOf, type RelayDoors } from './relay-routes.ts';
import { createLinkServer, linkServerBounds, type LinkServer, type LinkServerOptions } from './server.ts';

export interface RelayCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly serverName: string;
  readonly authoritiesPem: readonly string[];
}

export type RelayOptions = Omit<RelayDoors, 'joins' | 'renewGraceMs'> & Pick<LinkServerOptions, 'onFault' | 'bounds'> & { readonly certificate: RelayCertificate };

export interface Relay extends Pick<LinkServer, 'listen' | 'connections' | 'close'> {
  replace(certificate: RelayCertificate): void;
}

export function createRelay(options: RelayOptions): Relay {
  const { certificate, nowMs, onFault, bounds = linkServerBounds } = options;
  const server = createLinkServer({
    ...listenerOf(certificate),
    nowMs,
    onFault,
    bounds,
    routes: (joins) => relayRoutesOf({ ...options, joins, renewGraceMs: bounds.renewGraceMs }),
  });
  return {
    listen: (port, host) => server.listen(port, host),
    get connections() {
      return server.connections;
    },
    replace(fresh) {
      const { certificate: pair, authorities } = listenerOf(fresh);
      server.replace(pair, authorities);
    },
    close: () => server.close(),
  };
}

function listenerOf({ certificatePem, privateKeyPem, authoritiesPem }: RelayCertificate): Pick<LinkServerOptions, 'certificate' | 'authorities'> {
  const authorities = authoritiesPem.map((one) => ({ certificate: new Uint8Array(new X509Certificate(one).raw) }));
  return { certificate: { chainPem: [certificatePem, ...authoritiesPem].join('\n'), privateKeyPem }, authorities };
}

/** When it is to be replaced: at the half of its life. */
export function relayRenewMs({ certificatePem }: RelayCertificate): number {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  return (validFromDate.getTime() + validToDate.getTime()) / 2;
}

/** Undefined when there is none, it cannot be read or it is over. */
export function keptRelayCertificate(file: string, nowMs: number): RelayCertificate | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<RelayCertificate> | null;
    const { certificatePem, privateKeyPem, serverName, authoritiesPem } = kept ?? {};
    if (typeof certificatePem !== 'string' || typeof privateKeyPem !== 'string' || typeof serverName !== 'string' || !Array.isArray(authoritiesPem)) return undefined;
    return new X509Certificate(certificatePem).validToDate.getTime() > nowMs ? { certificatePem, privateKeyPem, serverName, authoritiesPem } : undefined;
  } catch {
    return undefined;
  }
}

export function keepRelayCertificate(file: string, certificate: RelayCertificate): void {
  writeFileSync(`${file}.new`, JSON.stringify(certificate), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
