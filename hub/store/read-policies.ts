/** Policies as people see them, and the whole sets that sensors are given. */
import type { Scope } from '@vedette/model/access';
import { policyModes, severities } from '@vedette/model/policy';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { hostInScope, inScope, placesIn } from './scope.ts';

const KernelForm = z.array(z.object({ rule: z.string(), action: z.string(), form: z.string().nullable(), problem: z.string().nullable() }));

const PolicyShape = z.object({
  name: z.string(),
  yaml: z.string(),
  description: z.string(),
  severity: z.enum(severities),
  attack: z.array(z.string()),
  mode: z.enum(policyModes),
  generation: z.number(),
  shipped: z.boolean(),
  kernel_form: KernelForm,
  updated_at: z.date(),
  updated_by: z.string(),
  killed: z.number(),
  would_have_killed: z.number(),
  sensors: z.number(),
  sensors_total: z.number(),
  problems: z.array(z.string()),
});
export type PolicyShape = z.infer<typeof PolicyShape>;

/** In force: the sensor is there, has taken up the set in which the policy last changed, and has no problem with it. */
const selection = `select p.name, p.yaml, p.description, p.severity, p.attack, p.mode, p.generation, p.shipped, p.kernel_form, p.updated_at, p.updated_by,
    coalesce(v.killed, 0)::bigint as killed, coalesce(v.would_have_killed, 0)::bigint as would_have_killed, s.sensors, s.sensors_total, s.problems
  from policy p
  left join lateral (select sum(count) filter (where outcome = 'killed') as killed, sum(count) filter (where outcome = 'would-have-killed') as would_have_killed
      from event_hour h where h.kind = 'verdict' and h.source = p.name and h.hour >= $2 and ${inScope('h.cluster_id', 'h.namespace')}) v on true
  cross join lateral (
    select count(*) as sensors_total,
        count(*) filter (where (r.coverage ->> 'policyGeneration')::bigint >= p.generation and r.last_seen_at > $3::timestamptz - interval '60 seconds' and not q.named) as sensors,
        coalesce((array_agg(distinct q.hostname || ': ' || q.problem) filter (where q.named and ${inScope('s.cluster_id')}))[1:20], '{}') as problems
      from sensor s join sensor_report r on r.sensor_id = s.id
      cross join lateral (select n.hostname, problem, problem is not null as named from node n
          left join lateral (select x as problem from jsonb_array_elements_text(r.coverage -> 'policyProblems') x where position(p.name in x) > 0 limit 1) y on true where n.id = s.node_id) q
     where s.removed_at is null and ${hostInScope('s.cluster_id', 's.node_id')}) s`;

export async function listPolicies(db: Db, scope: Scope, since: Date, now: Date): Promise<PolicyShape[]> {
  return rows(db, PolicyShape, `${selection} order by p.name limit 1000`, [placesIn(scope), since, now]);
}

export async function policyNamed(db: Db, scope: Scope, name: string, since: Date, now: Date): Promise<PolicyShape | undefined> {
  return firstRow(db, PolicyShape, `${selection} where p.name = $4`, [placesIn(scope), since, now, name]);
}

const PolicyText = z.object({ name: z.string(), yaml: z.string(), mode: z.enum(policyModes) });

/** The whole set. Policies belong to the hub, not to a place. */
export async function policySet(db: Db): Promise<z.infer<typeof PolicyText>[]> {
  return rows(db, PolicyText, 'select name, yaml, mode from policy order by name');
}

/** As sensors are given it: those with rules about executions. The others speak about images, and a sensor has no say in them. */
export async function executionPolicySet(db: Db): Promise<z.infer<typeof PolicyText>[]> {
  return rows(db, PolicyText, 'select name, yaml, mode from policy where jsonb_array_length(kernel_form) > 0 order by name');
}

const RuleText = z.object({ name: z.string(), content: z.string() });

/** The shipped files, then those of people in the order in which they came: later ones change earlier ones. */
export async function ruleSet(db: Db): Promise<z.infer<typeof RuleText>[]> {
  return rows(db, RuleText, `select name, content from (select null::timestamptz as added_at, name, content from rule_file union all select added_at, 'own/' || name, content from own_rule_file) f
    order by added_at nulls first, name collate "C"`);
}
