/**
 * The paths that a call was given, made absolute: a relative one behind the directory that the kernel says it begins at, then without
 * `.`, `..` and double slashes, and without the ways back to the same root that /proc offers. Links are not followed: what a path led
 * to is not known from its text.
 */
import type { CallEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';

const sameRoot = /^(?:\/proc\/(?:self|thread-self)\/root(?=\/|$))+/;

export function normalised(path: string): string {
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

/** One of the call's two paths, as it was when the call returned. */
export function pathOf(event: CallEvent, which: 0 | 1, execution: Execution): string {
  const text = event.texts[which];
  // these say where the process stands now: the kernel's own word, whatever links were on the way
  if ((event.callKind === 'chdir' || event.callKind === 'chroot') && event.result >= 0) return event.paths[0];
  if (text === '') return event.paths[which];
  return absolute(text, event.paths[which] || execution.workingDirectory);
}
