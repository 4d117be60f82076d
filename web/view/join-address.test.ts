import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { joinAddress, leadsToItself } from './join-address.ts';

/** Length, address, fingerprint, secret and check, as `link/transport` writes it. */
function tokenTo(url: string): string {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(url.length);
  return `vdt1.${Buffer.concat([length, Buffer.from(url), Buffer.alloc(68, 0xa7)]).toString('base64url')}`;
}

test('the address is the one that the token was made with', () => {
  for (const url of ['https://127.0.0.1:7421', 'https://hub.example.org:7421', 'https://[2001:db8::1]:8443']) assert.equal(joinAddress(tokenTo(url)), url);
});

test('anything else says nothing', () => {
  for (const text of ['', 'vdt1.', 'vdt2.AAAA', 'vdt1.AA', 'vdt1._____', 'x']) assert.equal(joinAddress(text), null, text);
  fc.assert(fc.property(fc.string(), (text) => joinAddress(`vdt1.${text}`) === null || joinAddress(`vdt1.${text}`)!.startsWith('https://')));
});

test('an address of the machine itself is told from one that others reach', () => {
  assert.deepEqual(['https://127.0.0.1:7421', 'https://localhost:7421', 'https://[::1]:7421', 'https://hub.example.org:7421', 'https://10.0.0.2:1'].map(leadsToItself), [true, true, true, false, false]);
});
