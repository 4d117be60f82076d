/**
 * A ground that is kept while somebody works on a station: the lab that made it stays and listens on a socket; `--from STATION` asks it
 * to play from there again, with that station's file as it is now, and shows what it says. `--end` takes the ground away.
 */
import { existsSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';

const endOfAnswer = '\u0000';

function socketOf(place: string): string {
  return join(place, 'kept.sock');
}

export function isKept(place: string): boolean {
  return existsSync(socketOf(place));
}

/** Until somebody asks for the end. `play` answers whether every row held. */
export async function keep(place: string, play: (from: string) => Promise<boolean>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isPlaying = false;
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.once('data', (data) => {
      const asked = data.toString().trim();
      if (asked === 'end' || isPlaying) {
        connection.end(`${isPlaying ? 'it plays already\n' : ''}${endOfAnswer}${isPlaying ? 1 : 0}`);
        if (!isPlaying) resolve();
        return;
      }
      isPlaying = true;
      const write = process.stdout.write.bind(process.stdout);
      process.stdout.write = ((text: string) => {
        connection.write(text);
        return write(text);
      }) as typeof process.stdout.write;
      void play(asked).catch((error: unknown) => (process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`), false)).then((isOk) => {
        process.stdout.write = write;
        isPlaying = false;
        connection.end(`${endOfAnswer}${isOk ? 0 : 1}`);
      });
    });
  });
  rmSync(socketOf(place), { force: true });
  server.listen(socketOf(place));
  process.stdout.write('\n  the ground is kept: npm run lab whole-road -- --from STATION plays from there again, --end takes it away\n');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  await promise;
  server.close();
  rmSync(socketOf(place), { force: true });
}

/** Answers whether every row held. */
export async function ask(place: string, what: string): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const connection = createConnection(socketOf(place), () => connection.write(what));
    connection.on('error', reject);
    let code = '';
    connection.setEncoding('utf8').on('data', (text: string) => {
      const [shown = '', ...rest] = text.split(endOfAnswer);
      if (code === '') process.stdout.write(shown);
      code += rest.join('');
    });
    connection.on('end', () => resolve(code === '0'));
  });
}
