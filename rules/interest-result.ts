/**
 * A comparison of what a call returned → whether it failed or succeeded, which the kernel knows when it makes the record, and of calls on
 * sockets the exact error. Only of classes that report both: where only successes are, the comparison is decided before it comes here.
 */
import { classShapes, type EventClass } from './events.ts';
import type { Test } from './check/typed.ts';
import type { Specialised } from './specialise.ts';

export interface AskedResult {
  readonly outcome: 'failed' | 'succeeded';
  /** It says nothing beside that: where it does not hold, the other outcome does. */
  readonly exactly: boolean;
  /** The negative errno, where it asks for one that is known here. */
  readonly result: number | null;
}

/** Errors of calls on sockets that rules name. */
const errors: Readonly<Record<string, number>> = {
  EPERM: 1, EINTR: 4, EAGAIN: 11, EACCES: 13, EINVAL: 22, EADDRINUSE: 98, EADDRNOTAVAIL: 99, ENETDOWN: 100, ENETUNREACH: 101, ECONNRESET: 104, EISCONN: 106, ETIMEDOUT: 110,
  ECONNREFUSED: 111, EHOSTDOWN: 112, EHOSTUNREACH: 113, EALREADY: 114, EINPROGRESS: 115,
};

/** What holds if one of them does; null: nothing can be said. Empty: it never holds. */
export function askedResults(condition: Specialised, eventClass: EventClass): readonly AskedResult[] | null {
  if (condition.kind !== 'test' || classShapes[eventClass].outcome !== 'returned' || eventClass === 'openFailed') return null;
  const { read, test } = condition;
  if (read.kind !== 'field' || read.sources.length !== 1 || read.operand.transforms.length > 0) return null;
  const [source] = read.sources;
  if (source?.kind !== 'supplied') return null;
  if (source.name === 'evt.rawres') return source.by.length === 0 ? ofNumber(test) : source.by.length === 1 && source.by[0] === 'is-negative' ? ofFlag(test) : null;
  return source.name === 'evt.res' && source.by.length === 0 ? ofText(test) : null;
}

const failed: AskedResult = { outcome: 'failed', exactly: true, result: null };
const succeeded: AskedResult = { outcome: 'succeeded', exactly: true, result: null };

function ofFlag(test: Test): readonly AskedResult[] | null {
  if (test.on !== 'boolean' || test.values.length !== 1) return null;
  return [test.values[0] === (test.operator === '=') ? failed : succeeded];
}

function ofText(test: Test): readonly AskedResult[] | null {
  if (test.on === 'text-set') return test.values.map(named);
  if (test.on !== 'text' || test.comparisons.length !== 1) return null;
  const [one] = test.comparisons;
  if (one?.operator === '=') return [named(one.value)];
  return one?.operator === '!=' && one.value === 'SUCCESS' ? [failed] : null;
}

function named(name: string): AskedResult {
  if (name === 'SUCCESS') return succeeded;
  const number = errors[name];
  return { outcome: 'failed', exactly: false, result: number === undefined ? null : -number };
}

function ofNumber(test: Test): readonly AskedResult[] | null {
  if (test.on !== 'number') return null;
  const { operator, values, count } = test;
  const [value] = values;
  if (value === undefined || values.length > 1) return operator === '=' && count !== 'all' ? values.map(equal) : null;
  switch (operator) {
    case '=':
      return [equal(value)];
    case '<':
      return value <= 0 ? [{ ...failed, exactly: value === 0 }] : null;
    case '<=':
      return value < 0 ? [{ ...failed, exactly: value === -1 }] : null;
    case '>':
      return value >= -1 ? [{ ...succeeded, exactly: value === -1 }] : null;
    case '>=':
      return value >= 0 ? [{ ...succeeded, exactly: value === 0 }] : null;
    case '!=':
      return null;
    default:
      return operator satisfies never;
  }
}

function equal(value: number): AskedResult {
  return value < 0 ? { outcome: 'failed', exactly: false, result: value } : { outcome: 'succeeded', exactly: false, result: null };
}
