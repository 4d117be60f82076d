/** The decoder's offsets against the BTF of the compiled object, for both architectures: the contract cannot drift. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as layout from './layout.ts';

interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number }[];
}

const sources = join(import.meta.dirname, '..', 'probe', 'probe.bpf.c');

function structsOf(target: string): Map<string, BtfType> {
  const place = mkdtempSync(join(tmpdir(), 'vedette-layout-'));
  after(() => rmSync(place, { recursive: true, force: true }));
  const object = join(place, 'probe.o');
  execFileSync('clang', ['-O2', '-g', '-target', 'bpf', `-D__TARGET_ARCH_${target}`, '-c', sources, '-o', object]);
  const { types } = JSON.parse(execFileSync('bpftool', ['--json', 'btf', 'dump', 'file', object], { encoding: 'utf8', maxBuffer: 64 << 20 })) as { types: BtfType[] };
  return new Map(types.filter((one) => one.kind === 'STRUCT').map((one) => [one.name, one]));
}

const compared: [name: string, mine: Readonly<Record<string, number>>][] = [
  ['vd_header', layout.header],
  ['vd_reference', layout.reference],
  ['vd_exec', layout.exec],
  ['vd_fork', layout.fork],
  ['vd_exit', layout.exit],
  ['vd_cgroup', layout.cgroup],
  ['vd_file', layout.file],
  ['vd_socket', layout.socket],
  ['vd_call', layout.call],
  ['vd_dns', layout.dns],
  ['vd_hello', layout.hello],
  ['vd_hook', layout.hook],
  ['vd_tick', layout.tick],
  ['vd_cgroup_loss', layout.cgroupLoss],
  ['vd_canary', layout.canary],
  ['vd_table', layout.table],
];

/** size_ is the member called size; size is the struct's. */
function memberName(key: string): string {
  return key.replace(/_$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/_v(\d)/, '_v$1').replace(/^v1_/, 'v1_');
}

for (const target of ['x86', 'arm64']) {
  test(`every offset is the compiled one (${target})`, () => {
    const structs = structsOf(target);
    for (const [name, mine] of compared) {
      const theirs = structs.get(name);
      assert.ok(theirs, `${name} is not in the BTF`);
      assert.equal(mine['size'], theirs.size, `size of ${name}`);
      const offsets = new Map((theirs.members ?? []).map((one) => [one.name, one.bits_offset / 8]));
      for (const [key, offset] of Object.entries(mine)) {
        if (key === 'size') continue;
        assert.equal(offset, offsets.get(memberName(key)), `${name}.${memberName(key)}`);
      }
      const missing = [...offsets.keys()].filter((one) => one !== 'header' && !Object.keys(mine).some((key) => memberName(key) === one));
      assert.deepEqual(missing, [], `members of ${name} that the decoder does not know`);
    }
  });
}
