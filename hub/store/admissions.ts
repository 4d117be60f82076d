/** Decisions of admission and exec sessions as cluster parts report them: each once, however often it is told; repeats raise a count. */
import { run, type Transaction } from './database.ts';

export interface AdmissionRow {
  readonly clusterId: string;
  readonly requestUid: string;
  readonly at: Date;
  readonly receivedAt: Date;
  /** The same was asked and answered so often, the first one counted. */
  readonly count: number;
  readonly user: string;
  readonly operation: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly workloadKind: string;
  readonly workloadName: string;
  readonly outcome: string;
  readonly message: string;
  readonly warnings: readonly string[];
  readonly failedOpen: string;
  readonly images: unknown;
  readonly policies: readonly string[];
}

export async function putAdmission(db: Transaction, row: AdmissionRow): Promise<void> {
  await run(
    db,
    `insert into admission_decision (cluster_id, request_uid, first_at, last_at, received_at, count, username, operation, kind, namespace, name, workload_kind, workload_name, outcome, message, warnings, failed_open, images, policies)
     values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
     on conflict (cluster_id, request_uid) do update set count = greatest(admission_decision.count, excluded.count),
       first_at = least(admission_decision.first_at, excluded.first_at), last_at = greatest(admission_decision.last_at, excluded.last_at), received_at = excluded.received_at`,
    [
      row.clusterId, row.requestUid, row.at, row.receivedAt, row.count, row.user, row.operation, row.kind, row.namespace, row.name, row.workloadKind, row.workloadName, row.outcome, row.message,
      row.warnings, row.failedOpen, JSON.stringify(row.images), row.policies,
    ],
  );
}

export interface ExecSessionRow {
  readonly clusterId: string;
  readonly sessionId: string;
  readonly at: Date;
  readonly receivedAt: Date;
  readonly user: string;
  readonly groups: readonly string[];
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string | null;
  readonly container: string;
  readonly command: readonly string[];
  readonly attached: boolean;
}

export async function putExecSession(db: Transaction, row: ExecSessionRow): Promise<void> {
  await run(
    db,
    `insert into exec_session (cluster_id, session_id, at, received_at, username, groups, namespace, pod, pod_uid, container, command, attached)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing`,
    [row.clusterId, row.sessionId, row.at, row.receivedAt, row.user, row.groups, row.namespace, row.pod, row.podUid, row.container, row.command, row.attached],
  );
}
