/**
 * A recording made here to one that can be kept: what was there before outside of the scope is left out (cgroups of the
 * host), and what names this host or this boot is replaced. Records keep their bytes otherwise, so what is kept is what a
 * kernel said.
 */
import * as at from '@vedette/sensor/decode/layout';

const magicBytes = 16;
const words = ['6.18.0', '00000000-0000-4000-8000-000000000000'];

export function scrubRecording(file: Buffer, scopePath: string): Buffer {
  const out: Buffer[] = [file.subarray(0, magicBytes)];
  for (let from = magicBytes; from + at.ringHeadBytes <= file.length; ) {
    const length = file.readUInt32LE(from) & 0x3fffffff;
    const whole = (length + at.ringHeadBytes + 7) & ~7;
    const head = file.subarray(from, from + at.ringHeadBytes);
    const record = file.subarray(from + at.ringHeadBytes, from + at.ringHeadBytes + length);
    from += whole;
    const kept = scrubbed(record, scopePath);
    if (kept !== null) out.push(framed(head, kept));
  }
  return Buffer.concat(out);
}

function scrubbed(record: Buffer, scopePath: string): Buffer | null {
  switch (record.readUInt16LE(at.header.kind)) {
    case at.kinds.hello:
      return scrubbedHello(record);
    case at.kinds.cgroupCreate: {
      const present = (record.readUInt16LE(at.header.flags) & at.flags.presentAtStart) !== 0;
      const path = record.toString('utf8', at.cgroup.size, at.cgroup.size + record.readUInt16LE(at.cgroup.pathBytes) - 1);
      return present && path !== scopePath && !path.startsWith(`${scopePath}/`) ? null : record;
    }
    default:
      return record;
  }
}

function scrubbedHello(record: Buffer): Buffer {
  const texts = record.toString('utf8', at.hello.size, at.hello.size + record.readUInt16LE(at.hello.textBytes)).split('\0');
  const text = Buffer.from([...words, ...texts.slice(words.length)].join('\0'));
  const fixed = Buffer.from(record.subarray(0, at.hello.size));
  fixed.writeUInt16LE(text.length, at.hello.textBytes);
  return Buffer.concat([fixed, text]);
}

function framed(head: Buffer, record: Buffer): Buffer {
  const out = Buffer.alloc((record.length + at.ringHeadBytes + 7) & ~7);
  out.writeUInt32LE(((head.readUInt32LE(0) & ~0x3fffffff) | record.length) >>> 0, 0);
  head.copy(out, 4, 4, at.ringHeadBytes);
  record.copy(out, at.ringHeadBytes);
  return out;
}
