/** One execution from the wire: as the API shows it (kept with events and samples), and as a row of live processes. */
import type { ExecutionView } from '@vedette/model/api/views';
import { originWord } from '@vedette/model/origin-words';
import type { Execution, ExecutionRef } from '@vedette/model/wire/generated/record_pb';
import type { LiveProcess } from '../store/processes.ts';
import { kernelNs, RefusedRecord, text, textOrNull, wallTime, type SensorClock } from './clean.ts';

const argumentsMax = 256;
const argumentLengthMax = 4096;
const argumentsLengthMax = 65_536;
const pathLengthMax = 4096;

export interface Boot extends SensorClock {
  readonly bootId: string;
}

export function refOf(ref: ExecutionRef | undefined): { tgid: number; start_ns: string; exec_id: number } {
  if (ref === undefined || ref.tgid === 0) throw new RefusedRecord('an execution without identity');
  return { tgid: ref.tgid, start_ns: kernelNs(ref.startBootNs, 'a process start'), exec_id: ref.execId };
}

/** boot-tgid-start-exec, as `ExecutionView.key` documents it. */
export function executionKey(bootId: string, ref: ExecutionRef): string {
  return `${bootId}-${ref.tgid}-${ref.startBootNs}-${ref.execId}`;
}

/** Origin is required wherever it is stored; a sensor that does not say it has not judged. */
function originOf(execution: Execution): NonNullable<ReturnType<typeof originWord>> {
  return originWord(execution.origin) ?? 'unjudged';
}

function argumentsOf(execution: Execution): { list: string[]; truncated: boolean } {
  const list: string[] = [];
  let length = 0;
  let truncated = execution.argumentsTruncated;
  for (const one of execution.arguments) {
    if (list.length === argumentsMax || length >= argumentsLengthMax) {
      truncated = true;
      break;
    }
    const cut = text(one, argumentLengthMax);
    truncated ||= cut.length < one.length;
    length += cut.length;
    list.push(cut);
  }
  return { list, truncated };
}

export function executionView(execution: Execution, boot: Boot): ExecutionView {
  refOf(execution.ref);
  const { list, truncated } = argumentsOf(execution);
  return {
    key: executionKey(boot.bootId, execution.ref!),
    parentKey: execution.parent === undefined || execution.parent.tgid === 0 ? null : executionKey(boot.bootId, execution.parent),
    pid: execution.ref!.tgid,
    path: text(execution.path, pathLengthMax),
    filename: textOrNull(execution.filename, pathLengthMax),
    arguments: list,
    argumentsTruncated: truncated,
    uid: execution.uid,
    command: text(execution.command, 64),
    containerId: textOrNull(execution.containerId, 256),
    hasTerminal: execution.hasTerminal,
    origin: originOf(execution),
    startedAt: wallTime(execution.executedBootNs, boot).toISOString(),
    endedAt: execution.exitedBootNs === 0n ? null : wallTime(execution.exitedBootNs, boot).toISOString(),
    startedBeforeSensor: execution.startedBeforeSensor,
    workingDirectory: textOrNull(execution.workingDirectory, pathLengthMax),
    ...(execution.kubernetesUsers.length === 0 ? {} : { kubernetesUsers: usersOf(execution) }),
  };
}

const usersMax = 16;

function usersOf({ kubernetesUsers }: Execution): NonNullable<ExecutionView['kubernetesUsers']> {
  return kubernetesUsers.slice(0, usersMax).map(({ sessionId, user, attached }) => ({ sessionId: text(sessionId, 128), user: text(user, 1024), attached }));
}

export function liveProcess(execution: Execution, boot: Boot): LiveProcess {
  const ref = refOf(execution.ref);
  const parent = execution.parent === undefined || execution.parent.tgid === 0 ? undefined : refOf(execution.parent);
  const { list, truncated } = argumentsOf(execution);
  return {
    ...ref,
    parent_tgid: parent?.tgid ?? null,
    parent_start_ns: parent?.start_ns ?? null,
    parent_exec_id: parent?.exec_id ?? null,
    path: text(execution.path, pathLengthMax),
    filename: textOrNull(execution.filename, pathLengthMax),
    arguments: list,
    arguments_truncated: truncated,
    uid: execution.uid,
    command: text(execution.command, 64),
    container_id: text(execution.containerId, 256),
    has_terminal: execution.hasTerminal,
    origin: originOf(execution),
    executed_ns: kernelNs(execution.executedBootNs, 'a time of execution'),
    started_at: wallTime(execution.executedBootNs, boot),
    started_before_sensor: execution.startedBeforeSensor,
    working_directory: textOrNull(execution.workingDirectory, pathLengthMax),
    kubernetes_users: usersOf(execution),
  };
}
