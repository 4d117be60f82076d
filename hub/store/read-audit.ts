/** The audit log as people see it: rows of places in scope; what concerns the hub as a whole only for who sees all. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const AuditShape = z.object({
  id: z.number(), at: z.date(), actor: z.string(), action: z.string(), object: z.string(), change: z.string(), cluster_name: z.string().nullable(), namespace: z.string().nullable(), detail: z.record(z.string(), z.unknown()),
});
export type AuditShape = z.infer<typeof AuditShape>;

export interface AuditFilter {
  readonly actor: string | undefined;
  /** These two: or the beginning of one. */
  readonly action: string | undefined;
  readonly object: string | undefined;
  readonly cluster: string | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

/** The newest first. */
export async function listAudit(db: Db, scope: Scope, filter: AuditFilter, page: { after: number | undefined; limit: number }): Promise<AuditShape[]> {
  return rows(
    db,
    AuditShape,
    `select a.id, a.at, a.actor, a.action, a.object, a.change, c.name as cluster_name, a.namespace, a.detail from audit a left join cluster c on c.id = a.cluster_id
      where ${inScope('a.cluster_id', 'a.namespace')} and ($2::text is null or a.actor = $2) and ($3::text is null or starts_with(a.action, $3)) and ($4::text is null or starts_with(a.object, $4))
        and ($5::text is null or c.name = $5) and ($6::timestamptz is null or a.at >= $6) and ($7::timestamptz is null or a.at <= $7) and ($8::bigint is null or a.id < $8)
      order by a.id desc limit $9`,
    [placesIn(scope), filter.actor ?? null, filter.action ?? null, filter.object ?? null, filter.cluster ?? null, filter.from ?? null, filter.to ?? null, page.after ?? null, page.limit],
  );
}
