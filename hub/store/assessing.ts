/**
 * What assess reads and writes: the queue, matches, findings of package lists, and the roll-up of places. It works for
 * the whole hub, so nothing here takes a scope, and nothing here answers to a person.
 */
import { z } from 'zod';
import type { QueueKind } from './containers.ts';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const Key = z.object({ key: z.number() });

/** Takes up to `limit` keys off the queue, each with all its rows that nobody else is taking; they come back when the transaction fails. */
export async function takeQueued(db: Transaction, kind: QueueKind, limit: number, except: readonly number[] = []): Promise<number[]> {
  const taken = await rows(
    db,
    Key,
    `with due as materialized (select distinct key from assess_queue where kind = $1 and key <> all($3::bigint[]) order by key limit $2),
       free as materialized (select q.id from assess_queue q where q.kind = $1 and q.key in (select key from due) for update skip locked)
     delete from assess_queue q using free where q.id = free.id returning q.key`,
    [kind, limit, except],
  );
  return [...new Set(taken.map((row) => row.key))].sort((a, b) => a - b);
}

const PackageRow = z.object({ id: z.number(), ecosystem: z.string(), name: z.string(), version: z.string(), source_name: z.string(), source_version: z.string() });
export type PackageRow = z.infer<typeof PackageRow>;

/** Packages that were not matched against this version of the advisories: of one list, or any. */
export async function unmatchedPackages(db: Db, feed: string, inventoryId: number | undefined, limit: number): Promise<PackageRow[]> {
  const which = inventoryId === undefined ? '' : 'and p.id = any((select packages from inventory where id = $3)::integer[])';
  return rows(
    db,
    PackageRow,
    `select p.id, p.ecosystem, p.name, p.version, p.source_name, p.source_version from package p left join package_matched m on m.package_id = p.id
      where m.feed is distinct from $1 ${which} order by p.id limit $2`,
    inventoryId === undefined ? [feed, limit] : [feed, limit, inventoryId],
  );
}

export interface VulnFacts {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string | null;
  readonly details: string | null;
  readonly severity: string;
  readonly cvss: number | null;
  readonly malicious: boolean;
  readonly exploited: boolean | null;
  readonly published: string | null;
  readonly modified: string | null;
  readonly links: readonly string[];
  readonly points: number;
}

const Named = z.object({ id: z.number(), name: z.string() });
const Id = z.object({ id: z.number() });

/** Stores words and points of vulnerabilities, only where they differ; answers ids by name, and which changed their score. */
export async function putVulnerabilities(db: Transaction, facts: readonly VulnFacts[]): Promise<{ ids: Map<string, number>; rescored: number[] }> {
  const list = JSON.stringify([...facts].sort((a, b) => (a.name < b.name ? -1 : 1)));
  const rescored = await rows(
    db,
    Id,
    `select v.id from vuln v join jsonb_to_recordset($1::jsonb) r(name text, points float8, severity text, malicious boolean) on r.name = v.name
      where v.points <> r.points or v.severity <> r.severity or v.malicious <> r.malicious`,
    [list],
  );
  await run(
    db,
    `insert into vuln (name, aliases, summary, details, severity, cvss, malicious, exploited, published, modified, links, points)
     select name, aliases, summary, details, severity, cvss, malicious, exploited, published, modified, links, points from jsonb_to_recordset($1::jsonb)
       r(name text, aliases text[], summary text, details text, severity text, cvss float8, malicious boolean, exploited boolean, published timestamptz, modified timestamptz, links text[], points float8)
      order by name
     on conflict (name) do update set aliases = excluded.aliases, summary = excluded.summary, details = excluded.details, severity = excluded.severity, cvss = excluded.cvss, malicious = excluded.malicious,
       exploited = excluded.exploited, published = excluded.published, modified = excluded.modified, links = excluded.links, points = excluded.points
     where (vuln.aliases, vuln.summary, vuln.details, vuln.severity, vuln.cvss, vuln.malicious, vuln.exploited, vuln.modified, vuln.links, vuln.points)
       is distinct from (excluded.aliases, excluded.summary, excluded.details, excluded.severity, excluded.cvss, excluded.malicious, excluded.exploited, excluded.modified, excluded.links, excluded.points)`,
    [list],
  );
  const found = await rows(db, Named, 'select id, name from vuln where name = any($1)', [facts.map((one) => one.name)]);
  return { ids: new Map(found.map((row) => [row.name, row.id])), rescored: rescored.map((row) => row.id) };
}

export interface MatchFacts {
  readonly package_id: number;
  readonly vuln_id: number;
  readonly fixed_in: string | null;
  /** Why it cannot be said whether this version is affected. */
  readonly uncertain: string | null;
}

const Touched = z.object({ package_id: z.number() });

/** Brings the current matches of these packages to what they are now; only differences are written. The packages that changed. */
export async function putMatches(db: Transaction, packageIds: readonly number[], matches: readonly MatchFacts[], feed: string, now: Date): Promise<number[]> {
  const list = JSON.stringify(matches);
  const ended = await rows(
    db,
    Touched,
    `update match m set until = $3 where m.package_id = any($1::integer[]) and m.until is null
        and not exists (select 1 from jsonb_to_recordset($2::jsonb) r(package_id integer, vuln_id integer, fixed_in text, uncertain text)
          where r.package_id = m.package_id and r.vuln_id = m.vuln_id and (r.fixed_in, r.uncertain) is not distinct from (m.fixed_in, m.uncertain)) returning m.package_id`,
    [packageIds, list, now],
  );
  const begun = await rows(
    db,
    Touched,
    `insert into match (package_id, vuln_id, since, fixed_in, uncertain)
     select r.package_id, r.vuln_id, $2, r.fixed_in, r.uncertain from jsonb_to_recordset($1::jsonb) r(package_id integer, vuln_id integer, fixed_in text, uncertain text)
      where not exists (select 1 from match m where m.package_id = r.package_id and m.vuln_id = r.vuln_id and m.until is null)
      order by 1, 2 on conflict do nothing returning package_id`,
    [list, now],
  );
  await run(
    db,
    `insert into package_matched (package_id, feed) select unnest($1::integer[]), $2 on conflict (package_id) do update set feed = excluded.feed where package_matched.feed <> excluded.feed`,
    [packageIds, feed],
  );
  return [...new Set([...ended, ...begun].map((row) => row.package_id))];
}

