/** Rows about people, sessions and the audit log as the contract shows them, and the log as CSV. Pure. */
import type { AuditView, OwnSessionView, PersonView } from '@vedette/model/api/access-views';
import type { PersonShape, SessionShape } from '../store/people.ts';
import type { AuditShape } from '../store/read-audit.ts';

export function personView(row: PersonShape): PersonView {
  return {
    id: String(row.id), name: row.name, grants: row.grants, createdAt: row.created_at.toISOString(), disabledAt: row.disabled_at?.toISOString() ?? null, lastUsedAt: row.used_at?.toISOString() ?? null,
    sessions: row.sessions, tokens: row.tokens,
  };
}

export function ownSessionView(row: SessionShape): OwnSessionView {
  return { id: row.id, startedAt: row.created_at.toISOString(), usedAt: row.used_at.toISOString(), expiresAt: row.expires_at.toISOString(), address: row.address, agent: row.agent, current: row.current };
}

export function auditView(row: AuditShape): AuditView {
  return {
    id: String(row.id), at: row.at.toISOString(), actor: row.actor, action: row.action, object: row.object, change: row.change, cluster: row.cluster_name, namespace: row.namespace,
    detail: Object.keys(row.detail).length === 0 ? null : JSON.stringify(row.detail),
  };
}

const columns = ['id', 'at', 'actor', 'action', 'object', 'change', 'cluster', 'namespace', 'detail'] as const satisfies readonly (keyof AuditView)[];

/** A cell that a spreadsheet would take for a formula is quoted with an apostrophe: names of others stand in it. */
function cell(value: string | null): string {
  const text = value ?? '';
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180. `cut`: that there are more rows is said in the last one, never silently. */
export function auditCsv(rows: readonly AuditView[], cut: boolean): string {
  const lines = [columns.join(','), ...rows.map((row) => columns.map((column) => cell(row[column])).join(','))];
  if (cut) lines.push(cell(`There are more rows than ${rows.length}: ask for the time before the last of these.`));
  return `${lines.join('\r\n')}\r\n`;
}
