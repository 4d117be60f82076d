/**
 * The paths that a call was given, made absolute: a relative one behind the directory that the kernel says it begins at, then without
 * `.`, `..` and double slashes, and without the ways back to the same root, directory or descriptor that /proc offers. Links are not
 * followed: what those that were seen being made lead to, path-aliases.ts knows.
 */
import type { CallEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';

/** The kernel says where the process's own descriptors lead; the program beside it knows the same beginnings (call.bpf.h). */
const ownDescriptor = /^(?:\/proc\/self\/fd|\/dev\/fd|\/proc\/thread-self\/fd)\/\d{1,6}(?=\/|$)/;
const ownDirectory = /^\/proc\/(?:self|thread-self)\/cwd(?=\/|$)/;
const slash = 0x2f;
const sameRoot = /^(?:\/proc\/(?:self|thread-self)\/root(?=\/|$))+/;

export function normalised(path: string): string {
  return isNormal(path) ? path : taken(path);
}

/** Nearly all are: there is nothing to take out. What lies below /proc may be a way back to the root. */
function isNormal(path: string): boolean {
  if (path.charCodeAt(0) !== slash) return false;
  if (path.length === 1) return true;
  return path.charCodeAt(path.length - 1) !== slash && !path.includes('//') && !path.includes('/.') && !path.startsWith('/proc/');
}

function taken(path: string): string {
  const kept: string[] = [];
  for (const one of path.split('/')) {
    if (one === '' || one === '.') continue;
    if (one === '..') kept.pop();
    else kept.push(one);
  }
  const whole = `/${kept.join('/')}`;
  return whole.replace(sameRoot, '') || '/';
}

/** An empty one stays empty: it names nothing, or the descriptor itself. */
export function absolute(path: string, base: string): string {
  if (path === '') return '';
  if (path.startsWith('/')) return normalised(path);
  return base === '' ? path : normalised(`${base}/${path}`);
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

const textBytesMax = 511;

/** Of a text that was too long the end is there: from its first whole name on, as if it began at the root. */
function wholeText(event: CallEvent, which: 0 | 1): string {
  const text = event.texts[which];
  if (!event.textTruncated || Buffer.byteLength(text) < textBytesMax) return text;
  return text.slice(Math.max(0, text.indexOf('/')));
}

interface LastPath {
  event: CallEvent | null;
  workingDirectory: string;
  path: string;
}
/** Of the event that was asked about last: rules read a path many times. */
const lastPaths: readonly [LastPath, LastPath] = [{ event: null, workingDirectory: '', path: '' }, { event: null, workingDirectory: '', path: '' }];

/** One of the call's two paths, as it was when the call returned. */
export function pathOf(event: CallEvent, which: 0 | 1, execution: Execution): string {
  const last = lastPaths[which];
  const { workingDirectory } = execution;
  if (last.event === event && last.workingDirectory === workingDirectory) return last.path;
  last.path = foundPath(event, which, execution);
  last.event = event;
  last.workingDirectory = workingDirectory;
  return last.path;
}

function foundPath(event: CallEvent, which: 0 | 1, execution: Execution): string {
  const text = wholeText(event, which);
  // these say where the process stands now: the kernel's own word, whatever links were on the way
  if ((event.callKind === 'chdir' || event.callKind === 'chroot') && event.result >= 0) return event.paths[0];
  if (text === '') return event.paths[which];
  if (event.paths[which] !== '' && ownDescriptor.test(text)) return normalised(text.replace(ownDescriptor, event.paths[which]));
  const whole = normalised(text);
  if (text.startsWith('/') && ownDirectory.test(whole) && execution.workingDirectory !== '') return normalised(whole.replace(ownDirectory, execution.workingDirectory));
  return absolute(text, event.paths[which] || execution.workingDirectory);
}
