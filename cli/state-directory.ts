/**
 * Where Vedette keeps what it knows: /var/lib/vedette as root, the user's state directory otherwise (XDG), or where
 * VEDETTE_STATE says. Never in the clone. Each part owns one folder below it; what is built from sources lies in `build`,
 * or in VEDETTE_BUILD, which several state directories may share.
 */
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export interface StateDirectory {
  readonly root: string;
  readonly build: string;
  readonly hub: string;
  readonly sensor: string;
}

export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
}

export const isRoot = process.getuid?.() === 0;

export function stateDirectory(): StateDirectory {
  const given = process.env['VEDETTE_STATE'];
  const root = given ?? (isRoot ? '/var/lib/vedette' : join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'vedette'));
  return { root, build: process.env['VEDETTE_BUILD'] ?? join(root, 'build'), hub: join(root, 'hub'), sensor: join(root, 'sensor') };
}

/** The system user that a part runs as; null without root, where everything runs as the caller. */
export function serviceUser(name: 'vedette-hub' | 'vedette-sensor'): ServiceUser | null {
  if (!isRoot) return null;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((one) => one.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(`the system user ${name} does not exist; "npm start" makes it, or: useradd --system --shell /usr/sbin/nologin ${name}`);
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** Makes a folder that belongs to one part alone. */
export function ownFolder(path: string, owner: ServiceUser | null): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o700);
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
}

/** The folder that holds the others: others may pass through it, since parts run as users of their own. */
export function prepareRoot(state: StateDirectory): void {
  mkdirSync(state.root, { recursive: true });
  mkdirSync(state.build, { recursive: true });
  chmodSync(state.root, 0o755);
  chmodSync(state.build, 0o755);
  if (!isRoot) return;
  for (let path = dirname(state.root); path !== '/'; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) !== 0) continue;
    throw new Error(`the users that hub and sensor run as cannot enter ${path}, so they cannot reach their state in ${state.root}: choose another place (VEDETTE_STATE), or chmod o+x ${path}`);
  }
}
