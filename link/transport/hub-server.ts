/** The hub's listener: the link's routes over its handlers, with authorities that can sign. */
import type { Authority } from './authority.ts';
import type { HubHandlers } from './hub-handlers.ts';
import { routesOf } from './routes.ts';
import { createLinkServer, linkServerBounds, type LinkServer, type LinkServerOptions } from './server.ts';

export interface HubServerOptions extends Pick<LinkServerOptions, 'certificate' | 'nowMs' | 'onFault' | 'bounds'> {
  readonly handlers: HubHandlers;
  /** The one that signs first, then all others that are trusted. */
  readonly authorities: readonly [Authority, ...Authority[]];
}

export interface HubServer extends Pick<LinkServer, 'listen' | 'connections' | 'close'> {
  /** A renewed certificate for the listener, or other authorities, from the next connection on. */
  replace(certificate: LinkServerOptions['certificate'], authorities: HubServerOptions['authorities']): void;
}

export function createHubServer(options: HubServerOptions): HubServer {
  const { handlers, nowMs, onFault, bounds = linkServerBounds } = options;
  let { authorities } = options;
  const server = createLinkServer({
    ...options,
    routes: (joins) => routesOf({ handlers, bounds, nowMs, onFault, joins, trusted: () => authorities }),
  });
  return {
    listen: (port, host) => server.listen(port, host),
    get connections() {
      return server.connections;
    },
    replace(certificate, trusted) {
      authorities = trusted;
      server.replace(certificate, trusted);
    },
    close: () => server.close(),
  };
}
