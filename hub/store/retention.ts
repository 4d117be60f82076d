/**
 * What is kept for how long, apart from the day partitions: what has ended is removed after its time, in bounded bites
 * so that nobody waits. The audit log and the history of policy modes are kept.
 */
import { run, type Database } from './database.ts';

export interface Kept {
  readonly endedContainersDays: number;
  readonly closedRunsDays: number;
  readonly countsDays: number;
}

const biteRows = 5000;
const dayMs = 86_400_000;

/** Answers how many rows are gone. */
export async function removeOutdated(database: Database, now: Date, kept: Kept): Promise<number> {
  const before = (days: number): Date => new Date(now.getTime() - days * dayMs);
  const bites: readonly (readonly [string, Date])[] = [
    ['delete from session where token_hash in (select token_hash from session where expires_at < $1 limit $2)', now],
    ['delete from join_token where secret_hash in (select secret_hash from join_token where expires_at < $1 limit $2)', before(30)],
    ['delete from container where id in (select id from container where ended_at < $1 limit $2)', before(kept.endedContainersDays)],
    ['delete from run where id in (select id from run where not open and last_seen < $1 limit $2)', before(kept.closedRunsDays)],
    [`delete from baseline where id in (select b.id from baseline b where coalesce(b.watched_until, b.created_at) < $1
        and not exists (select 1 from container c where c.workload_id = b.workload_id and c.image_id = b.image_id and c.ended_at is null) limit $2)`, before(kept.closedRunsDays)],
    ['delete from baseline_blind where id in (select z.id from baseline_blind z where z.baseline_id is null and z.until < $1 and not exists (select 1 from container c where c.id = z.container_pk) limit $2)', before(kept.endedContainersDays)],
    ['delete from coverage_interval where id in (select id from coverage_interval where until < $1 limit $2)', before(kept.countsDays)],
    ['delete from admission_decision where id in (select id from admission_decision where last_at < $1 limit $2)', before(kept.countsDays)],
    ['delete from exec_session where id in (select id from exec_session where at < $1 limit $2)', before(kept.countsDays)],
    ['delete from coverage_gap where id in (select id from coverage_gap where last_at < $1 limit $2)', before(kept.countsDays)],
    ['delete from detection_hour where ctid = any(array(select ctid from detection_hour where hour < $1 limit $2))', before(kept.countsDays)],
    ['delete from event_hour where ctid = any(array(select ctid from event_hour where hour < $1 limit $2))', before(kept.countsDays)],
    [`delete from load_evidence e where (e.workload_id, e.inventory_id) in (
        select l.workload_id, l.inventory_id from load_evidence l
         where not exists (select 1 from run r where r.workload_id = l.workload_id and (r.open or r.last_seen > $1)) limit $2)`, before(kept.closedRunsDays)],
  ];
  let removed = 0;
  for (const [statement, instant] of bites) {
    let gone: number;
    do {
      gone = await run(database, statement, [instant, biteRows]);
      removed += gone;
    } while (gone === biteRows);
  }
  return removed;
}
