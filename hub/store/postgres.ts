/**
 * Runs the embedded PostgreSQL: initdb once, start, notice its end, stop. It listens on a Unix socket in a directory
 * that only its user may enter (mode 0700), and on no TCP port, so that directory is the authentication. PostgreSQL
 * refuses root: a hub that runs as root must name the user to run it as. A server that outlived a killed hub is
 * stopped before a new one starts, since nobody would notice its end; a pid file whose process is gone or is another
 * program is removed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import type { PostgresBinaries } from './postgres-binaries.ts';

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresOptions {
  /** Holds `data` and `socket`. */
  readonly directory: string;
  readonly binaries: PostgresBinaries;
  /** Needed when the hub runs as root; the server and its files belong to this user. */
  readonly user?: ServerUser | undefined;
  readonly sharedBuffersMegabytes?: number;
  /** Loses data at a power cut: tests only. */
  readonly unsafeFast?: boolean;
  readonly log?: (line: string) => void;
}

export interface RunningPostgres {
  readonly connection: { readonly host: string; readonly database: string; readonly user: string };
  readonly pid: number;
  /** Resolves when the server ends without having been asked to; says why. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

const role = 'vedette';
const startSecondsMax = 300;
const stopSecondsMax = 30;
const socketPathBytesMax = 107;

export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  if (process.getuid?.() === 0 && (options.user === undefined || options.user.uid === 0)) {
    throw new Error('PostgreSQL refuses to run as root: name an unprivileged user for it.');
  }
  const data = path.join(options.directory, 'data');
  const socket = path.join(options.directory, 'socket');
  if (Buffer.byteLength(path.join(socket, '.s.PGSQL.5432')) > socketPathBytesMax) {
    throw new Error(`The state directory's path is too long for a Unix socket (${socketPathBytesMax} bytes): ${options.directory}`);
  }
  await ownedDirectory(options.directory, options.user);
  await ownedDirectory(socket, options.user);
  await initialise(data, options);
  await endForeignServer(data);

  const server = spawn(path.join(options.binaries.directory, 'bin', 'postgres'), serverArguments(data, socket, options), {
    ...options.user,
    detached: true, // a terminal's Ctrl-C is for the hub, which stops the server after itself
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  const lastLines = collectLines(server, options.log);
  const ended = new Promise<string>((resolve) => {
    server.once('error', (error) => resolve(error.message));
    server.once('exit', (code, signal) => resolve(`PostgreSQL ended ${signal === null ? `with code ${code}` : `by ${signal}`}. ${lastLines.join(' | ')}`));
  });
  const connection = { host: socket, database: role, user: role };
  await untilReady(connection, ended);

  let stopping = false;
  const died = new Promise<string>((resolve) => {
    void ended.then((reason) => (stopping ? undefined : resolve(reason)));
  });
  return {
    connection,
    pid: server.pid ?? 0,
    died,
    async stop() {
      stopping = true;
      await stopServer(server, ended);
    },
  };
}

/** Refusals that belong to every start and stop: who asks too early is told so, and asks again. */
const usualWords = /^FATAL: +(the database system is (starting up|shutting down|not yet accepting connections)|terminating connection due to administrator command)/;

/** Whether a line of the server's log says that something is wrong. */
export function isTrouble(line: string): boolean {
  return /^(ERROR|FATAL|PANIC)/.test(line) && !usualWords.test(line);
}

function serverArguments(data: string, socket: string, options: PostgresOptions): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: socket,
    unix_socket_permissions: '0700',
    max_connections: '60',
    shared_buffers: `${options.sharedBuffersMegabytes ?? 128}MB`,
    jit: 'off',
    wal_compression: 'pglz',
    max_wal_size: '2GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    log_line_prefix: '',
    logging_collector: 'off',
    ...(options.unsafeFast === true ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function ownedDirectory(directory: string, user: ServerUser | undefined): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  if (user !== undefined && process.getuid?.() === 0) await chown(directory, user.uid, user.gid);
}

/** initdb works in a folder of its own that gets its name when it is done, so a cut-off first start leaves nothing half made. */
async function initialise(data: string, options: PostgresOptions): Promise<void> {
  const found = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const major = options.binaries.version.split('.')[0] ?? '';
  if (found !== undefined) {
    if (found.trim() !== major) throw new Error(`${data} was made by PostgreSQL ${found.trim()}, this is ${major}: dump it with the old version and restore it, or use a new state directory.`);
    return;
  }
  const unfinished = `${data}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await ownedDirectory(unfinished, options.user);
  const flags = ['-D', unfinished, '-U', role, '-A', 'trust', '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'];
  if (options.unsafeFast === true) flags.push('--no-sync');
  const initdb = spawn(path.join(options.binaries.directory, 'bin', 'initdb'), flags, {
    ...options.user,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  const lastLines = collectLines(initdb, undefined);
  const code = await new Promise<number | null>((resolve, reject) => {
    initdb.once('error', reject);
    initdb.once('close', resolve);
  });
  if (code !== 0) throw new Error(`initdb failed with code ${code}: ${lastLines.join(' | ')}`);
  await rename(unfinished, data);
}

function collectLines(child: ChildProcess, log: ((line: string) => void) | undefined): string[] {
  const last: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) {
      if (line.length === 0) continue;
      last.push(line.slice(0, 500));
      if (last.length > 12) last.shift();
      log?.(line.slice(0, 2000));
    }
  });
  return last;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the process is a PostgreSQL working in `data`: its working directory is the data directory. */
async function servesData(pid: number, data: string): Promise<boolean> {
  const real = await realpath(data);
  return readlink(`/proc/${pid}/cwd`).then((cwd) => cwd === real, () => false);
}

async function endForeignServer(data: string): Promise<void> {
  const pidFile = path.join(data, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return;
  const pid = Number(text.split('\n')[0]);
  if (Number.isSafeInteger(pid) && pid > 1 && (await servesData(pid, data))) {
    process.kill(pid, 'SIGINT');
    if (!(await gone(pid, stopSecondsMax))) {
      process.kill(pid, 'SIGQUIT');
      if (!(await gone(pid, stopSecondsMax))) throw new Error(`A PostgreSQL with process id ${pid} still uses ${data} and does not stop.`);
    }
  }
  await rm(pidFile, { force: true });
}

async function gone(pid: number, secondsMax: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < secondsMax * 1000; waitedMs += 50) {
    if (!isAlive(pid)) return true;
    await sleep(50);
  }
  return false;
}

/** Waits until it answers, and makes the database on the first start. */
async function untilReady(connection: RunningPostgres['connection'], ended: Promise<string>): Promise<void> {
  let end: string | undefined;
  void ended.then((reason) => (end = reason));
  const giveUpAt = Date.now() + startSecondsMax * 1000;
  for (;;) {
    if (end !== undefined) throw new Error(`PostgreSQL did not start. ${end}`);
    const client = new Client({ ...connection, database: 'postgres' });
    client.on('error', () => undefined); // a server that goes away while it starts is seen by `ended`
    try {
      await client.connect();
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [connection.database]);
      if (rowCount === 0) await client.query(`create database ${escapeIdentifier(connection.database)}`);
      return;
    } catch (error) {
      if (Date.now() > giveUpAt) throw new Error(`PostgreSQL did not answer within ${startSecondsMax} s.`, { cause: error });
      await sleep(40);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Fast shutdown: open transactions are rolled back, the data is flushed; after a bound, immediate shutdown. */
async function stopServer(server: ChildProcess, ended: Promise<string>): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGINT');
  const stopped = await Promise.race([ended.then(() => true), sleep(stopSecondsMax * 1000, false, { ref: false })]);
  if (!stopped) {
    server.kill('SIGQUIT');
    await ended;
  }
}
