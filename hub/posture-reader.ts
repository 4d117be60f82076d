/** The shipped controls as they are asked, and the exceptions that stand: what cannot be read is said in the log and left out. */
import { Exception } from '@vedette/model/exception';
import { parseControls, type CheckedControl } from '@vedette/policy/posture/control';
import type { Log } from './log.ts';
import type { ContentFile } from './state.ts';
import type { Database } from './store/database.ts';
import { postureExceptions } from './store/posture.ts';

export function readControls(files: readonly ContentFile[], log: Log): readonly CheckedControl[] {
  const controls = new Map<string, CheckedControl>();
  for (const file of files) {
    const { controls: found, problems } = parseControls(file.name, file.content);
    for (const one of problems) log('error', 'a shipped control cannot be used', { file: file.name, line: one.line, problem: one.message });
    for (const one of found) controls.set(one.control.metadata.name, one);
  }
  return [...controls.values()];
}

export async function exceptionsInForce(database: Database, log: Log): Promise<Exception[]> {
  return (await postureExceptions(database)).flatMap((row) => {
    const approval = row.approved_by === null || row.approved_at === null ? {} : { approval: { by: row.approved_by, at: row.approved_at.toISOString() } };
    const spec = typeof row.spec === 'object' && row.spec !== null ? row.spec : {};
    const read = Exception.safeParse({ apiVersion: 'vedette.dev/v1alpha1', kind: 'Exception', metadata: { name: row.name }, spec: { ...spec, ...approval } });
    if (read.success) return [read.data];
    log('warn', 'an exception is not of its form and accepts nothing', { exception: row.name });
    return [];
  });
}
