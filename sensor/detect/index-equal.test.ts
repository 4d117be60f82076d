/** The index of the rules changes nothing: on events that are alike in what it goes by and differ in all else, both ways find the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileEvent } from '../testing/events.ts';
import { containerOf, executionOf, identityOf } from '../testing/things.ts';
import { Detector } from './detector.ts';

const conditions = [
  'evt.type in (open, openat) and fd.name startswith /etc and proc.name = sh',
  'evt.type = openat and evt.is_open_write = true and (fd.directory = /etc or container.id != host)',
  'evt.type = openat and not fd.name endswith .conf and not proc.name in (sh, cat)',
  'evt.type = openat and (fd.name = /etc/shadow or user.uid = 0) and evt.is_open_read = true',
  'evt.type = openat and evt.is_open_create = true and fd.filename contains a',
  'evt.type = openat and fd.name != /etc/shadow and container.image.repository = registry.test/shop/cart',
  'evt.type = openat and fd.name = proc.exepath',
  'evt.type = openat and not (fd.typechar = f and fd.name startswith /tmp)',
  'evt.type in (mmap, mmap2) and fd.name startswith /tmp',
];
const files = [{ name: 'equal.yaml', text: conditions.map((condition, number) => `- rule: r${number}\n  desc: of a test\n  condition: ${condition}\n  output: "%fd.name %proc.name"\n  priority: WARNING\n`).join('') }];
const host = { hostname: 'node-1', userName: () => null };

const event = fc.record({
  kind: fc.constantFrom('open-read' as const, 'open-write' as const, 'map-exec' as const),
  path: fc.constantFrom('/etc/shadow', '/etc/a.conf', '/tmp/a', '/tmp/b', '/memfd:x', '/usr/bin/true', ''),
  openFlags: fc.constantFrom(0, 1, 2),
  askedFlags: fc.constantFrom(0, 1, 0o101, 0o1101),
  askedMode: fc.constantFrom(0, 0o644, 0o755),
  command: fc.constantFrom('sh', 'cat', 'true'),
  uid: fc.constantFrom(0, 1000),
  where: fc.constantFrom('host', 'known', 'pending'),
});

test('with the index and with every rule asked about every event the findings are the same, pending ones too', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const [indexed, whole] = [new Detector(host, files), new Detector(host, files)];
      whole.withoutIndex();
      for (const { command, uid, where, ...one } of events) {
        const subject = {
          eventClass: one.kind === 'map-exec' ? ('mapExec' as const) : ('open' as const),
          event: fileEvent(one), execution: executionOf({ command, uid }), isContainerInit: false, wallOffsetNs: 0,
          container: where === 'host' ? null : containerOf({ identity: where === 'known' ? identityOf() : null }),
        };
        assert.deepEqual(indexed.evaluate(subject), whole.evaluate(subject));
      }
      assert.deepEqual(indexed.release(null, 0, true), whole.release(null, 0, true));
    }),
    { numRuns: 200 },
  );
});
