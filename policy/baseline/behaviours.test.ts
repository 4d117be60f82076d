import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Behaviour } from '@vedette/model/baseline';
import { executedOrigins } from '@vedette/model/baseline-words';
import { Behaviours, behaviourKey } from './behaviours.ts';
import { nearbySentence } from './nearby.ts';
import { behaviourOf, wordsOf } from './words.ts';

const file = (path: string): Behaviour => ({ kind: 'file', path });
const out = (over: Partial<Extract<Behaviour, { kind: 'peer' }>>): Behaviour => ({ kind: 'peer', direction: 'out', protocol: 'tcp', port: 443, name: null, address: null, ...over });
const run = (path: string, list: string[] | null = [], parent = '/bin/sh'): Behaviour => ({ kind: 'execution', path, arguments: list, parent, user: 0, origin: 'image' });
const sorted = (set: Behaviours): string[] => [...set].map(behaviourKey).sort();

test('a directory with many files is one pattern, and holds what comes after', () => {
  const set = new Behaviours();
  for (let i = 0; i < 24; i++) set.add(file(`/var/lib/app/f-${String.fromCharCode(97 + i)}`));
  assert.equal(set.size, 24);
  assert.deepEqual(set.add(file('/var/lib/app/one-more')), file('/var/lib/app/**'));
  assert.deepEqual([...set], [file('/var/lib/app/**')]);
  assert.equal(set.has(file('/var/lib/app/deep/er')), true);
  assert.equal(set.has(file('/var/lib/other')), false);
});

test('arguments fold for one program, parent and user; others do not suffer', () => {
  const set = new Behaviours();
  for (let i = 0; i <= 16; i++) set.add(run('/bin/cat', [`file-${String.fromCharCode(97 + i)}`]));
  assert.deepEqual([...set], [run('/bin/cat', null)]);
  assert.equal(set.has(run('/bin/cat', ['anything'])), true);
  assert.equal(set.has(run('/bin/cat', ['anything'], '/bin/bash')), false);
  assert.equal(set.has({ ...run('/bin/cat'), origin: 'dropped' } as Behaviour), false);
});

test('peers fold by what their names and addresses begin with', () => {
  const set = new Behaviours();
  for (let i = 0; i <= 24; i++) set.add(out({ name: `host-${String.fromCharCode(97 + i)}.eu.example.com` }));
  for (let i = 0; i <= 24; i++) set.add(out({ address: `10.0.3.${i}` }));
  assert.deepEqual([...set], [out({ name: '*.eu.example.com' }), out({ address: '10.0.3.*' })]);
  assert.equal(set.has(out({ name: 'new.eu.example.com' })), true);
  assert.equal(set.has(out({ name: 'new.us.example.com' })), false);
  assert.equal(set.has(out({ name: 'new.eu.example.com', port: 80 })), false);
});

test('a set that is full takes nothing new, and counts', () => {
  const set = new Behaviours([], 2);
  set.add(run('/bin/a'));
  set.add(run('/bin/b'));
  assert.equal(set.add(run('/bin/c')), null);
  assert.equal(set.add(run('/bin/a')), null);
  assert.equal(set.cut, 1);
});

test('what was expected nearby', () => {
  const learned = [run('/bin/cat', ['/etc/hosts']), run('/bin/ls'), run('/bin/id', [], '/bin/other'), file('/var/log/a.log')];
  assert.equal(nearbySentence(run('/bin/cat', ['/etc/shadow']), learned), 'Learned nearby: /bin/cat /etc/hosts by /bin/sh as user 0; /bin/ls by /bin/sh as user 0');
  assert.equal(nearbySentence(file('/var/log/b.log'), learned), 'Learned nearby: /var/log/a.log');
  assert.equal(nearbySentence(file('/etc/passwd'), learned), 'Nothing like it was learned');
});

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789');
const behaviours = fc.oneof(
  fc.tuple(fc.constantFrom('/data', '/data/x', '/var/lib/app'), letter, letter).map(([dir, a, b]) => file(`${dir}/${a}${b}`)),
  fc.constantFrom(file('/data/**'), file('/var/**')),
  fc.tuple(fc.constantFrom('/bin/sh', '/bin/cat'), fc.option(fc.array(letter, { maxLength: 2 })), fc.constantFrom(...executedOrigins)).map(([path, list, origin]): Behaviour => ({ kind: 'execution', path, arguments: list, parent: '', user: 0, origin })),
  fc.tuple(fc.constantFrom(null, 80, 443), fc.option(fc.tuple(letter, fc.constantFrom('example.com', 'com', '*.com')).map(([a, b]) => (b.startsWith('*') ? b : `${a}.${b}`))), letter).map(([port, name, a]): Behaviour => out(port === null ? { port, name: null, address: null } : { port, name, address: name === null ? `10.0.${a.charCodeAt(0)}.1` : null })),
  fc.constantFrom(out({ address: '*' }), out({ name: '*' }), out({ address: '10.*' }), out({ address: '*:*' }), out({ address: '2001:db8:0:0:0:0:0:1' }), out({ direction: 'listen', port: 80, address: 'any' })),
  fc.constantFrom<Behaviour>({ kind: 'capability', capability: 'CAP_CHOWN' }),
);
const sets = fc.array(behaviours, { maxLength: 120 });
const united = (...all: readonly Iterable<Behaviour>[]): Behaviours => new Behaviours(all.flatMap((one) => [...one]));

test('a behaviour is the same after its words', () => {
  fc.assert(fc.property(behaviours, (one) => assert.deepEqual(behaviourOf(one.kind, wordsOf(one)), one)));
});

test('uniting is associative, commutative and idempotent, whatever was folded when', () => {
  fc.assert(fc.property(sets, sets, sets, (a, b, c) => {
    const [x, y, z] = [new Behaviours(a), new Behaviours(b), new Behaviours(c)];
    assert.deepEqual(sorted(united(united(x, y), z)), sorted(united(x, united(y, z))));
    assert.deepEqual(sorted(united(x, y)), sorted(united(y, x)));
    assert.deepEqual(sorted(united(x, x)), sorted(x));
    for (const one of a) assert.equal(united(x, y).has(one), true);
  }), { numRuns: 300 });
});

test('news are enough: whoever is told them has the same set', () => {
  fc.assert(fc.property(sets, (all) => {
    const own = new Behaviours();
    const told = new Behaviours();
    for (const one of all) {
      const news = own.add(one);
      if (news !== null) told.add(news);
    }
    assert.deepEqual(sorted(told), sorted(own));
  }), { numRuns: 300 });
});
