/** The hub as a process of its own, on a database that outlives it: started, killed with SIGKILL, and started again on the same ports and state. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { HubConfigInput } from '@vedette/hub/config';
import type { ServerUser } from '@vedette/hub/store/postgres';
import { projectRoot } from '../borders/borders.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const readyMsMax = 120_000;

export class KilledHub {
  readonly #config: HubConfigInput;
  readonly #user: ServerUser | undefined;
  #child: ChildProcess | undefined;
  #ready: Promise<void> = Promise.resolve();
  kills = 0;

  constructor(config: HubConfigInput, user: ServerUser | undefined) {
    this.#config = config;
    this.#user = user;
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null && !this.#child.killed;
  }

  /** Resolves when the hub that runs now is ready. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  start(): Promise<void> {
    const user = this.#user === undefined ? [] : ['--user', `${this.#user.uid}:${this.#user.gid}`];
    const child = spawn(process.execPath, [join(projectRoot(), 'hub', 'main.ts'), '--config', JSON.stringify(this.#config), ...user], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Error('the hub was not ready in time')), readyMsMax);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"event":"ready"')) resolve();
    });
    child.once('exit', (code, signal) => reject(new Error(`the hub ended before it was ready: ${code ?? signal}`)));
    this.#ready = promise.finally(() => clearTimeout(late));
    this.#ready.catch(() => undefined);
    return this.#ready;
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    this.kills += 1;
  }
}
