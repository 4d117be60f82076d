/** An exception as the store has it → the object that policies are judged with, and its state in words for people. Pure; time is an argument. */
import type { ExceptionState, ExceptionView } from '@vedette/model/api/checks';
import type { Exception } from '@vedette/model/exception';
import { endOf, whyNotCounted } from '@vedette/policy/exceptions';
import type { ExceptionShape } from '../store/exceptions.ts';

/** So long before its end an exception is shown as expiring: enough time to renew it or to mend what it is for. */
const expiringDays = 14;

export function exceptionOf(row: ExceptionShape): Exception {
  const { approved_by: by, approved_at: at, approval_reference: reference } = row;
  return {
    apiVersion: 'vedette.dev/v1alpha1',
    kind: 'Exception',
    metadata: { name: row.name },
    spec: { ...row.spec, ...(by === null || at === null ? {} : { approval: { by, at: at.toISOString(), ...(reference === null ? {} : { reference }) } }) },
  };
}

export function exceptionView(row: ExceptionShape, now: Date): ExceptionView {
  const { approved_by: by, approved_at: at, ended_by: endedBy, ended_at: endedAt } = row;
  const exception = exceptionOf(row);
  return {
    name: row.name,
    state: stateOf(row, exception, now),
    stateReason: endedAt === null ? whyNotCounted(exception, now.getTime()) : 'it was ended',
    spec: row.spec,
    yaml: yamlOf(row),
    author: row.author,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    approval: by === null || at === null ? null : { by, at: at.toISOString(), reference: row.approval_reference },
    ended: endedBy === null || endedAt === null ? null : { by: endedBy, at: endedAt.toISOString() },
  };
}

function stateOf(row: ExceptionShape, { spec }: Exception, now: Date): ExceptionState {
  if (row.ended_at !== null) return 'ended';
  const leftMs = endOf(spec.expiresAt) - now.getTime();
  // No time that exists has not come either: it does not count.
  if (!(leftMs >= 0)) return 'expired';
  if (row.approved_by === null) return 'unapproved';
  return leftMs < expiringDays * 86_400_000 ? 'expiring' : 'active';
}

/** JSON's own forms are YAML, so every text is safe in quotes. */
function yamlOf({ name, spec }: ExceptionShape): string {
  const list = (values: readonly string[]): string => `[${values.map((one) => JSON.stringify(one)).join(', ')}]`;
  const scope = Object.entries(spec.scope).flatMap(([key, values]) => (values === undefined ? [] : [`    ${key}: ${list(values)}`]));
  return [
    'apiVersion: vedette.dev/v1alpha1',
    'kind: Exception',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    '  scope:',
    ...scope,
    `  reason: ${JSON.stringify(spec.reason)}`,
    `  owner: ${JSON.stringify(spec.owner)}`,
    `  expiresAt: ${JSON.stringify(spec.expiresAt)}`,
    '',
  ].join('\n');
}
