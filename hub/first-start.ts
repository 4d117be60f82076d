/**
 * What only the first start does, and what every start brings up to date: the first person with a password made here
 * and handed over once, the shipped policies and rules. A policy that a person has edited or removed stays as it is.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { addPerson, countPeople } from './store/access.ts';
import { hashPassword, makePassword } from './api/passwords.ts';
import type { PolicyReader } from './api/doors.ts';
import type { Log } from './log.ts';
import { writeSecretFile, type Content, type Owner } from './state.ts';
import type { Database } from './store/database.ts';
import { lockPolicy, putPolicy, replaceRuleFiles, wasRemoved } from './store/policies.ts';

export const firstStartFile = 'first-start.json';
const firstUser = 'admin';

const givenLengthMin = 12;

async function givenPassword(file: string): Promise<string> {
  const password = (await readFile(file, 'utf8')).trim();
  if (password.length < givenLengthMin) throw new Error(`The password in ${file} is shorter than ${givenLengthMin} characters: give a longer one, or none to have one made.`);
  return password;
}

/** The file is written before the person exists, so that a start that is cut off never leaves a person nobody knows the password of. */
export async function makeFirstPerson(
  database: Database,
  place: { stateDirectory: string; owner: Owner | undefined; url: string; passwordFile: string | undefined },
  now: Date,
): Promise<{ user: string; password: string } | undefined> {
  if ((await countPeople(database)) > 0) return undefined;
  const password = place.passwordFile === undefined ? makePassword() : await givenPassword(place.passwordFile);
  if (place.passwordFile === undefined) await writeSecretFile(path.join(place.stateDirectory, firstStartFile), { url: place.url, user: firstUser, password, madeAt: now.toISOString() }, place.owner);
  await addPerson(database, { name: firstUser, grants: [{ role: 'admin', place: 'all' }], passwordHash: await hashPassword(password) }, now);
  return { user: firstUser, password };
}

export async function seedContent(database: Database, content: Content, read: PolicyReader, log: Log, now: Date): Promise<void> {
  for (const file of content.policies) {
    const result = read(file.content);
    if ('problems' in result) {
      log('error', 'a shipped policy cannot be used', { file: file.name, problems: result.problems });
      continue;
    }
    await database.transaction(async (db) => {
      const held = await lockPolicy(db, result.policy.name);
      if (held === undefined && (await wasRemoved(db, result.policy.name))) return;
      if (held !== undefined && (held.edited || held.yaml === file.content)) return;
      // A newer text does not switch the mode that people chose.
      const mode = held === undefined ? result.policy.mode : (held.mode as typeof result.policy.mode);
      await putPolicy(db, { ...result.policy, mode, yaml: file.content }, { actor: 'Vedette', shipped: true }, now);
    });
  }
  const changed = await database.transaction((db) => replaceRuleFiles(db, content.rules));
  if (changed) log('info', 'the rules were brought up to date', { files: content.rules.length });
}
