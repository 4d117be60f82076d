/** Violations: images that run against a policy. They open and close by themselves; whoever accepts one makes an exception. */
import type { ViolationDetailView, ViolationView } from '@vedette/model/api/views';
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { countViolations, facetsOfViolations, listViolations, violationById, type ViolationDetailShape, type ViolationShape } from '../store/read-violations.ts';
import { cursorInteger, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const ViolationCursor = z.tuple([cursorInteger, cursorTime, cursorInteger]);

export function violationHandlers(doors: Doors): Handlers<'listViolations' | 'getViolation'> {
  const { database } = doors;
  return {
    async listViolations({ caller, query }) {
      const after = decodeCursor(query.cursor, ViolationCursor);
      const filter = { state: query.state, policy: query.policy, severity: query.severity, verdict: query.verdict, image: query.image, search: query.search };
      const page = { after: after && { rank: after[0], stateSince: after[1], id: after[2] }, limit: query.limit + 1 };
      const counting = query.facets === 'include' ? facetsOfViolations(database, caller.scope, filter) : countViolations(database, caller.scope, filter).then((total) => ({ total, facets: null }));
      const [rows, { total, facets }] = await Promise.all([listViolations(database, caller.scope, filter, page), counting]);
      const listed = pageOf(rows, query.limit, violationView, (row) => [row.severity_rank, row.state_since.toISOString(), row.id], total);
      return { ...listed, facets: facets === null ? null : { ...facets, policies: [...facets.policies] } };
    },
    async getViolation({ caller, params }) {
      if (!/^[1-9]\d{0,14}$/.test(params.id)) throw new Problem('not-found');
      const row = await violationById(database, caller.scope, Number(params.id));
      if (row === undefined) throw new Problem('not-found');
      return violationDetailView(row);
    },
  };
}

function violationView(row: ViolationShape): ViolationView {
  return {
    id: String(row.id),
    policy: row.policy,
    rule: row.rule,
    stage: 'run',
    severity: row.severity as ViolationView['severity'],
    mode: row.mode as ViolationView['mode'],
    action: row.action as ViolationView['action'],
    verdict: row.verdict as ViolationView['verdict'],
    state: row.state as ViolationView['state'],
    cluster: row.cluster_id,
    clusterName: row.cluster_name,
    workload: row.namespace === '' ? row.workload : `${row.namespace}/${row.workload}`,
    hostnames: row.hostnames,
    containers: row.containers,
    image: row.reference,
    platformDigest: row.platform_digest,
    indexDigest: row.index_digest,
    reason: row.reason,
    fix: row.fix,
    since: row.since.toISOString(),
    stateSince: row.state_since.toISOString(),
    until: row.until?.toISOString() ?? null,
    closedReason: row.closed_reason,
    acceptedBy: row.accepted_by,
  };
}

type FactForm = ViolationDetailView['asked'][number]['value'];

/** As hub/assess wrote it. */
interface Snapshot {
  readonly facts: Readonly<Record<string, FactForm>>;
  readonly found: readonly { readonly sentence: string }[];
  readonly foundMore: number;
  readonly missing: readonly { readonly fact: string; readonly reason: string }[];
}

function violationDetailView(row: ViolationDetailShape): ViolationDetailView {
  const { facts, found, foundMore, missing } = row.facts as Snapshot;
  return {
    ...violationView(row),
    evidence: row.evidence,
    asked: Object.entries(facts).map(([fact, value]) => ({ fact, value })),
    found: found.map(({ sentence }) => sentence),
    foundMore,
    missing: missing.map(({ fact, reason }) => ({ fact, reason })),
  };
}
