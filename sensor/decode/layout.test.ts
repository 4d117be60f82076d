/** The numbers of the contract (kinds, flags, causes, origins, verdicts) against the header that defines them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as layout from './layout.ts';

const header = readFileSync(join(import.meta.dirname, '..', 'probe', 'event.h'), 'utf8');

/** Constants whose names begin so, without the beginning. */
function constants(prefix: string): Map<string, number> {
  const pattern = new RegExp(`^(?:#define |\\t)${prefix}([A-Z0-9_]+)(?: =)? (0x[0-9a-fA-F]+|\\d+),?`, 'gm');
  return new Map([...header.matchAll(pattern)].map(([, name = '', value = '']) => [name, Number(value)]));
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function words(prefix: string, leftOut: readonly string[]): string[] {
  const found = [...constants(prefix)].filter(([name]) => !leftOut.includes(name));
  const out: string[] = [];
  for (const [name, value] of found) out[value] = name.toLowerCase().replaceAll('_', '-');
  return out;
}

test('the schema', () => {
  assert.equal(constants('VD_').get('SCHEMA'), layout.schema);
});

test('flags', () => {
  const flags = Object.fromEntries([...constants('VD_F_')].map(([name, value]) => [camel(name), value]));
  assert.deepEqual(flags, { ...layout.flags });
  const ofCalls = Object.fromEntries([...constants('VD_C_')].map(([name, value]) => [name === '32_BIT' ? 'is32Bit' : camel(name), value]));
  assert.deepEqual(ofCalls, { ...layout.callFlags });
});

test('kinds', () => {
  const body = /enum vd_kind \{([^}]*)\}/.exec(header)?.[1] ?? '';
  const kinds = Object.fromEntries([...body.matchAll(/\tVD_([A-Z_]+) = (\d+)/g)].map(([, name = '', value = '']) => [name === 'KIND_MAX' ? 'max' : camel(name), Number(value)]));
  assert.deepEqual(kinds, { ...layout.kinds });
  assert.equal(layout.classNames.length, layout.kinds.max);
});

test('causes, origins and verdicts, by number', () => {
  assert.deepEqual(words('VD_LOST_', []), [...layout.causeNames]);
  assert.deepEqual(words('VD_ORIGIN_', ['MAX']), [...layout.originWords]);
  assert.deepEqual(words('VD_VERDICT_', []), [...layout.verdictWords]);
});
