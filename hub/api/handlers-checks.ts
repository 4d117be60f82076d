/**
 * What pipelines ask and hand in: the policies and exceptions that concern images, and the checks of them; and the checks as people read
 * them. A pipeline's token may do the first two and nothing else. Policies belong to the hub as a whole, so the token must too.
 */
import type { CheckDetailView, CheckView, PipelineRun } from '@vedette/model/api/checks';
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { addAudit } from '../store/access.ts';
import { addCheck } from '../store/checks.ts';
import { listExceptions } from '../store/exceptions.ts';
import { checkById, countChecks, listChecks, packagesOfInventory, type CheckDetailShape, type CheckShape } from '../store/read-checks.ts';
import { policySet } from '../store/read-policies.ts';
import { requireWholeHub } from './caller.ts';
import { cursorInteger, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';
import { exceptionOf } from './exception-view.ts';

const CheckCursor = z.tuple([cursorTime, cursorInteger]);

export function checkHandlers(doors: Doors): Handlers<'checkSet' | 'recordCheck' | 'listChecks' | 'getCheck'> {
  const { database, now } = doors;
  return {
    async checkSet({ caller }) {
      requireWholeHub(caller);
      const [policies, exceptions] = await Promise.all([policySet(database), listExceptions(database, false)]);
      const ofImages = policies.filter((one) => {
        const read = doors.readPolicy(one.yaml);
        return 'policy' in read && read.policy.rules.some((rule) => rule.on === 'image');
      });
      return { policies: ofImages, exceptions: exceptions.map(exceptionOf) };
    },
    async recordCheck({ caller, body }) {
      requireWholeHub(caller);
      const kept = await database.transaction(async (db) => {
        const added = await addCheck(db, body, caller.name, now());
        if (added.isNew) {
          const change = `${body.image.reference ?? body.image.digest} ${body.verdict === 'pass' ? 'passed' : 'failed'} in ${body.run.repository ?? 'a pipeline that names no repository'}`;
          await addAudit(db, { actor: caller.name, action: 'check.record', object: `check:${added.id}`, change: change.slice(0, 1000), clusterId: null, detail: { digest: body.image.digest, commit: body.run.commit } }, now());
        }
        return added;
      });
      if (kept.isNew) doors.changed(['checks'], null);
      return { id: String(kept.id), isNew: kept.isNew };
    },
    async listChecks({ caller, query }) {
      const after = decodeCursor(query.cursor, CheckCursor);
      const filter = { digest: query.digest, verdict: query.verdict, repository: query.repository, commit: query.commit, search: query.search };
      const page = { after: after && { at: after[0], id: after[1] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listChecks(database, caller.scope, filter, page), countChecks(database, caller.scope, filter)]);
      return pageOf(rows, query.limit, checkView, (row) => [row.at.toISOString(), row.id], total);
    },
    async getCheck({ caller, params }) {
      const row = /^[1-9]\d{0,14}$/.test(params.id) ? await checkById(database, caller.scope, Number(params.id)) : undefined;
      if (row === undefined) throw new Problem('not-found');
      const packages = await packagesOfInventory(database, caller.scope, row.inventory_id);
      return checkDetailView(row, packages.map((one) => `${one.name} ${one.version}`));
    },
  };
}

function checkView(row: CheckShape): CheckView {
  return {
    id: String(row.id),
    at: row.at.toISOString(),
    receivedAt: row.received_at.toISOString(),
    digest: row.platform_digest,
    indexDigest: row.index_digest,
    reference: row.reference,
    platform: row.platform,
    stage: row.stage as CheckView['stage'],
    verdict: row.verdict as CheckView['verdict'],
    failed: row.failed,
    warned: row.warned,
    packages: row.packages,
    run: { system: row.pipeline as PipelineRun['system'], repository: row.repository, commit: row.commit, run: row.run, runUrl: row.run_url, principal: row.principal },
    version: row.vedette_version,
    reportedBy: row.reported_by,
    running: row.running,
  };
}

function checkDetailView(row: CheckDetailShape, packages: readonly string[]): CheckDetailView {
  return {
    ...checkView(row),
    findings: row.findings,
    facts: row.facts,
    signatures: row.signatures,
    layers: row.layers.map((layer) => ({ ...layer, packages: layer.packages.flatMap((at) => packages[at] ?? []) })),
    packagesIncomplete: row.packages_incomplete,
    problems: row.problems,
    policies: row.policies,
    advisories: row.advisories_revision === null ? null : { revision: row.advisories_revision, ageDays: row.advisories_age_days },
  };
}
