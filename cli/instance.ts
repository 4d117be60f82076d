/**
 * One `vedette up` on one state directory: whoever holds the socket in it runs. Two would stop each other's database. A
 * socket whose owner died does not answer and is taken over.
 */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const answerMs = 1000;

export type Instance = { readonly kind: 'alone'; release(): void } | { readonly kind: 'taken'; readonly pid: string };

/** The pid of whoever answers; null when nobody does. */
async function ownerOf(path: string): Promise<string | null> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    let said = '';
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => (said += bytes.toString()));
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(said === '' ? null : said.trim()));
  });
}

export async function takeInstance(stateRoot: string): Promise<Instance> {
  const path = join(stateRoot, 'up.sock');
  const owner = await ownerOf(path);
  if (owner !== null) return { kind: 'taken', pid: owner };
  rmSync(path, { force: true });
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`${process.pid}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return {
    kind: 'alone',
    release: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}
