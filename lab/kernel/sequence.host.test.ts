/**
 * Sequences and counts on what really happens: a recording of a download, a chmod and an execution, and of a port scan, in a
 * cgroup of the test's own, replayed with the rules of the product.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../borders/borders.ts';
import { run } from '../containers/run.ts';
import { EventStream } from '@vedette/sensor/decode/stream';
import { Pipeline } from '@vedette/sensor/pipeline';
import type { DetectionFound } from '@vedette/model/finding';
import { TestCgroup } from './cgroup.ts';
import { Recording } from './recording.ts';

const rules = ['execution/sequence-download-execute.yaml', 'discovery/sequence-port-scan.yaml'].map((name) => ({ name, text: readFileSync(join(projectRoot(), 'content', 'rules', name), 'utf8') }));

function detections(file: Uint8Array): readonly DetectionFound[] {
  const nothing = () => undefined;
  const pipeline = new Pipeline({ host: { hostname: 'h', userName: () => null }, effects: { identify: nothing, command: nothing, kill: nothing, knownContainer: () => null } });
  pipeline.loadRules(rules);
  const found: DetectionFound[] = [];
  const take = pipeline.shipment.detection.bind(pipeline.shipment);
  pipeline.shipment.detection = (one) => {
    found.push(one);
    take(one);
  };
  const stream = new EventStream((event) => pipeline.onEvent(event));
  stream.feed(file.subarray(16));
  assert.equal(stream.malformed, 0);
  return found;
}

test('a download that is made executable and run, and a port scan, are one alert each, with what came before', { timeout: 60_000 }, async () => {
  const place = mkdtempSync(join(tmpdir(), 'vedette-sequence-'));
  chmodSync(place, 0o755);
  const cgroup = new TestCgroup();
  const recording = await Recording.start(cgroup);
  try {
    // a program that writes, under the name of one that downloads
    copyFileSync('/bin/cp', join(place, 'curl'));
    chmodSync(join(place, 'curl'), 0o755);
    const enter = cgroup.procs.map((path) => `echo 0 > ${path}`).join('; ');
    const script = [
      `${place}/curl /bin/true ${place}/tool`, `chmod -x ${place}/tool`, `chmod +x ${place}/tool`, `${place}/tool`, `${place}/tool`,
      "/bin/bash -c 'for port in $(seq 1 30); do { : > /dev/tcp/127.0.0.1/$port; } 2>/dev/null; done; true'",
    ].join('; ');
    await run('/bin/bash', ['-c', `${enter}; ${script}`], { cwd: '/' });
    await recording.settle();
    const found = detections(readFileSync(recording.file));
    assert.deepEqual(found.map((one) => one.rule), ['Downloaded file executed', 'Port scan']);
    const [download, scan] = found;
    const steps = (download?.fields ?? []).filter((one) => one.name.startsWith('vedette.step')).map((one) => one.value ?? '');
    assert.match(steps[0] ?? '', new RegExp(`^\\d{4}-.*Z downloaded to ${place}/tool by curl `));
    assert.match(steps[1] ?? '', /made executable by chmod \+x /);
    assert.equal(steps.length, 2);
    assert.equal(scan?.fields.find((one) => one.name === 'vedette.count')?.value, '20');
    assert.match(scan?.output ?? '', /^Port scan of 127\.0\.0\.1 by bash .*last port 20,/);
  } finally {
    await recording.stop();
    cgroup.remove();
    rmSync(place, { recursive: true, force: true });
  }
});
