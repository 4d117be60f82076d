/** Rule files from disk: files as named, of a directory every .yaml and .yml file below it in the order of names; - is standard input. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileCharactersMax } from '@vedette/rules/load/document';
import type { RuleFile } from '@vedette/rules/load/read-items';

/** Said in a sentence, exit code 2. */
export class Unusable extends Error {}

const filesMax = 2000;
/** A character is at most four bytes. */
const fileBytesMax = 4 * fileCharactersMax;

export function readText(path: string): string {
  try {
    if (path !== '-' && statSync(path).size > fileBytesMax) throw new Unusable(`${path} is larger than ${fileBytesMax >> 20} MiB.`);
    return readFileSync(path === '-' ? 0 : path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof Unusable || !(error instanceof Error) || !('code' in error)) throw error;
    throw new Unusable(error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${String(error.code)}).`);
  }
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function exists(path: string): boolean {
  return path === '-' || statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Names of files below a directory, in order; a file stands for itself. */
export function filesBelow(path: string, wanted: (name: string) => boolean): readonly string[] {
  if (!isDirectory(path)) return [path];
  const found = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => wanted(name)).sort().map((name) => join(path, name));
  if (found.length > filesMax) throw new Unusable(`${path} holds ${found.length} such files; at most ${filesMax} are read.`);
  return found;
}

export function isRuleFile(name: string): boolean {
  return /\.ya?ml$/.test(name) && !isTestFile(name);
}

export function isTestFile(name: string): boolean {
  return /\.test\.ya?ml$/.test(name);
}

export function readRuleFiles(paths: readonly string[]): readonly RuleFile[] {
  const names = paths.flatMap((path) => filesBelow(path, isRuleFile));
  if (names.length === 0) throw new Unusable(`There is no rule file (.yaml) in ${paths.join(', ')}.`);
  return names.map((name) => ({ name, text: readText(name) }));
}
