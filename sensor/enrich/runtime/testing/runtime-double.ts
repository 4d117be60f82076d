/**
 * A runtime's gRPC socket for tests: the given services on a unix socket in a folder of its own, with every call that
 * came. Closed at the end of the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';

export async function runtimeDouble(t: TestContext, routes: (router: ConnectRouter) => unknown): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), 'vedette-runtime-'));
  const socket = join(place, 'runtime.sock');
  const sessions = new Set<Http2Session>();
  const server = createServer(connectNodeAdapter({ routes: (router) => void routes(router) }));
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    for (const one of sessions) one.destroy();
    server.close();
    rmSync(place, { recursive: true, force: true });
  });
  return socket;
}
