/** Parameters of events as text: each type, in the base and with the names that its event gives it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayed } from '../testing/replayed.ts';
import { CaptureWriter, fileEntry, int, ipv4, tuple4, type Value } from '../testing/writer.ts';

const address = Buffer.concat([Buffer.from([2]), ipv4('10.1.2.3'), int(8080, 2)]);
const polled = Buffer.concat([int(2, 2), int(3, 8), int(1, 2), int(9, 8), int(0x11, 2)]);

const cases: readonly (readonly [what: string, code: number, values: readonly Value[], args: string])[] = [
  ['a descriptor and an error', 5, [-9, 3], 'res=-9(EBADF) fd=3(<f>/var/log/x)'],
  ['a descriptor that is not known', 5, [0, 44], 'res=0 fd=44'],
  ['flags, a mode in octal, a relative path', 3, [3, 'y', 5, 0o600, 0x803, 9], 'fd=3(<f>/root/y) name=y(/root/y) flags=5(O_CREAT|O_RDONLY) mode=0600 dev=803 ino=9'],
  ['bytes that cannot be printed', 9, [3, Buffer.from('a\0\n\u00e9z'), 3, 5], 'res=3 data=a....z fd=3(<f>/var/log/x) size=5'],
  ['an address', 21, [0, address, 3], 'res=0 addr=10.1.2.3:8080 fd=3(<2>10.1.2.3:8080)'],
  ['a connection', 23, [0, tuple4('10.0.0.1', 1, '10.0.0.2', 2), 44, address], 'res=0 tuple=10.0.0.1:1->10.0.0.2:2 fd=44 addr=10.1.2.3:8080'],
  ['a signal and processes', 232, [10, 11, 9], 'spid=10(bash) dpid=11 sig=9(SIGKILL)'],
  ['one of a list', 19, [4, 2, 1, 0], 'fd=4(<4>) domain=2(AF_INET) type=1 proto=0'],
  ['descriptors that are waited for', 81, [1, polled], 'res=1 fds=3:f1 9:?11 timeout=<NA>'],
  ['hexadecimal', 171, [0], 'res=0 fd=3(<f>/var/log/x) request=5401 argument=7F0000000000'],
  ['an id of nobody; an old event that never said it', 427, [0, 0xffffffff], 'res=0 ruid=-1(<NONE>) euid=<NA>'],
];

for (const [what, code, values, args] of cases) {
  test(what, () => {
    const writer = new CaptureWriter().threads([{ tid: 10, comm: 'bash', cwd: '/root/' }]).descriptors(10, [fileEntry(3, '/var/log/x')]);
    // What it was called with stands in the enter event, where it is an old one.
    if (code === 171) writer.event(170, [3, 0x5401, 0x7f0000000000], { tid: 10 });
    writer.event(code, values, { tid: 10 });
    assert.deepEqual(replayed(writer.bytes(), 'evt.num = 1', '%evt.args').outputs, [args]);
  });
}
