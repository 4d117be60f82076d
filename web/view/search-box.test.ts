import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nextStep, passesByItself } from './problems.ts';
import { searchOffers } from './search-box.ts';
import { localPath } from './url.ts';

test('the form of the text decides what is offered first', () => {
  const table: [string, string][] = [
    ['CVE-2021-44228', '/vulnerabilities/CVE-2021-44228'], ['cve:openssl', '/vulnerabilities?q=openssl'], ['/tmp/x', '/live?q=/tmp/x&view=processes'],
    ['sha256:9c1e', '/live?image=sha256:9c1e'], ['host:node-7', '/fleet?q=node-7'], ['nginx', '/incidents?q=nginx&state=all'], ['T1059.004', '/incidents?q=T1059.004&state=all'],
  ];
  for (const [text, href] of table) assert.equal(searchOffers(text)[0]!.href, href);
});

test('nothing is offered for nothing, and every list for a plain word', () => {
  assert.deepEqual(searchOffers('  '), []);
  assert.equal(searchOffers('nginx').length, 6);
});

test('whatever is typed, offers stay in the console', () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => {
    for (const offer of searchOffers(text)) assert.equal(localPath(offer.href, 'refused'), offer.href);
  }));
});

test('every failure has a next step, also one from a newer hub', () => {
  assert.match(nextStep('policy-invalid'), /Mend/);
  assert.match(nextStep('constructor'), /Try again/);
  assert.equal(passesByItself('starting'), true);
  assert.equal(passesByItself('forbidden'), false);
});
