/** A real runtime held between the container's cgroup and its root: what would be read there is the host's. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasEntered, proc } from '@vedette/sensor/enrich/inventory/entered';
import { until } from '../until.ts';
import { BareRunc } from './bare-runc.ts';
import { shopImage } from './image.ts';

const nobody = () => false;

test('a process of a container has entered only when its root is the container\'s, also for who has another root than the host', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-entered-'));
  chmodSync(directory, 0o755);
  const [held, state] = [join(directory, 'held'), join(directory, 'state')];
  writeFileSync(held, '');
  const hook = ['/bin/sh', '-c', `cat > ${state}.new; mv ${state}.new ${state}; while [ -e ${held} ]; do sleep 0.05; done`] as const;
  const container = new BareRunc({ directory, id: 'vedette-entered', image: await shopImage(), overlay: true, command: ['/usr/bin/sleep', '60'], createHook: hook });
  try {
    const started = container.start();
    const { value } = await until(async () => statSync(state, { throwIfNoEntry: false }) !== undefined, 10_000, 20);
    assert.equal(value, true, 'the runtime came to its hook');
    const { pid } = JSON.parse(readFileSync(state, 'utf8')) as { pid: number };
    assert.match(proc.cgroups(pid) ?? '', /vedette-entered/, 'it is in the cgroup of the container');
    assert.deepEqual([hasEntered(pid, nobody, true), hasEntered(pid, nobody, false)], [false, false]);
    rmSync(held);
    await started;
    assert.equal(container.pid(), pid);
    assert.deepEqual([hasEntered(pid, nobody, true), hasEntered(pid, nobody, false)], [true, true]);
  } finally {
    rmSync(held, { force: true });
    await container.stop();
  }
});
