/**
 * Where effects arrive: a proxy in front of a server, which tells of each request before it is passed on and of each answer before it is given back, and holds both until
 * whoever listens has come to an end. What has arrived is passed on also when its sender is dead by then: the worst moment. Streams pass unheld.
 */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';

export interface Passing {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
}

export interface GateOptions {
  readonly target: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Before it is passed on. */
  readonly arrived: (passing: Passing) => Promise<void>;
  /** After the server has answered, before its sender hears it. */
  readonly answered: (passing: Passing, status: number) => Promise<void>;
  /** Sabotage: what is passed on is passed on twice. */
  readonly twice?: boolean;
  /** Somebody has connected and said nothing yet. */
  readonly connected?: () => Promise<void>;
}

export interface Gate {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

export async function openGate(options: GateOptions): Promise<Gate> {
  const send = options.tls === undefined ? httpRequest : httpsRequest;
  const server: Server = createServer((request, response) => {
    const isStream = /[?&]watch=/.test(request.url ?? '');
    const work = async (): Promise<void> => {
      const passing: Passing = { method: request.method ?? 'GET', url: new URL(request.url ?? '/', 'http://gate'), contentType: request.headers['content-type'] ?? '', body: isStream ? '' : await textOf(request) };
      if (!isStream) await options.arrived(passing);
      const { host: _, connection: __, ...headers } = request.headers;
      const onward = send(`${options.target}${request.url ?? '/'}`, { method: passing.method, headers, ...options.tls }, (answer) => {
        const back = async (): Promise<void> => {
          const status = answer.statusCode ?? 502;
          if (isStream) {
            response.writeHead(status, answer.headers);
            answer.pipe(response);
            return;
          }
          const text = await textOf(answer);
          await options.answered(passing, status);
          const { 'transfer-encoding': ___, connection: ____, ...kept } = answer.headers;
          response.writeHead(status, { ...kept, 'content-length': Buffer.byteLength(text) });
          response.end(text);
        };
        back().catch(() => response.destroy());
      });
      response.once('close', () => {
        if (isStream) onward.destroy();
      });
      onward.once('error', () => response.destroy());
      if (options.twice === true) send(`${options.target}${request.url ?? '/'}`, { method: passing.method, headers, ...options.tls }, (answer) => answer.resume()).once('error', () => undefined).end(passing.body);
      onward.end(passing.body);
    };
    work().catch(() => response.destroy());
  });
  // The HTTP server takes a connection only when it is let in: one that it has is read from at once.
  const sockets = new Set<Socket>();
  const door = createTcpServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const letIn = (): void => void (socket.destroyed || server.emit('connection', socket));
    if (options.connected === undefined) letIn();
    else options.connected().then(letIn, () => socket.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const { port } = door.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      const closed = new Promise((resolve) => door.close(resolve));
      for (const one of sockets) one.destroy();
      await closed;
    },
  };
}
