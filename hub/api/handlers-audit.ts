/** The audit log: paged, and as CSV. */
import { z } from 'zod';
import { listAudit, type AuditFilter } from '../store/read-audit.ts';
import { auditCsv, auditView } from './access-views.ts';
import { cursorInteger, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const AuditCursor = z.tuple([cursorInteger]);
const exportedMax = 50_000;

type Query = Parameters<Handlers<'exportAudit'>['exportAudit']>[0]['query'];

function filterOf(query: Query): AuditFilter {
  const { actor, action, object, cluster, from, to } = query;
  return { actor, action, object, cluster, from: from === undefined ? undefined : new Date(from), to: to === undefined ? undefined : new Date(to) };
}

export function auditHandlers({ database }: Doors): Handlers<'listAudit' | 'exportAudit'> {
  return {
    async listAudit({ caller, query }) {
      const rows = await listAudit(database, caller.scope, filterOf(query), { after: decodeCursor(query.cursor, AuditCursor)?.[0], limit: query.limit + 1 });
      return pageOf(rows, query.limit, auditView, (row) => [row.id], null);
    },
    async exportAudit({ caller, query }) {
      const rows = await listAudit(database, caller.scope, filterOf(query), { after: undefined, limit: exportedMax + 1 });
      return auditCsv(rows.slice(0, exportedMax).map(auditView), rows.length > exportedMax);
    },
  };
}
