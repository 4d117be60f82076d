/**
 * `vedette user reset-password`: a new password for who cannot sign in, on the hub's own host. The running hub does it:
 * a request is laid into its state directory, which only it and root can reach, and its answer is read and removed.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stateDirectory } from '../state-directory.ts';
import { complain, say, UsageError, type CliCommand } from './command.ts';

const answeredWithinMs = 20_000;
const lookEveryMs = 100;

type HubAnswer = { readonly password: string; readonly disabled: boolean } | { readonly problem: string };

/** The hub's answer; undefined when none came in time. `hubState` must be there. */
export async function askForPassword(hubState: string, user: string, withinMs = answeredWithinMs): Promise<HubAnswer | undefined> {
  const id = randomBytes(16).toString('hex');
  const request = join(hubState, `reset-password-${id}.json`);
  const answer = join(hubState, `new-password-${id}.json`);
  // Readable by the hub's user; it holds no secret.
  writeFileSync(`${request}.part`, JSON.stringify({ user }), { flag: 'wx', mode: 0o644 });
  renameSync(`${request}.part`, request);
  try {
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += lookEveryMs) {
      if (existsSync(answer)) return JSON.parse(readFileSync(answer, 'utf8')) as HubAnswer;
      await wait(lookEveryMs);
    }
    return undefined;
  } finally {
    rmSync(request, { force: true });
    rmSync(answer, { force: true });
  }
}

export const user: CliCommand = {
  name: 'user',
  summary: 'Make a new password for someone who cannot sign in',
  usage: 'vedette user reset-password NAME',
  details: `  NAME   as it is written on the sign-in page; the first administrator is called admin
  Run it on the host of the hub, as root or as who started the hub, while the hub runs. All
  sessions of the person end, and the audit log says that it was done here. Other changes of
  people are made in the console under Settings → Users.`,
  examples: ['vedette user reset-password admin'],
  async run(args) {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true, strict: true });
    const [act, name, ...more] = positionals;
    if (act !== 'reset-password' || name === undefined || more.length > 0) throw new UsageError('say reset-password and one name');
    const state = stateDirectory();
    if (!existsSync(state.hub)) {
      complain(`There is no hub in ${state.root}. Run this on the host of the hub, as root or as who started it, or say where its state is with VEDETTE_STATE.`);
      return 2;
    }
    const answer = await askForPassword(state.hub, name);
    if (answer === undefined) {
      complain(`The hub of ${state.root} did not answer within ${answeredWithinMs / 1000} seconds. Nothing has been changed; start the hub (vedette up) and try again.`);
      return 2;
    }
    if ('problem' in answer) {
      complain(answer.problem);
      return 1;
    }
    say(`New password of ${name}, shown only now:\n\n  ${answer.password}\n\nAll sessions of ${name} have ended.${answer.disabled ? ' The person is disabled and cannot sign in until an administrator enables them.' : ''}`);
    return 0;
  },
};
