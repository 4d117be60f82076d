/**
 * A new password for someone who cannot sign in, asked for on the hub's own host: who may write into the state directory
 * may do everything with this hub already. `vedette user reset-password` puts a request there; the hub takes it up,
 * and hands the password over once in a file that only its own user (and root) may read. Requests that are not of the
 * form are thrown away and said in the log.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { hashPassword, makePassword } from './api/passwords.ts';
import type { Log } from './log.ts';
import { writeSecretFile, type Owner } from './state.ts';
import { addAudit } from './store/access.ts';
import type { Database } from './store/database.ts';
import { lockPersonNamed, replacePassword } from './store/people.ts';

const requestName = /^reset-password-([0-9a-f]{32})\.json$/;
const answerName = /^new-password-[0-9a-f]{32}\.json$/;
const answerKeptMs = 300_000;
const requestsAtOnceMax = 10;
const Request = z.strictObject({ user: z.string().min(1).max(300) });

export async function answerPasswordResets(database: Database, place: { readonly stateDirectory: string; readonly owner: Owner | undefined }, log: Log, now: Date): Promise<void> {
  const all = await readdir(place.stateDirectory);
  for (const name of all.filter((one) => answerName.test(one))) await removeOld(path.join(place.stateDirectory, name), now);
  const names = all.filter((name) => requestName.test(name));
  for (const name of names.slice(0, requestsAtOnceMax)) {
    const file = path.join(place.stateDirectory, name);
    const request = Request.safeParse(await readJson(file));
    await rm(file, { force: true });
    if (!request.success) {
      log('warn', 'a request for a new password was not of the form', { file });
      continue;
    }
    const answer = await reset(database, request.data.user, now);
    await writeSecretFile(path.join(place.stateDirectory, name.replace('reset-password', 'new-password')), answer, place.owner);
    log('info', 'a password was asked for on this host', { user: request.data.user, made: 'password' in answer });
  }
}

/** Nobody has taken it: whoever asked is gone. */
async function removeOld(file: string, now: Date): Promise<void> {
  const madeAtMs = (await stat(file).catch(() => undefined))?.mtimeMs ?? now.getTime();
  if (now.getTime() - madeAtMs > answerKeptMs) await rm(file, { force: true });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(file, 'utf8')).slice(0, 10_000));
  } catch {
    return undefined;
  }
}

async function reset(database: Database, user: string, now: Date): Promise<{ readonly password: string; readonly disabled: boolean } | { readonly problem: string }> {
  const password = makePassword();
  const hash = await hashPassword(password);
  return database.transaction(async (db) => {
    const held = await lockPersonNamed(db, user.replaceAll('\0', ''));
    if (held === undefined) return { problem: `There is no user ${user}.` };
    await replacePassword(db, held.id, hash);
    await addAudit(db, { actor: 'this hub', action: 'password.reset', object: `person:${held.name}`, change: 'password reset on the host of the hub; sessions ended', clusterId: null }, now);
    return { password, disabled: held.disabled };
  });
}
