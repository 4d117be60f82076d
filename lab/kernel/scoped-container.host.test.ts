/** A sensor that is limited to a cgroup knows a container that runc makes there before the container's first program. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import { TestCgroup } from './cgroup.ts';
import { Recording } from './recording.ts';

const id = 'vedette-scoped';

test("the first program of a container in the scope is judged, and the host's mounts are known for it", async () => {
  const image = await shopImage();
  const cgroup = new TestCgroup();
  const recording = await Recording.start(cgroup);
  const directory = mkdtempSync(join(tmpdir(), 'vedette-scoped-'));
  chmodSync(directory, 0o755);
  const container = new BareRunc({ directory, id, image, overlay: true, cgroup: `/${cgroup.name}/runc-${id}.scope`, command: ['/usr/bin/sleep', '60'] });
  try {
    await container.start();
    const events = await recording.until('the first program', (event) => event.kind === 'exec' && event.path === '/usr/bin/sleep');
    const made = events.filter((event) => event.kind === 'cgroup-create' && event.path.endsWith(`runc-${id}.scope`));
    assert.ok(made.length > 0 && made.every((event) => event.kind === 'cgroup-create' && event.takenForContainer), 'taken for a container when it was made');
    const first = events.find((event) => event.kind === 'exec' && event.path === '/usr/bin/sleep');
    assert.equal(first?.kind === 'exec' ? first.origin : null, 'image');
    const outside = events.filter((event) => event.kind === 'process' && event.isKernelThread);
    assert.deepEqual(outside, [], 'what tells the mount namespace is not told as a process');
  } finally {
    await container.stop();
    await recording.stop();
    cgroup.remove();
  }
});
