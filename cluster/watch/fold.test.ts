/** What is told, applied in its order, is what the cluster holds: whatever changes, is listed again, or is too large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { KindFold, objectBytesMax, type ObjectsSaid, type PrunedObject } from './fold.ts';

function object(name: string, value: number, size = 0): PrunedObject {
  return { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: String(value), content: { name, value, filler: 'x'.repeat(size) } };
}

/** The rule of a whole list, as the hub applies it. */
class Receiver {
  readonly held = new Map<string, unknown>();
  #list: { id: string; mentioned: Set<string> } | undefined;

  take({ changed, removed, listId, listEnds, listObjects }: ObjectsSaid): void {
    if (listId !== '' && this.#list?.id !== listId) this.#list = { id: listId, mentioned: new Set() };
    for (const one of changed) {
      this.held.set(one.name, JSON.parse(new TextDecoder().decode(one.json)));
      this.#list?.mentioned.add(one.name);
    }
    for (const one of removed) this.held.delete(one.name);
    if (!listEnds || this.#list === undefined) return;
    const { mentioned } = this.#list;
    assert.equal(mentioned.size, listObjects);
    for (const name of this.held.keys()) if (!mentioned.has(name)) this.held.delete(name);
    this.#list = undefined;
  }
}

const names = ['a', 'b', 'c', 'd', 'e'];
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), name: fc.constantFrom(...names), value: fc.nat(3), large: fc.boolean() }),
  fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom(...names) }),
  fc.record({ kind: fc.constantFrom('list' as const, 'flush' as const) }),
);

test('any interleaving of lists, changes and pauses ends in what the cluster holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cluster = new Map<string, PrunedObject>();
      const [fold, receiver] = [new KindFold(), new Receiver()];
      const take = (said: ObjectsSaid[]): void => said.forEach((one) => receiver.take(one));
      take(fold.listed([], 'first'));
      for (const [index, one] of steps.entries()) {
        if (one.kind === 'put') {
          const put = object(one.name, one.value, one.large ? objectBytesMax : 0);
          cluster.set(one.name, put);
          fold.changed(put);
        } else if (one.kind === 'remove') {
          const gone = cluster.get(one.name);
          cluster.delete(one.name);
          if (gone !== undefined) fold.removed(gone);
        } else {
          take(one.kind === 'list' ? fold.listed([...cluster.values()], `list-${index}`) : fold.flush());
        }
      }
      take(fold.flush());
      const sendable = [...cluster.values()].filter((one) => JSON.stringify(one.content).length <= objectBytesMax);
      assert.deepEqual(Object.fromEntries(receiver.held), Object.fromEntries(sendable.map((one) => [one.name, one.content])));
      assert.equal(fold.tooLarge, cluster.size - sendable.length);
      assert.equal(fold.objects, sendable.length);
      assert.deepEqual(fold.flush(), []);
    }),
    { numRuns: 300 },
  );
});

test('what says nothing new is not said, and many changes of a moment are one', () => {
  const fold = new KindFold();
  fold.listed([object('a', 1)], 'l');
  fold.changed({ ...object('a', 1), resourceVersion: '99' });
  assert.equal(fold.isPending, false);
  for (const value of [2, 3, 4]) fold.changed(object('a', value));
  fold.removed(object('b', 1));
  const [said, ...more] = fold.flush();
  assert.deepEqual(more, []);
  assert.deepEqual([said?.changed.map((one) => one.resourceVersion), said?.removed.map((one) => one.name), said?.listId], [['4'], ['b'], '']);
});

test('a list is told in bites that fit, and its last one says how many there were', () => {
  const fold = new KindFold();
  const many = Array.from({ length: 1200 }, (_, index) => object(`n${index}`, index, 1000));
  const said = fold.listed(many, 'l');
  assert.ok(said.length > 2);
  for (const [index, one] of said.entries()) {
    assert.ok(one.changed.reduce((sum, { json }) => sum + json.byteLength, 0) <= 400 * 1024);
    assert.deepEqual([one.listId, one.listEnds, one.listObjects], ['l', index === said.length - 1, index === said.length - 1 ? 1200 : 0]);
  }
  assert.deepEqual(new KindFold().listed([], 'empty'), [{ changed: [], removed: [], listId: 'empty', listEnds: true, listObjects: 0 }]);
});
