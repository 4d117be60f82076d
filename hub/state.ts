/**
 * The state directory and the user it belongs to. Everything that lies in the checkout is read or copied before
 * privileges are dropped; afterwards the hub owns its state directory and nothing else. First-start secrets are handed
 * over in files that only the owner may read, because standard output may be a journal that others read.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export async function ownDirectory(directory: string, owner: Owner | undefined, mode = 0o700): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, mode);
  if (owner !== undefined && process.getuid?.() === 0) await chown(directory, owner.uid, owner.gid);
}

/** Irreversible: the groups first, since setting them needs the right that setuid gives away. */
export function dropPrivileges(owner: Owner): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  if (process.getuid?.() !== owner.uid || process.geteuid?.() !== owner.uid || process.getgroups?.().some((group) => group !== owner.gid) === true) {
    throw new Error('Privileges could not be dropped.');
  }
}

export async function writeSecretFile(file: string, content: unknown, owner: Owner | undefined): Promise<void> {
  await writeTextFile(file, `${JSON.stringify(content)}\n`, owner);
}

/** Appears whole or not at all, readable by its owner alone. */
export async function writeTextFile(file: string, content: string, owner: Owner | undefined): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(partial, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    if (owner !== undefined && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file).catch(async (error: unknown) => {
    await rm(partial, { force: true });
    throw error;
  });
}

export interface ContentFile {
  readonly name: string;
  readonly content: string;
}

export interface Content {
  readonly policies: readonly ContentFile[];
  readonly rules: readonly ContentFile[];
  readonly playbooks: readonly ContentFile[];
  readonly controls: readonly ContentFile[];
}

const contentFilesMax = 2000;

async function yamlBelow(directory: string, recursive: boolean): Promise<ContentFile[]> {
  const entries = await readdir(directory, { recursive, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name) && !/\.test\.ya?ml$/.test(entry.name))
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
  if (names.length > contentFilesMax) throw new Error(`${directory} has more than ${contentFilesMax} files`);
  return Promise.all(names.map(async (name) => ({ name: name.split(path.sep).join('/'), content: await readFile(path.join(directory, name), 'utf8') })));
}

/** Shipped policies, rules and controls; a directory that is not there has none. */
export async function readContent(directory: string | undefined): Promise<Content> {
  if (directory === undefined) return { policies: [], rules: [], playbooks: [], controls: [] };
  const below = (name: string): Promise<ContentFile[]> => yamlBelow(path.join(directory, name), true);
  return { policies: await below('policies'), rules: await below('rules'), playbooks: await below('playbooks'), controls: await below('controls') };
}
