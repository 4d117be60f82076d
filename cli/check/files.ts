/**
 * Policies and exceptions from files and folders → what the check goes by; the advisory store by its path. What cannot be used is one
 * sentence with file, line and what to do (`CannotCheck`, exit code 2): a gate that skips a broken policy is open.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openStore } from '@vedette/advisories/store';
import type { Advisories } from '@vedette/image/gather';
import type { Exception } from '@vedette/model/exception';
import type { CheckedPolicy } from '@vedette/policy/check';
import { parseExceptions, parsePolicies, type PolicyProblem } from '@vedette/policy/parse';
import { stateDirectory } from '../state-directory.ts';

/** The check itself cannot run: a sentence, exit code 2. */
export class CannotCheck extends Error {}

export function readPolicies(paths: readonly string[]): readonly CheckedPolicy[] {
  const read = paths.flatMap(filesOf).map((path) => ({ path, ...parsePolicies(path, textOf(path)) }));
  refuse(read.flatMap((one) => one.problems));
  const policies = read.flatMap((one) => one.policies);
  if (paths.length > 0 && policies.length === 0) throw new CannotCheck(`there is no policy in ${paths.join(', ')}`);
  refuseTwice('policies', policies.map((one) => one.policy.metadata.name));
  return policies;
}

export function readExceptions(paths: readonly string[]): readonly Exception[] {
  const read = paths.flatMap(filesOf).map((path) => parseExceptions(path, textOf(path)));
  refuse(read.flatMap((one) => one.problems));
  const exceptions = read.flatMap((one) => one.exceptions);
  refuseTwice('exceptions', exceptions.map((one) => one.metadata.name));
  return exceptions;
}

/** A store that somebody named must be there; the one of this machine may be missing, and then what it would say is unknown. */
export function openAdvisories(given: string | null): Advisories {
  const named = given ?? join(stateDirectory().hub, 'advisories');
  // the directory that holds it is what a person finds first
  const path = statSync(named, { throwIfNoEntry: false })?.isDirectory() === true ? join(named, 'store.sqlite') : named;
  const before = soundBefore();
  const store = openStore(path, before);
  if (!('problem' in store)) {
    if (store.fingerprint !== before) rememberSound(store.fingerprint);
    return { store, reason: '' };
  }
  if (given !== null) throw new CannotCheck(`${path}: ${store.sentence}`);
  return { store: null, reason: store.problem === 'absent' ? 'no advisory store is here, and none was named with --advisories' : `${path}: ${store.sentence}` };
}

/** Reading a large store through takes longer than everything else; the same file is read through once. */
function soundPath(): string {
  return join(stateDirectory().root, 'check', 'store-found-whole');
}

function soundBefore(): string | null {
  try {
    return readFileSync(soundPath(), 'utf8').slice(0, 200);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return null;
  }
}

function rememberSound(fingerprint: string): void {
  try {
    mkdirSync(dirname(soundPath()), { recursive: true, mode: 0o700 });
    writeFileSync(soundPath(), fingerprint, { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
  }
}

const problemsShown = 20;

export function refuse(problems: readonly PolicyProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.slice(0, problemsShown).map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}. ${one.advice}`);
  throw new CannotCheck([...lines, ...(problems.length > problemsShown ? [`and ${problems.length - problemsShown} more`] : [])].join('\n'));
}

export function refuseTwice(what: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new CannotCheck(`two ${what} are called ${twice}`);
}

function filesOf(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new CannotCheck(`there is no file ${path}`);
  if (!found.isDirectory()) return [path];
  const files = readdirSync(path).filter((one) => /\.ya?ml$/.test(one)).sort();
  if (files.length === 0) throw new CannotCheck(`there is no .yaml file in ${path}`);
  return files.map((one) => join(path, one));
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotCheck(`${path} cannot be read (${String(error.code)})`);
  }
}
