/**
 * Noise: rates of rules by workload against the budget, and exceptions that are proposed for one of them. The budget and
 * exceptions concern all clusters, so both are for who may change what holds everywhere; a proposal is tried on every
 * confirmed detection of the rule, wherever it was.
 */
import { noiseBudgetDefault, type NoiseBudgetView, type NoiseView } from '@vedette/model/api/noise';
import type { Severity } from '@vedette/model/policy';
import { listNames } from '@vedette/rules/noise/exception';
import { loadRules } from '@vedette/rules/ruleset';
import { z } from 'zod';
import { addAudit } from '../store/access.ts';
import { noiseBudget, setNoiseBudget } from '../store/noise.ts';
import { confirmedIncidents, listNoise, storedDetections, type NoisePlace, type NoiseShape } from '../store/read-noise.ts';
import { ruleSet } from '../store/read-policies.ts';
import { ownRuleFiles } from '../store/rule-files.ts';
import { requireWholeHub } from './caller.ts';
import { cursorInteger, cursorText, cursorTime, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';
import { proposalView, rowsMax, type RuleForm } from './noise-proposal.ts';

/** The instant up to which is counted goes along, so that pages of one list are of one list. */
const NoiseCursor = z.tuple([cursorTime, cursorInteger, cursorInteger, cursorText]);
const dayMs = 86_400_000;

export function noiseHandlers(doors: Doors): Handlers<'listNoise' | 'noiseBudget' | 'setNoiseBudget' | 'proposeExceptions'> {
  const { database, now } = doors;
  const budget = async (): Promise<NoiseBudgetView> => {
    const set = await noiseBudget(database);
    return { perDay: set?.per_day ?? noiseBudgetDefault, isDefault: set === undefined, updatedAt: set?.updated_at.toISOString() ?? null, updatedBy: set?.updated_by ?? null };
  };
  return {
    async listNoise({ caller, query }) {
      const after = decodeCursor(query.cursor, NoiseCursor);
      const [until, inForce] = [after?.[0] ?? now(), await budget()];
      const since = new Date(until.getTime() - query.days * dayMs);
      const filter = { since, until, perDay: inForce.perDay, source: query.rule, search: query.search, onlyOver: query.over === 'only' };
      const rows = await listNoise(database, caller.scope, filter, { after: after && { lastDay: after[1], total: after[2], key: after[3] }, limit: query.limit + 1 });
      const { all_rows: total = 0, over_budget: over = 0 } = rows[0] ?? {};
      return { ...pageOf(rows, query.limit, (row) => noiseView(row, inForce.perDay), (row) => [until.toISOString(), row.last_day, row.total, row.key], total), budget: inForce, over, since: since.toISOString() };
    },
    noiseBudget: budget,
    async setNoiseBudget({ caller, body }) {
      requireWholeHub(caller);
      await database.transaction(async (db) => {
        const before = (await noiseBudget(db))?.per_day ?? noiseBudgetDefault;
        await setNoiseBudget(db, body.perDay, caller.name, now());
        await addAudit(db, { actor: caller.name, action: 'noise.budget', object: 'noise:budget', change: `noise budget: ${before} → ${body.perDay} detections of a rule in a workload a day`, clusterId: null }, now());
      });
      doors.changed(['rules'], null);
      return budget();
    },
    async proposeExceptions({ caller, query }) {
      requireWholeHub(caller);
      const until = now();
      const since = new Date(until.getTime() - query.days * dayMs);
      const { rule } = query;
      const [noise, confirmed, incidents, rules, own] = await Promise.all([
        storedDetections(database, caller.scope, rule, { since, place: placeOf(query.place) }, rowsMax),
        storedDetections(database, caller.scope, rule, 'confirmed', rowsMax),
        confirmedIncidents(database, caller.scope, rule),
        ruleSet(database),
        ownRuleFiles(database),
      ]);
      return proposalView({ rule, since, until, noise, confirmed, incidents, form: formOf(rule, rules), lists: listNames(rules.map((one) => one.content)), own });
    },
  };
}

/** What a rule asks about decides whether exceptions can be tried on stored detections. */
function formOf(rule: string, files: readonly { readonly name: string; readonly content: string }[]): RuleForm {
  const found = loadRules(files.map((one) => ({ name: one.name, text: one.content }))).rules.find((one) => one.name === rule);
  return found === undefined ? 'none' : found.window === null ? 'single' : 'several';
}

function placeOf(place: string | undefined): NoisePlace | undefined {
  if (place === undefined) return undefined;
  return place.startsWith('w') ? { kind: 'workload', id: Number(place.slice(1)) } : { kind: 'host', nodeId: place.slice(1) };
}

function noiseView(row: NoiseShape, perDay: number): NoiseView {
  return {
    rule: row.source,
    severity: row.severity as Severity,
    cluster: row.cluster_name,
    place: row.workload_id === null ? `h${row.node_id}` : `w${row.workload_id}`,
    namespace: row.namespace,
    workload: row.workload,
    workloadKind: row.workload_kind,
    hostname: row.hostname,
    containers: row.containers,
    lastDay: row.last_day,
    total: row.total,
    peakHour: row.peak_hour,
    over: row.last_day > perDay,
  };
}
