/** Connections of one sort are one flow, whatever comes between them, and every one of them is counted once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SocketEvent } from '@vedette/model/event';
import { FlowFolder } from './fold.ts';

const subject = { timeBootNs: 5e9, tgid: 7, tid: 7, startBootNs: 1e9, execId: 1, uid: 0, cgroupV1: 0, cgroupV2: 0 };
const ends = fc.record({
  kind: fc.constantFrom<SocketEvent['kind'][]>('connect', 'accept', 'listen'), local: fc.constantFrom(1, 2), remote: fc.constantFrom(1, 2), localPort: fc.constantFrom(80, 443), remotePort: fc.constantFrom(80, 443),
  protocol: fc.constantFrom(6, 17, 99), result: fc.constantFrom(0, -111, -115), containerId: fc.constantFrom(null, 'c1'), hour: fc.constantFrom(0, 1),
});
const address = (last: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, last);

test('flows add up to what was told, by their own keys', () => {
  fc.assert(fc.property(fc.array(fc.record({ of: ends, times: fc.integer({ min: 1, max: 4 }) }), { maxLength: 30 }), (runs) => {
    const folder = new FlowFolder();
    const expected = new Map<string, { count: number; failed: number }>();
    for (const { of: { local, remote, containerId, hour, ...one }, times } of runs) {
      for (let time = 0; time < times; time++) {
        const event: SocketEvent = { ...subject, timeBootNs: subject.timeBootNs + hour * 3.6e12, ...one, localAddress: address(local), remoteAddress: address(remote), family: 2, networkNamespace: 1 };
        folder.add(event, null, containerId, 0);
        const key = [hour, containerId ?? '', one.kind, one.kind === 'listen' ? local : remote, one.kind === 'connect' ? one.remotePort : one.localPort, one.protocol].join();
        const sum = expected.get(key) ?? { count: 0, failed: 0 };
        expected.set(key, { count: sum.count + 1, failed: sum.failed + (one.result === -111 ? 1 : 0) });
      }
    }
    const directions = { 1: 'connect', 2: 'accept', 3: 'listen' } as Readonly<Record<number, string>>;
    const protocols = { tcp: 6, udp: 17, 'ip-99': 99 } as Readonly<Record<string, number>>;
    const found = folder.take().map((one) => [[Number(one.hourStartMs) / 3_600_000, one.containerId, directions[one.direction], one.address[15], one.port, protocols[one.protocol]].join(), { count: Number(one.count), failed: Number(one.failed) }] as const);
    assert.deepEqual(new Map(found), expected);
    assert.equal(found.length, expected.size, 'each once');
    assert.deepEqual(folder.take(), []);
  }), { numRuns: 500 });
});
