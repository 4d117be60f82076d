import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from '@vedette/rules/address';
import { encodeCommand, type Command } from './commands.ts';

/** The bytes as vd_command_frame and vd_decision have them: magic, length, id, command, padding, payload. */
const golden: [command: Command, hex: string][] = [
  [{ do: 'acknowledge', position: 4096 }, '56444331 08000000 07000000 0100 0000 0010000000000000'],
  [{ do: 'deleteCgroup', key: 17 }, '56444331 08000000 07000000 0300 0000 1100000000000000'],
  [{ do: 'deleteCgroup', key: -44 }, '56444331 08000000 07000000 0300 0000 2c00000000000080'],
  [{ do: 'kill', tgid: 4711, startBootNs: 1_000_000_001 }, '56444331 0c000000 07000000 0600 0000 01ca9a3b00000000 67120000'],
  [
    { do: 'effect', act: 'isolate', keyV1: 17, keyV2: -44, process: null, allowed: [networkOf('10.0.0.0/8')!], undo: false, dryRun: true },
    '56444331 3c000000 07000000 0a00 0000 1100000000000000 2c00000000000080 0000000000000000' +
      '00000000 0300 0200 01000000 00000000' + // no process, isolate, dry run, one network
      '68000000 00000000000000000000ffff0a000000',
  ],
  [
    { do: 'effect', act: 'kill', keyV1: 17, keyV2: 0, process: { tgid: 4711, startBootNs: 1_000_000_001n }, allowed: [], undo: true, dryRun: false },
    '56444331 28000000 07000000 0a00 0000 1100000000000000 0000000000000000 01ca9a3b00000000 67120000 0100 0100 00000000 00000000',
  ],
  [{ do: 'forgetMarks' }, '56444331 00000000 07000000 0500 0000'],
  [{ do: 'watchPath', path: '/etc/x' }, '56444331 06000000 07000000 0700 0000 2f6574632f78'],
  [
    { do: 'setCgroup', key: 17, isContainer: true, decision: { generation: 3, kill: { dropped: 9, memory: 9 }, shadow: { volume: 10 } } },
    '56444331 38000000 07000000 0200 0000 1100000000000000' +
      '01000000 03000000 30000000 40000000' + // container, generation, bits 4 and 5 killed, bit 6 shadowed
      '0000 0000 0000 0000 0900 0900 0000 0000' +
      '0000 0000 0000 0000 0000 0000 0a00 0000',
  ],
  [
    { do: 'setCgroup', key: 17, isContainer: true, decision: { generation: 3, kill: { image: 9, modified: 9, dropped: 9, memory: 9, volume: 9, unjudged: 9 }, shadow: {} } },
    '56444331 38000000 07000000 0200 0000 1100000000000000' +
      '05000000 03000000 fc000000 00000000' + // container as a whole, generation, bits 2 to 7 killed
      '0000 0000 0900 0900 0900 0900 0900 0900' +
      '0000 0000 0000 0000 0000 0000 0000 0000',
  ],
];

for (const [command, hex] of golden) {
  test(`${command.do} as bytes`, () => {
    assert.equal(Buffer.from(encodeCommand(command, 7)).toString('hex'), hex.replaceAll(' ', ''));
  });
}
