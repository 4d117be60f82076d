import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressOf, addressText, networkContains, networkOf } from './address.ts';

const addresses: readonly (readonly [text: string, printed: string | null])[] = [
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['fe80::1.2.3.4', 'fe80::102:304'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['256.1.1.1', null],
  ['1.1.1', null],
  ['1:2:3:4:5:6:7', null],
  ['1:2:3:4:5:6:7:8:9', null],
  ['1::2::3', null],
  ['12345::', null],
  ['localhost', null],
  ['', null],
];

test('addresses are read and printed', () => {
  for (const [text, printed] of addresses) {
    const address = addressOf(text);
    equal(address === null ? null : addressText(address), printed, text);
  }
});

test('what is printed reads as the same bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => deepEqual([...(addressOf(addressText(bytes)) ?? [])], [...bytes])));
});

const networks: readonly (readonly [network: string, address: string, contains: boolean])[] = [
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/9', '10.128.0.1', false],
  ['0.0.0.0/0', '8.8.8.8', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '8.8.8.8', false],
  ['::/0', '2001:db8::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['192.168.1.1', '192.168.1.1', true],
  ['192.168.1.1', '192.168.1.2', false],
];

test('networks contain what they should', () => {
  for (const [text, address, contains] of networks) {
    const network = networkOf(text);
    const bytes = addressOf(address);
    equal(network !== null && bytes !== null && networkContains(network, bytes), contains, `${text} ${address}`);
  }
  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', '10.0/8']) equal(networkOf(text), null, text);
});
