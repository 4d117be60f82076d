/** Whether the cluster part lives and does its work, for the kubelet and for Prometheus: /livez, /readyz, /metrics over plain HTTP. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthDoors {
  /** Every part of the work and whether it can be done now. */
  readonly ready: () => Readonly<Record<string, boolean>>;
  /** Name → value; names without the prefix. A name may end in labels: `watch_synced{kind="Pod"}`. */
  readonly metrics: () => Readonly<Record<string, number>>;
}

export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

export async function startHealth(doors: HealthDoors, at: { readonly host: string; readonly port: number }): Promise<Health> {
  const server: Server = createServer((request, response) => {
    const say = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
    };
    switch (request.method === 'GET' ? request.url?.split('?')[0] : undefined) {
      case '/livez':
        return say(200, 'ok\n');
      case '/readyz': {
        const parts = doors.ready();
        const isReady = Object.values(parts).every(Boolean);
        return say(isReady ? 200 : 503, `${JSON.stringify({ ready: isReady, parts })}\n`, 'application/json');
      }
      case '/metrics':
        return say(200, metricsText(doors.metrics()), 'text/plain; version=0.0.4; charset=utf-8');
      default:
        return say(404, 'There are /livez, /readyz and /metrics here.\n');
    }
  });
  server.requestTimeout = 5000;
  server.headersTimeout = 5000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `vedette_cluster_${name} ${value}\n`)
    .join('');
}
