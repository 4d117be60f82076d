/** A session of a sensor that has no loader and no hub, in a state directory of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readSensorConfig } from './config.ts';
import { Session } from './session.ts';
import { execEvent, exitEvent, helloEvent } from './testing/events.ts';

function blindSession(t: TestContext, onUnseeing?: () => void): Session {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'vedette-session-'));
  const config = readSensorConfig(JSON.stringify({ stateDirectory, runcStates: [], containerdSockets: [], podmanStorages: [], commitMs: 10_000 }));
  const session = new Session({ config, log: () => undefined, loader: null, rules: [], onBlocked: () => undefined, ...(onUnseeing === undefined ? {} : { onUnseeing }) });
  session.prepare();
  t.after(async () => {
    await session.finish(null, 0);
    rmSync(stateDirectory, { recursive: true, force: true });
  });
  return session;
}

test('without a ring no record is taken for one that was read before: a process that ended is listed no more', (t) => {
  const session = blindSession(t);
  const listed = { tgid: 60, startBootNs: 700, execId: 0 };
  session.take(helloEvent({ ringEpoch: 0, ringBytes: 0, problem: 'no privileges' }));
  session.take({ kind: 'snapshot-end', timeBootNs: 600 });
  session.take(execEvent({ kind: 'process', ...listed, timeBootNs: 700 }));
  assert.deepEqual([...session.pipeline.processes.living()].map((one) => one.tgid), [60]);
  session.take(exitEvent({ ...listed, timeBootNs: 800 }));
  assert.deepEqual([...session.pipeline.processes.living()], []);
});

test('a loader without programs: what can be listed is listed inside its snapshot', (t) => {
  const session: Session = blindSession(t, () => session.take(execEvent({ kind: 'process', tgid: 61, startBootNs: 700, timeBootNs: 700, execId: 0 })));
  session.take(helloEvent({ problem: 'this kernel has no BTF' }));
  session.take({ kind: 'snapshot-end', timeBootNs: 800 });
  assert.deepEqual([...session.pipeline.processes.living()].map((one) => one.tgid), [61]);
});

test('a loader that sees is not listed besides', (t) => {
  let asked = 0;
  const session = blindSession(t, () => (asked += 1));
  session.take(helloEvent({ problem: '' }));
  assert.equal(asked, 0);
});
