/**
 * The user that an image's configuration names → whether it is root, by the image's own /etc/passwd as runtimes ask it: empty
 * is root, digits are a number, a name is looked up. A name that is not there is an error at start, so nobody's number.
 */
import { type FileTree, hasFailed, quoted, sentenceOf } from './tree.ts';

export const passwdPath = '/etc/passwd';
const bytesMax = 4 * 2 ** 20;

export type RootAnswer = { readonly isRoot: boolean } | { readonly unknown: string };

export function isRootUser(tree: FileTree, user: string): RootAnswer {
  const name = user.split(':')[0]!.trim();
  if (name === '') return { isRoot: true };
  const file = tree.read(passwdPath, bytesMax);
  const lines = hasFailed(file) ? [] : new TextDecoder().decode(file.bytes).split('\n');
  // Runtimes look for a line of that name first, also when it is all digits.
  for (const line of lines) {
    const [has, , id] = line.split(':');
    if (has === name && id !== undefined && /^\d+$/.test(id)) return { isRoot: Number(id) === 0 };
  }
  if (/^\d+$/.test(name)) return { isRoot: Number(name) === 0 };
  if (hasFailed(file) && file.failed !== 'absent') return { unknown: sentenceOf(file) };
  return { unknown: `the user ${quoted(name)} is not in the image's ${passwdPath}` };
}
