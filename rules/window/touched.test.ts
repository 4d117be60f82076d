import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Touched } from './touched.ts';

test('is a map in the order of touching', () => {
  fc.assert(fc.property(fc.array(fc.record({ what: fc.constantFrom('touch', 'delete', 'evict'), key: fc.constantFrom('a', 'b', 'c', 'd') }), { maxLength: 60 }), (acts) => {
    const table = new Touched<number>();
    const model = new Map<string, number>();
    acts.forEach(({ what, key }, at) => {
      const [first] = model.keys();
      const gone = what === 'evict' ? table.oldest()?.key : key;
      if (what === 'evict') assert.equal(gone, first);
      if (what === 'touch') {
        assert.equal(table.touch(key, at), model.delete(key));
        model.set(key, at);
      } else if (gone !== undefined) {
        assert.equal(table.delete(gone), model.get(gone) ?? null);
        model.delete(gone);
      }
      const [oldest] = model;
      assert.deepEqual([table.size, table.oldest()?.key, table.oldest()?.value], [model.size, oldest?.[0], oldest?.[1]]);
      for (const one of 'abcd') assert.equal(table.get(one), model.get(one) ?? null);
    });
  }));
});
