/**
 * The live stream: server-sent events that name what has changed; the reader fetches it again. Changes are gathered
 * per client and sent at most five times a second; clients are bounded in number; a session that has ended,
 * or whose roles have changed, is noticed within a minute. A change is told only to those who may see its cluster or its namespace.
 */
import type { ServerResponse } from 'node:http';
import { scopeHolds, type Scope } from '@vedette/model/access';
import type { LiveTopic } from '@vedette/model/api/table';
import { Problem } from '@vedette/model/problem';

const gatherMs = 200;
const heartbeatMs = 15_000;
const clientsMax = 200;
const clientsOfCallerMax = 20;
/** A client that does not read is cut off rather than buffered for. */
const bufferedBytesMax = 65_536;

interface Client {
  readonly response: ServerResponse;
  readonly caller: string;
  scope: Scope;
  readonly scopeNow: () => Promise<Scope | undefined>;
  readonly pending: Set<LiveTopic>;
  timer: NodeJS.Timeout | undefined;
  beats: number;
}

export class Live {
  readonly #clients = new Set<Client>();
  readonly #heartbeat: NodeJS.Timeout;
  messagesSent = 0;

  constructor() {
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** `clusterId` null: it concerns everyone. Without a namespace it concerns the cluster as a whole. */
  publish(topics: Iterable<LiveTopic>, clusterId: string | null, namespace?: string | null): void {
    const list = [...topics];
    for (const client of this.#clients) {
      if (clusterId !== null && !scopeHolds(client.scope, clusterId, namespace)) continue;
      for (const topic of list) client.pending.add(topic);
      if (client.pending.size > 0) client.timer ??= setTimeout(() => this.#flush(client), gatherMs).unref();
    }
  }

  /** Whether somebody listens who sees the cluster only in part. */
  hearsNamespacesOf(clusterId: string): boolean {
    return [...this.#clients].some(({ scope }) => scope.kind === 'places' && !scopeHolds(scope, clusterId) && scope.places.some(({ cluster }) => cluster === clusterId));
  }

  /** Takes the response over; it stays open until either side ends it. */
  open(response: ServerResponse, headers: Readonly<Record<string, string>>, caller: string, scope: Scope, scopeNow: () => Promise<Scope | undefined>): void {
    if (this.#clients.size >= clientsMax || [...this.#clients].filter((client) => client.caller === caller).length >= clientsOfCallerMax) {
      throw new Problem('too-many-attempts', 'Too many live streams are open.');
    }
    const client: Client = { response, caller, scope, scopeNow, pending: new Set(), timer: undefined, beats: 0 };
    this.#clients.add(client);
    response.on('close', () => this.#drop(client));
    response.on('error', () => this.#drop(client));
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    response.write('retry: 3000\n\n');
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const client of this.#clients) {
      client.response.end();
      this.#drop(client);
    }
  }

  #flush(client: Client): void {
    client.timer = undefined;
    const topics = [...client.pending];
    client.pending.clear();
    this.#write(client, `event: changed\ndata: ${JSON.stringify({ topics })}\n\n`);
    this.messagesSent += 1;
  }

  #write(client: Client, text: string): void {
    if (client.response.writableLength > bufferedBytesMax) {
      client.response.destroy();
      this.#drop(client);
      return;
    }
    client.response.write(text);
  }

  #beat(): void {
    for (const client of this.#clients) {
      this.#write(client, ': still here\n\n');
      client.beats += 1;
      if (client.beats % 4 === 0) void this.#check(client);
    }
  }

  async #check(client: Client): Promise<void> {
    const scope = await client.scopeNow().catch(() => client.scope); // the database being away is not the client's fault
    if (scope !== undefined) {
      client.scope = scope;
      return;
    }
    client.response.end();
    this.#drop(client);
  }

  #drop(client: Client): void {
    clearTimeout(client.timer);
    this.#clients.delete(client);
  }
}
