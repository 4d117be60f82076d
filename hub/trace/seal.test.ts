import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sealFrom, sealWith } from './seal.ts';

test('what was sealed is opened by its key, for its name, untouched, and by nothing else', () => {
  const seal = sealWith(randomBytes(32));
  const other = sealWith(randomBytes(32));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.nat(), (secret, name, at) => {
      const sealed = seal.close(name, secret);
      assert.equal(seal.open(name, sealed), secret);
      assert.equal(other.open(name, sealed), null);
      assert.equal(seal.open(`${name}x`, sealed), null);
      const touched = Buffer.from(sealed);
      touched[at % touched.length]! ^= 1;
      assert.equal(seal.open(name, touched), null);
      assert.equal(seal.open(name, sealed.subarray(0, at % sealed.length)), null);
    }),
  );
  assert.notDeepEqual(seal.close('a', 'b'), seal.close('a', 'b'));
});

test('the key file is made once, for its owner alone, and one that is no key is refused without showing it', async () => {
  const place = mkdtempSync(join(tmpdir(), 'vedette-seal-'));
  try {
    const file = join(place, 'key');
    const sealed = (await sealFrom(file)).close('a', 'secret');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await sealFrom(file)).open('a', sealed), 'secret');
    const [first, second] = await Promise.all([sealFrom(join(place, 'raced')), sealFrom(join(place, 'raced'))]);
    assert.equal(second.open('a', first.close('a', 'x')), 'x');
    writeFileSync(file, 'c2hvcnQ=');
    await assert.rejects(sealFrom(file), (error: Error) => /does not hold a key/.test(error.message) && !error.message.includes('c2hvcnQ'));
    assert.ok(readFileSync(file, 'utf8').length > 0);
  } finally {
    rmSync(place, { recursive: true });
  }
});
