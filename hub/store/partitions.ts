/**
 * Day partitions of the big tables: made some days ahead, dropped whole when older than they are kept. The day is the
 * day on which the hub received the row, so no sensor's clock can ask for a partition that is not there.
 */
import { z } from 'zod';
import { rows, type Database } from './database.ts';

export const partitionedTables = ['event', 'execution_hour', 'flow'] as const;
export type PartitionedTable = (typeof partitionedTables)[number];

const daysAhead = 3;
const dayMs = 86_400_000;
const lockKey = 7_420_002;

/** The day of an instant as PostgreSQL writes dates, in UTC. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function partitionName(table: PartitionedTable, day: string): string {
  return `${table}_${day.replaceAll('-', '')}`;
}

const Child = z.object({ parent: z.string(), name: z.string() });

/** Makes yesterday's to the day after tomorrow's partitions and drops those that are too old; answers what it did. */
export async function tendPartitions(database: Database, now: Date, keepDays: Readonly<Record<PartitionedTable, number>>): Promise<{ made: string[]; dropped: string[] }> {
  return database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock($1)', [lockKey]);
    const children = await rows(
      transaction,
      Child,
      `select parent.relname as parent, child.relname as name from pg_inherits
         join pg_class parent on parent.oid = inhparent join pg_class child on child.oid = inhrelid
        where parent.relname = any($1) and parent.relkind = 'p' and parent.relnamespace = current_schema()::regnamespace`,
      [partitionedTables],
    );
    const there = new Set(children.map((child) => child.name));
    const made: string[] = [];
    const dropped: string[] = [];
    for (const table of partitionedTables) {
      for (let offset = -1; offset <= daysAhead; offset += 1) {
        const from = new Date(now.getTime() + offset * dayMs);
        const name = partitionName(table, dayOf(from));
        if (there.has(name)) continue;
        const to = dayOf(new Date(from.getTime() + dayMs));
        await transaction.query(`create table ${name} partition of ${table} for values from ('${dayOf(from)}') to ('${to}')`);
        made.push(name);
      }
      const oldest = partitionName(table, dayOf(new Date(now.getTime() - keepDays[table] * dayMs)));
      for (const child of children) {
        if (child.parent !== table || child.name >= oldest || !/^[a-z_]+_\d{8}$/.test(child.name)) continue;
        await transaction.query(`drop table ${child.name}`);
        dropped.push(child.name);
      }
    }
    return { made, dropped };
  });
}
