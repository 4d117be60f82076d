import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NameAnswers, readAnswer } from './name-answers.ts';

function name(text: string): number[] {
  return [...text.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

/** A message with one question and these records, whose owners point back to the question. */
function message(asked: string, records: readonly (readonly [type: number, data: readonly number[]])[], more: { flags?: number; questions?: number } = {}): Uint8Array {
  const { flags = 0x8180, questions = 1 } = more;
  const body = records.flatMap(([type, data]) => [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length, ...data]);
  return Uint8Array.from([0, 7, flags >> 8, flags & 255, 0, questions, 0, records.length, 0, 0, 0, 0, ...name(asked), 0, 1, 0, 1, ...body]);
}

const v4 = (...bytes: readonly number[]) => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]);
const v6 = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);

test('addresses of an answer belong to the name that was asked, whatever aliases are between', () => {
  const alias = [...name('edge.example').slice(0, -1), 0];
  assert.deepEqual(readAnswer(message('API.Shop.example', [[5, alias], [1, [192, 0, 2, 7]], [28, [...v6]]])), { name: 'api.shop.example', addresses: [v4(192, 0, 2, 7), v6] });
});

const nothing: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['a question', message('a.example', [[1, [1, 2, 3, 4]]], { flags: 0x0100 })],
  ['a failure', message('a.example', [[1, [1, 2, 3, 4]]], { flags: 0x8183 })],
  ['two questions', message('a.example', [[1, [1, 2, 3, 4]]], { questions: 2 })],
  ['no address', message('a.example', [[16, [1, 65]]])],
  ['an address of a wrong size', message('a.example', [[1, [1, 2, 3]]])],
  ['a name that points to itself', Uint8Array.from([0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])],
  ['too little', Uint8Array.from([1, 2, 3])],
];
for (const [what, bytes] of nothing) test(`${what} is no answer`, () => assert.equal(readAnswer(bytes), null));

test('a message that is cut anywhere, or any bytes at all, never fail', () => {
  const whole = message('a.example', [[1, [1, 2, 3, 4]], [28, [...v6]]]);
  for (let length = 0; length < whole.length; length++) readAnswer(whole.subarray(0, length));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readAnswer(bytes)));
});

test('an address has the name that was told last, in its own container, and the oldest is forgotten first', () => {
  const names = new NameAnswers(2);
  names.told(message('one.example', [[1, [192, 0, 2, 1]]]), 'web');
  names.told(message('two.example', [[1, [192, 0, 2, 1]]]), 'web');
  assert.equal(names.nameOf(v4(192, 0, 2, 1), 'web'), 'two.example');
  assert.equal(names.nameOf(v4(192, 0, 2, 1), null), null);
  names.told(message('b.example', [[1, [192, 0, 2, 2]], [1, [192, 0, 2, 3]]]), null);
  assert.deepEqual([names.size, names.nameOf(v4(192, 0, 2, 1), 'web')], [2, null]);
});
