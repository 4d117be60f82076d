/**
 * Exceptions from policies: made, approved by another person than the author, ended. Who writes a text cannot approve it, neither in the
 * text nor by a token; a text that changes must be approved again. Every change has an audit row in its own transaction.
 */
import { Problem } from '@vedette/model/problem';
import { parseExceptions } from '@vedette/policy/parse';
import { endOf } from '@vedette/policy/exceptions';
import { addAudit } from '../store/access.ts';
import { approveException, endException, exceptionNamed, listExceptions, lockException, putException } from '../store/exceptions.ts';
import { requireWholeHub } from './caller.ts';
import type { Doors, Handlers } from './doors.ts';
import { exceptionView } from './exception-view.ts';

export function exceptionHandlers(doors: Doors): Handlers<'listExceptions' | 'putException' | 'approveException' | 'endException'> {
  const { database, now } = doors;
  const shown = async (name: string): ReturnType<Handlers<'putException'>['putException']> => {
    const row = await exceptionNamed(database, name);
    if (row === undefined) throw new Problem('not-found');
    return exceptionView(row, now());
  };
  return {
    listExceptions: async ({ query }) => ({ items: (await listExceptions(database, query.ended === 'include')).map((row) => exceptionView(row, now())) }),
    async putException({ caller, params, body }) {
      requireWholeHub(caller);
      const spec = specIn(body.yaml, params.name, now());
      await database.transaction(async (db) => {
        const held = await lockException(db, params.name);
        await putException(db, { name: params.name, spec }, caller.name, now());
        const change = `exception ${params.name} ${held === undefined ? `made, ${exceptedWords(spec)}` : held.approved_by === null ? 'written anew' : 'written anew; its approval is void'}`;
        await addAudit(db, { actor: caller.name, action: 'exception.put', object: `exception:${params.name}`, change, clusterId: null, detail: { before: held?.spec ?? null, after: spec } }, now());
      });
      doors.changed(['exceptions'], null);
      return shown(params.name);
    },
    async approveException({ caller, params, body }) {
      requireWholeHub(caller);
      if (caller.by.kind !== 'session') throw new Problem('forbidden', 'An exception is approved by a person who is signed in, not by a token.');
      await database.transaction(async (db) => {
        const held = await lockException(db, params.name);
        if (held === undefined) throw new Problem('not-found');
        if (held.updated_at.toISOString() !== body.updatedAt) throw new Problem('conflict');
        if (held.author === caller.name) throw new Problem('forbidden', 'You wrote this exception: another person must approve it.');
        if (held.approved_by !== null) return;
        await approveException(db, held.id, { by: caller.name, reference: body.reference?.replaceAll('\0', '') ?? null }, now());
        await addAudit(db, { actor: caller.name, action: 'exception.approve', object: `exception:${params.name}`, change: `exception ${params.name} approved, written by ${held.author}`, clusterId: null, detail: { spec: held.spec, reference: body.reference ?? null } }, now());
      });
      doors.changed(['exceptions'], null);
      return shown(params.name);
    },
    async endException({ caller, params }) {
      requireWholeHub(caller);
      await database.transaction(async (db) => {
        const held = await lockException(db, params.name);
        if (held === undefined) throw new Problem('not-found');
        await endException(db, held.id, caller.name, now());
        await addAudit(db, { actor: caller.name, action: 'exception.end', object: `exception:${params.name}`, change: `exception ${params.name} ended`, clusterId: null, detail: { before: held.spec } }, now());
      });
      doors.changed(['exceptions'], null);
      return null;
    },
  };
}

/** What it accepts and until when: a row of the audit log is read without opening it. */
function exceptedWords({ scope, expiresAt }: ReturnType<typeof specIn>): string {
  return `from ${[...(scope.policies ?? []), ...(scope.controls ?? [])].join(', ')} until ${expiresAt}`.slice(0, 300);
}

function specIn(yaml: string, name: string, now: Date): Omit<ReturnType<typeof parseExceptions>['exceptions'][number]['spec'], 'approval'> {
  const { exceptions, problems } = parseExceptions('exception', yaml);
  const places = problems.slice(0, 10).map(({ line, column, message, advice }) => ({ line, column, message, advice }));
  const [first] = problems;
  if (first !== undefined) throw new Problem('exception-invalid', `Line ${first.line}: ${first.message}. ${first.advice}`, places);
  const [one, second] = exceptions;
  if (one === undefined) throw new Problem('exception-invalid', 'The text holds no exception.');
  if (second !== undefined) throw new Problem('exception-invalid', 'The text holds more than one exception.');
  if (one.metadata.name !== name) throw new Problem('exception-invalid', `metadata.name is ${one.metadata.name}, the address says ${name}.`);
  const { approval, ...spec } = one.spec;
  if (approval !== undefined) throw new Problem('exception-invalid', 'An approval in the text does not count here: another person approves it in the hub. Remove spec.approval.');
  const end = endOf(spec.expiresAt);
  if (Number.isNaN(end)) throw new Problem('exception-invalid', `expiresAt is no time that exists (${spec.expiresAt}).`);
  if (end < now.getTime()) throw new Problem('exception-invalid', `expiresAt lies in the past (${spec.expiresAt}).`);
  if (JSON.stringify(spec).includes('\\u0000')) throw new Problem('exception-invalid', 'The text holds a NUL character.');
  return spec;
}
