/** Who attaches to a container that runs: it comes to the main process, which then bears the user's name. Pure, but for that mark. */
import type { Container } from '@vedette/model/container';
import type { Execution } from '@vedette/model/process';
import { isOf, type ExecSessionTold } from './enrich/exec-sessions.ts';
import type { ProcessTable } from './enrich/process-table.ts';

/** Of one process. */
const attachedMax = 8;

/** The process that now bears the user; null when there is none, or it does already. `inits`: process (tgid:start) that each container was started with. */
export function attach(session: ExecSessionTold, containers: Iterable<Container>, processes: ProcessTable, inits: ReadonlyMap<string, string>): Execution | null {
  for (const container of containers) {
    if (!isOf(session, container)) continue;
    const main = mainProcess(container, processes, inits);
    const users = main?.kubernetesUsers ?? [];
    if (main === null || users.length >= attachedMax || users.some((one) => one.sessionId === session.sessionId)) return null;
    main.kubernetesUsers = [...users, { sessionId: session.sessionId, user: session.user, attached: true }];
    return main;
  }
  return null;
}

function mainProcess(container: Container, processes: ProcessTable, inits: ReadonlyMap<string, string>): Execution | null {
  const init = inits.get(container.id);
  return processes.inContainer(container.id).find((one) => (init === undefined ? one.pidInNamespace === 1 : `${one.tgid}:${one.startBootNs}` === init)) ?? null;
}
