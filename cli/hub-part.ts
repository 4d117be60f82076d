/** How the hub is started: as root with the user it becomes, its address known when it says that it is ready. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { contentDirectory, projectRoot } from './build.ts';
import { followLog, type LogLine } from './log-file.ts';
import { Part } from './part.ts';
import { ownFolder, serviceUser, type StateDirectory } from './state-directory.ts';

export interface HubPartOptions {
  readonly state: StateDirectory;
  readonly consoleDirectory: string | null;
  readonly host: string;
  readonly port: number;
  readonly linkHost: string;
  readonly linkPort: number;
  readonly linkNames: readonly string[];
  readonly databaseUrl?: string;
  readonly localJoin: boolean;
  readonly canaryGraceSeconds?: number;
  readonly onLine: (line: LogLine) => void;
  readonly onReady: (ready: HubReady) => void;
  readonly onGivenUp: (reason: string) => void;
}

export interface HubReady {
  readonly url: string;
  readonly link: string;
  readonly firstStart: boolean;
}

export function hubPart(options: HubPartOptions): Part {
  const { state } = options;
  const user = serviceUser('vedette-hub');
  mkdirSync(state.hub, { recursive: true });
  ownFolder(state.hub, user);
  const config = {
    stateDirectory: state.hub,
    api: { host: options.host, port: options.port },
    link: { host: options.linkHost, port: options.linkPort, names: [...options.linkNames] },
    contentDirectory: contentDirectory(),
    localJoin: options.localJoin,
    ...(options.canaryGraceSeconds === undefined ? {} : { canaryGraceSeconds: options.canaryGraceSeconds }),
    ...(options.consoleDirectory === null ? {} : { consoleDirectory: options.consoleDirectory }),
    ...(options.databaseUrl === undefined ? {} : { databaseUrl: options.databaseUrl }),
  };
  let lastError = '';
  let wasReady = false;
  return new Part({
    name: 'hub',
    command: process.execPath,
    args: [join(projectRoot, 'hub', 'main.ts'), ...(user === null ? [] : ['--user', `${user.uid}:${user.gid}`]), '--config', JSON.stringify(config)],
    onStdout: (stream) => {
      createInterface({ input: stream }).on('line', (line) => {
        const said = JSON.parse(line) as HubReady & { event: string };
        if (said.event !== 'ready') return;
        wasReady = true;
        options.onReady(said);
      });
    },
    onStderr: (stream) =>
      followLog(stream, join(state.root, 'log'), 'hub', (line) => {
        if (line.level === 'error') lastError = String(line['error'] ?? line.message);
        // on the first start that is said once, with what to do about it, when it is given up
        if (wasReady || line.message !== 'the hub did not start') options.onLine(line);
      }),
    onEnded: ({ code, signal, times }) => {
      if (!wasReady && (code === 1 || times >= 3)) {
        options.onGivenUp(lastError || `it ended with ${signal ?? code}`);
        return null;
      }
      options.onLine({ level: 'error', message: `the hub ended (${signal ?? code}); it is started again` });
      return Math.min(30_000, 250 * 2 ** Math.min(times, 7));
    },
  });
}

/** The first person's password is shown once, then it is only in the person's hands. */
export function takeFirstSignIn(state: StateDirectory): { user: string; password: string } | null {
  const path = join(state.hub, 'first-start.json');
  if (!existsSync(path)) return null;
  const { user, password } = JSON.parse(readFileSync(path, 'utf8')) as { user: string; password: string };
  rmSync(path);
  return { user, password };
}

export function localJoinToken(state: StateDirectory): string {
  return (JSON.parse(readFileSync(join(state.hub, 'local-join.json'), 'utf8')) as { token: string }).token;
}
