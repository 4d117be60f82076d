/** What admission answered, and who came in by exec or attach. */
import type { AdmissionView, ExecSessionView } from '@vedette/model/api/admissions';
import { z } from 'zod';
import { facetsOfAdmissions, listAdmissions, listExecSessions, type AdmissionShape, type SessionShape } from '../store/read-admissions.ts';
import { cursorInteger, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const NewestCursor = z.tuple([cursorTime, cursorInteger]);

export function admissionHandlers({ database }: Doors): Handlers<'listAdmissions' | 'listExecSessions'> {
  return {
    async listAdmissions({ caller, query }) {
      const after = decodeCursor(query.cursor, NewestCursor);
      const { outcome, cluster, namespace, policy, search, followUps } = query;
      const filter = { outcome, cluster, namespace, policy, search, followUps };
      const page = { after: after && { at: after[0], id: after[1] }, limit: query.limit + 1 };
      const [rows, { total, ...facets }] = await Promise.all([listAdmissions(database, caller.scope, filter, page), facetsOfAdmissions(database, caller.scope, filter)]);
      return { ...pageOf(rows, query.limit, admissionView, (row) => [row.last_at.toISOString(), row.id], total), facets };
    },
    async listExecSessions({ caller, query }) {
      const after = decodeCursor(query.cursor, NewestCursor);
      const { cluster, namespace, user, pod } = query;
      const rows = await listExecSessions(database, caller.scope, { cluster, namespace, user, pod }, { after: after && { at: after[0], id: after[1] }, limit: query.limit + 1 });
      return pageOf(rows, query.limit, sessionView, (row) => [row.at.toISOString(), row.id], null);
    },
  };
}

function admissionView(row: AdmissionShape): AdmissionView {
  return {
    id: String(row.id), at: row.last_at.toISOString(), since: row.first_at.toISOString(), count: row.count, cluster: row.cluster_id, clusterName: row.cluster_name, namespace: row.namespace,
    kind: row.kind, name: row.name, workload: row.workload_kind === '' ? `${row.kind}/${row.name}` : `${row.workload_kind}/${row.workload_name}`, operation: row.operation, user: row.username, outcome: row.outcome,
    message: row.message === '' ? null : row.message, warnings: row.warnings, failedOpen: row.failed_open === '' ? null : row.failed_open,
    images: row.images.map(({ reference, digest, factsAgeSeconds, findings }) => ({ reference, digest: digest === '' ? null : digest, factsAgeSeconds: factsAgeSeconds === 0 ? null : factsAgeSeconds, findings })),
    followedBy: row.followed_by,
  };
}

function sessionView(row: SessionShape): ExecSessionView {
  const { id, session_id: sessionId, at, cluster_id: cluster, cluster_name: clusterName, namespace, pod, container, username: user, groups, command, attached } = row;
  return { id: String(id), sessionId, at: at.toISOString(), cluster, clusterName, namespace, pod, container, user, groups, command, attached };
}
