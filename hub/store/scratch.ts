/**
 * A real PostgreSQL for one test file: own state directory, own socket, migrated, thrown away afterwards. As root it
 * runs as `nobody`, because PostgreSQL refuses root. It does not flush to disk; nothing outlives the test. A run of all
 * tests (`VEDETTE_TEST_RUN`, its directory, in memory where it can be) makes an empty server's data once and copies it for each file.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkRows, openDatabase, type Database } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import { tendPartitions } from './partitions.ts';
import { copyBinaries } from './postgres-binaries.ts';
import { startPostgres, type RunningPostgres, type ServerUser } from './postgres.ts';

export interface Scratch {
  readonly directory: string;
  readonly postgres: RunningPostgres;
  readonly database: Database;
  end(): Promise<void>;
}

export const scratchUser: ServerUser | undefined = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;

/** Shared by all test files: the binaries are read-only and many. */
export const scratchBinaries: string = path.join(os.tmpdir(), `vedette-scratch-${process.getuid?.() ?? 0}`);

export async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(process.env['VEDETTE_TEST_RUN'] ?? os.tmpdir(), 'vedette-'));
  await chmod(directory, 0o755);
  return directory;
}

/** Puts an empty server's data where `startPostgres` looks for it, when this run has such data to copy; otherwise that makes its own. */
export async function giveEmptyServer(directory: string): Promise<void> {
  const run = process.env['VEDETTE_TEST_RUN'];
  if (run === undefined) return;
  const data = path.join(run, 'postgres-data');
  if (!(await exists(data))) await makeEmptyServer(run, data);
  await mkdir(directory, { recursive: true });
  await promisify(execFile)('cp', ['-a', '--reflink=auto', data, path.join(directory, 'data')]);
}

/** Two files may begin at once: each makes its own, and the first to be done gives it its name. */
async function makeEmptyServer(run: string, data: string): Promise<void> {
  const directory = await mkdtemp(path.join(run, 'making-'));
  const postgres = await startPostgres({ directory, binaries: await copyBinaries(scratchBinaries), user: scratchUser, unsafeFast: true, sharedBuffersMegabytes: 64 });
  await postgres.stop();
  await rename(path.join(directory, 'data'), data).catch(async (error: NodeJS.ErrnoException) => {
    if (!(await exists(data))) throw error;
  });
  await rm(directory, { recursive: true, force: true });
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(() => true, () => false);
}

export async function scratchDatabase(now: Date = new Date()): Promise<Scratch> {
  const directory = await scratchDirectory();
  await giveEmptyServer(path.join(directory, 'postgres'));
  const postgres = await startPostgres({
    directory: path.join(directory, 'postgres'),
    binaries: await copyBinaries(scratchBinaries),
    user: scratchUser,
    unsafeFast: true,
    sharedBuffersMegabytes: 64,
  });
  // A test that ends without its `after` must not leave a server behind.
  const leftBehind = (): void => void process.kill(postgres.pid, 'SIGQUIT');
  process.once('exit', leftBehind);
  checkRows(true);
  const database = await openDatabase(postgres.connection);
  await migrate(database, await readMigrations());
  await tendPartitions(database, now, { event: 30, execution_hour: 90, flow: 30 });
  return {
    directory,
    postgres,
    database,
    async end() {
      process.off('exit', leftBehind);
      await database.close();
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
