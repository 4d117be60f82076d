/** Live processes of a node: one row a program that runs now. What has ended is removed; its history is in the counts. */
import { z } from 'zod';
import { firstRow, run, type Db, type Transaction } from './database.ts';

export interface LiveProcess {
  readonly tgid: number;
  readonly start_ns: string;
  readonly exec_id: number;
  readonly parent_tgid: number | null;
  readonly parent_start_ns: string | null;
  readonly parent_exec_id: number | null;
  readonly path: string;
  readonly filename: string | null;
  readonly arguments: readonly string[];
  readonly arguments_truncated: boolean;
  readonly uid: number;
  readonly command: string;
  readonly container_id: string;
  readonly has_terminal: boolean;
  readonly origin: string;
  readonly executed_ns: string;
  readonly started_at: Date;
  readonly started_before_sensor: boolean;
  readonly working_directory: string | null;
  readonly kubernetes_users: readonly { readonly sessionId: string; readonly user: string; readonly attached: boolean }[];
}

/** A process by thread-group id and start; `execId` where one of its programs is meant. */
export interface ProcessRef {
  readonly tgid: number;
  readonly start_ns: string;
  readonly exec_id: number;
}

export interface NodeBoot {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly bootId: string;
}

/** Adds programs; what the same process ran before is gone by that. `started` holds no process twice. */
export async function addProcesses(db: Transaction, node: NodeBoot, started: readonly LiveProcess[]): Promise<void> {
  if (started.length === 0) return;
  const list = JSON.stringify(started);
  await run(
    db,
    `delete from process_live p using jsonb_to_recordset($3::jsonb) r(tgid bigint, start_ns bigint, exec_id bigint)
      where p.node_id = $1 and p.boot_id = $2 and p.tgid = r.tgid and p.start_ns = r.start_ns and p.exec_id < r.exec_id`,
    [node.nodeId, node.bootId, list],
  );
  await run(
    db,
    `insert into process_live (cluster_id, node_id, boot_id, tgid, start_ns, exec_id, parent_tgid, parent_start_ns, parent_exec_id, path, filename, arguments, arguments_truncated,
       uid, command, container_id, has_terminal, origin, executed_ns, started_at, started_before_sensor, working_directory, kubernetes_users)
     select $1, $2, $3, tgid, start_ns, exec_id, parent_tgid, parent_start_ns, parent_exec_id, path, filename, arguments, arguments_truncated,
       uid, command, container_id, has_terminal, origin, executed_ns, started_at, started_before_sensor, working_directory, kubernetes_users
       from jsonb_to_recordset($4::jsonb) r(tgid bigint, start_ns bigint, exec_id bigint, parent_tgid bigint, parent_start_ns bigint, parent_exec_id bigint, path text, filename text,
         arguments text[], arguments_truncated boolean, uid bigint, command text, container_id text, has_terminal boolean, origin text, executed_ns bigint, started_at timestamptz,
         started_before_sensor boolean, working_directory text, kubernetes_users jsonb)
      order by tgid, start_ns, exec_id
     on conflict (node_id, boot_id, tgid, start_ns, exec_id) do update set path = excluded.path, arguments = excluded.arguments, container_id = excluded.container_id,
       origin = excluded.origin, command = excluded.command, working_directory = excluded.working_directory, kubernetes_users = excluded.kubernetes_users`,
    [node.clusterId, node.nodeId, node.bootId, list],
  );
}

export async function endProcesses(db: Transaction, node: NodeBoot, ended: readonly ProcessRef[]): Promise<void> {
  if (ended.length === 0) return;
  await run(
    db,
    `delete from process_live p using jsonb_to_recordset($3::jsonb) r(tgid bigint, start_ns bigint)
      where p.node_id = $1 and p.boot_id = $2 and p.tgid = r.tgid and p.start_ns = r.start_ns`,
    [node.nodeId, node.bootId, JSON.stringify(ended)],
  );
}

/** What the hub holds besides these, and was there at that moment, has ended. */
export async function keepOnlyProcesses(db: Transaction, node: NodeBoot, alive: readonly ProcessRef[], atNs: string): Promise<void> {
  await run(
    db,
    `delete from process_live p where p.node_id = $1 and (p.boot_id <> $2 or p.executed_ns <= $4)
        and not exists (select 1 from jsonb_to_recordset($3::jsonb) r(tgid bigint, start_ns bigint) where p.boot_id = $2 and p.tgid = r.tgid and p.start_ns = r.start_ns)`,
    [node.nodeId, node.bootId, JSON.stringify(alive), atNs],
  );
}

/** Nothing of an earlier boot is alive. */
export async function endProcessesOfOtherBoots(db: Transaction, nodeId: string, bootId: string): Promise<void> {
  await run(db, 'delete from process_live where node_id = $1 and boot_id <> $2', [nodeId, bootId]);
}

const Held = z.object({ held: z.number() });

export async function processesHeld(db: Db, nodeId: string): Promise<number> {
  return (await firstRow(db, Held, 'select count(*) as held from process_live where node_id = $1', [nodeId]))?.held ?? 0;
}