/** Lists that hold any of these packages, or have a finding of any of these vulnerabilities. */
export async function inventoriesTouched(db: Db, packageIds: readonly number[], vulnIds: readonly number[]): Promise<number[]> {
  const found = await rows(
    db,
    Id,
    `select id from inventory where packages && $1::integer[] union select inventory_id from inventory_finding where vuln_id = any($2::integer[]) order by 1`,
    [packageIds, vulnIds],
  );
  return found.map((row) => row.id);
}

/** Lists without statistics yet, and those with packages that no feed covered when they were last looked at. */
export async function inventoriesUnsettled(db: Db): Promise<number[]> {
  const found = await rows(db, Id, `select i.id from inventory i left join inventory_stat t on t.inventory_id = i.id where t.inventory_id is null or t.unfed > 0 order by 1`);
  return found.map((row) => row.id);
}

const Ecosystem = z.object({ ecosystem: z.string(), packages: z.number() });

export async function ecosystemsOf(db: Db, inventoryId: number): Promise<z.infer<typeof Ecosystem>[]> {
  return rows(db, Ecosystem, 'select p.ecosystem, count(*) as packages from inventory i join package p on p.id = any(i.packages) where i.id = $1 group by 1', [inventoryId]);
}

/** Derives the findings of a list from the current matches. `unfed`: packages that no feed says anything about. */
export async function rebuildInventoryFindings(db: Transaction, inventoryId: number, unfed: number, now: Date): Promise<void> {
  const fresh = `select m.vuln_id, u.place::int - 1 as position, m.package_id, first.since, m.fixed_in, m.uncertain from inventory i
      cross join lateral unnest(i.packages) with ordinality as u(package_id, place) join match m on m.package_id = u.package_id and m.until is null
      cross join lateral (select min(a.since) as since from match a where a.package_id = m.package_id and a.vuln_id = m.vuln_id) first
     where i.id = $1`;
  await run(db, `delete from inventory_finding f where f.inventory_id = $1 and not exists (select 1 from (${fresh}) n where n.vuln_id = f.vuln_id and n.position = f.position)`, [inventoryId]);
  await run(
    db,
    `insert into inventory_finding (inventory_id, vuln_id, position, package_id, since, fixed_in, uncertain) select $1, vuln_id, position, package_id, since, fixed_in, uncertain from (${fresh}) n
     on conflict (inventory_id, vuln_id, position) do update set fixed_in = excluded.fixed_in, uncertain = excluded.uncertain
       where (inventory_finding.fixed_in, inventory_finding.uncertain) is distinct from (excluded.fixed_in, excluded.uncertain)`,
    [inventoryId],
  );
  await run(
    db,
    `insert into inventory_stat (inventory_id, critical, high, medium, low, unknown, unfed, assessed_at)
     select $1, count(*) filter (where severity = 'critical'), count(*) filter (where severity = 'high'), count(*) filter (where severity = 'medium'), count(*) filter (where severity = 'low'),
         count(*) filter (where severity = 'unknown'), $3, $2
       from (select distinct v.id, v.severity from inventory_finding f join vuln v on v.id = f.vuln_id where f.inventory_id = $1) d
     on conflict (inventory_id) do update set critical = excluded.critical, high = excluded.high, medium = excluded.medium, low = excluded.low, unknown = excluded.unknown, unfed = excluded.unfed, assessed_at = excluded.assessed_at`,
    [inventoryId, now, unfed],
  );
}

/** Queues the workloads that run any of these lists now. */
export async function queueWorkloadsRunning(db: Transaction, inventoryIds: readonly number[]): Promise<void> {
  await run(
    db,
    `insert into assess_queue (kind, key) select distinct 'workload', workload_id from run where open and inventory_id = any($1::bigint[])`,
    [inventoryIds],
  );
}

const Feed = z.object({ feed: z.string(), matched_at: z.date(), advisories: z.number(), problem: z.string().nullable() });

export async function feedState(db: Db): Promise<z.infer<typeof Feed> | undefined> {
  return firstRow(db, Feed, 'select feed, matched_at, advisories, problem from feed_state');
}

export async function putFeedState(db: Db, state: { feed: string; advisories: number; problem: string | null }, now: Date): Promise<void> {
  await run(
    db,
    `insert into feed_state (feed, matched_at, advisories, problem) values ($1, $2, $3, $4)
     on conflict (only_row) do update set feed = excluded.feed, matched_at = excluded.matched_at, advisories = excluded.advisories, problem = excluded.problem`,
    [state.feed, now, state.advisories, state.problem],
  );
}

const Counted = z.object({ n: z.number() });

export async function currentMatches(db: Db): Promise<number> {
  return (await firstRow(db, Counted, 'select count(*) as n from match where until is null'))?.n ?? 0;
}
