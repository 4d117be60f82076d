/**
 * On a kernel without BTF the product starts as root all the same: the loader loads nothing and says why, the processes are
 * listed, and nothing else is claimed. The kernel's type information is hidden in a mount namespace of the test's own.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../until.ts';
import { Product } from './product.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-no-btf-'));
const withoutBtf = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', 'sh'];
const product = new Product({ state: join(place, 'state'), port: 7483, within: withoutBtf });

before(async () => {
  chmodSync(place, 0o755);
  await product.start();
});
after(async () => {
  await product.stop();
  rmSync(place, { recursive: true, force: true });
});

test('the terminal says that nothing is watched, and why', () => {
  assert.match(product.output, /! sensor on kernel \S+: 0 hooks/);
  assert.match(product.output, /why: this kernel has no BTF \(\/sys\/kernel\/btf\/vmlinux\)/);
  assert.doesNotMatch(product.output, /Vedette is watching/);
});

test('the processes are listed, and coverage claims nothing', async () => {
  const client = await product.client();
  const found = await until(async () => (await client.call('listProcesses', { query: { limit: 200 } })).items.find((one) => one.pid === process.pid), 15_000);
  assert.ok(found.value, 'this process is not listed');
  const sensor = (await client.call('listSensors', {})).items[0];
  assert.equal(sensor?.coveragePercent, 0);
  assert.ok(sensor?.hooks.every((one) => !one.attached && /no BTF/.test(one.reason ?? '')));
});
