import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createJoinToken, formatJoinToken, hashJoinSecret, parseJoinToken } from './join-token.ts';

const fingerprint = 'ab'.repeat(32);

test('a token comes back as it was, also with white space around it', () => {
  for (const url of ['https://hub.example:8443', 'https://127.0.0.1:9443', 'https://[::1]:9443', 'https://hub.example']) {
    const token = createJoinToken(url, fingerprint);
    assert.deepEqual(parseJoinToken(`  ${formatJoinToken(token)}\n`), { kind: 'token', token });
  }
});

test('two tokens have two secrets, and a hash does not tell its secret', () => {
  const [one, two] = [createJoinToken('https://h', fingerprint), createJoinToken('https://h', fingerprint)];
  assert.notEqual(one.secret, two.secret);
  assert.match(hashJoinSecret(one.secret), /^[0-9a-f]{64}$/);
  assert.notEqual(hashJoinSecret(one.secret), hashJoinSecret(two.secret));
});

test('a token cut off, changed or extended anywhere is refused', () => {
  const text = formatJoinToken(createJoinToken('https://hub.example:8443', fingerprint));
  for (let length = 0; length < text.length; length += 1) assert.equal(parseJoinToken(text.slice(0, length)).kind, 'refused');
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === 'A' ? 'B' : 'A';
    const changed = `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
    const parsed = parseJoinToken(changed);
    // The last character may carry bits that belong to no byte.
    if (parsed.kind === 'token') assert.equal(formatJoinToken(parsed.token), text);
  }
  assert.equal(parseJoinToken(`${text}AAAA`).kind, 'refused');
});

const hostile = ['', 'vdt1.', 'vdt2.AAAA', 'vdt1.*', `vdt1.${'A'.repeat(2000)}`, 'https://hub.example', 'vdt1.AAAAAAAA'];
for (const text of hostile) {
  test(`refused with a sentence: ${JSON.stringify(text.slice(0, 30))}`, () => {
    const parsed = parseJoinToken(text);
    assert.ok(parsed.kind === 'refused' && parsed.reason.length > 10);
  });
}

for (const url of ['http://hub.example', 'https://user:pw@hub.example', 'https://hub.example/path', 'https://hub.example?q', 'hub.example:8443', 'https://', 'javascript:1']) {
  test(`no token names ${url}`, () => {
    assert.throws(() => createJoinToken(url, fingerprint), RangeError);
    const forged = { hubUrl: url, authorityFingerprint: fingerprint, secret: Buffer.alloc(32, 1).toString('base64url') };
    assert.equal(parseJoinToken(formatJoinToken(forged)).kind, 'refused');
  });
}

test('any text is answered with a value', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => {
    parseJoinToken(text);
    assert.equal(parseJoinToken(`vdt1.${Buffer.from(text).toString('base64url')}`).kind, 'refused');
  }));
});
