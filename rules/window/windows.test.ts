/** The memory of sequences and counts equals a reference that keeps everything and tries all there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WindowPlan } from './plan.ts';
import { Windows, type StepTaken, type WindowChanges } from './windows.ts';

function planOf(kind: 'sequence' | 'count', steps: number, count: number, withinNs: number): WindowPlan {
  const step = { typed: { kind: 'and', of: [] }, tree: null, by: [], note: [] } as const;
  return { kind, steps: Array.from({ length: steps }, () => step), withinNs, count, distinct: null, print: `${kind} ${steps} ${count} ${withinNs}` };
}

/** How late an event of the streams below may be. */
const latestNs = 3;

interface Event {
  readonly timeNs: number;
  readonly key: string;
  /** Which steps it may be. */
  readonly steps: readonly number[];
  readonly value: string | null;
  readonly number: number;
}

function taken(event: Event, step: number): StepTaken {
  return { step, key: event.key, timeNs: event.timeNs, identityPending: false, value: event.value, note: () => String(event.number) };
}

/** As the gate does it: last step first, and an event that fires is nothing else. */
function byWindows(plan: WindowPlan, events: readonly Event[]): readonly (readonly string[] | null)[] {
  const windows = new Windows(1 << 20, latestNs);
  windows.use([{ name: 'r', window: plan }]);
  return events.map((event) => {
    for (const step of [...event.steps].sort((a, b) => b - a)) {
      const fired = windows.take('r', taken(event, step));
      if (fired !== null) return fired.earlier.map((one) => one.text);
    }
    return null;
  });
}

/** Whether the events before, in the order of arrival, hold one for each earlier step in order, none beyond `within` after the first. */
function isComplete(plan: WindowPlan, before: readonly Event[], last: Event): boolean {
  const search = (step: number, from: number, startNs: number): boolean => {
    if (step === plan.steps.length - 1) return last.timeNs - startNs <= plan.withinNs;
    for (let at = from; at < before.length; at += 1) {
      const event = before[at];
      if (event === undefined || !event.steps.includes(step)) continue;
      const start = step === 0 ? event.timeNs : startNs;
      if (event.timeNs - start <= plan.withinNs && search(step + 1, at + 1, start)) return true;
    }
    return false;
  };
  return search(0, 0, 0);
}

function naiveSequence(plan: WindowPlan, events: readonly Event[]): readonly boolean[] {
  const kept: Event[] = [];
  return events.map((event) => {
    const before = kept.filter((one) => one.key === event.key);
    if (event.steps.includes(plan.steps.length - 1) && isComplete(plan, before, event)) {
      for (const one of before) kept.splice(kept.indexOf(one), 1);
      return true;
    }
    kept.push(event);
    return false;
  });
}

/** The newest events, or the newest time of each value: enough of them within the time of each other? */
function naiveCount(plan: WindowPlan, events: readonly Event[]): readonly boolean[] {
  let kept: Event[] = [];
  const mutedUntil = new Map<string, number>();
  return events.map((event) => {
    if (event.timeNs <= (mutedUntil.get(event.key) ?? -1)) return false;
    kept.push(event);
    const newest = new Map<string, number>();
    for (const one of kept.filter(({ key }) => key === event.key)) {
      const name = one.value ?? String(one.number);
      newest.set(name, Math.max(one.timeNs, newest.get(name) ?? one.timeNs));
    }
    const times = [...newest.values()].sort((a, b) => b - a).slice(0, plan.count);
    if (times.length < plan.count || (times[0] ?? 0) - (times.at(-1) ?? 0) > plan.withinNs) return false;
    kept = kept.filter(({ key }) => key !== event.key);
    mutedUntil.set(event.key, event.timeNs + plan.withinNs);
    return true;
  });
}

/** Times mostly grow, and now and then one comes late. */
function eventsArbitrary(steps: number, values: readonly (string | null)[]): fc.Arbitrary<readonly Event[]> {
  const one = fc.record({ later: fc.integer({ min: -latestNs, max: 6 }), key: fc.constantFrom('a', 'b'), steps: fc.uniqueArray(fc.nat({ max: steps - 1 }), { minLength: 1, maxLength: steps }), value: fc.constantFrom(...values) });
  return fc.array(one, { maxLength: 40, size: 'max' }).map((all) => {
    let now = 100;
    return all.map(({ later, ...rest }, number) => {
      now += Math.max(later, 0);
      return { ...rest, number, timeNs: now + Math.min(later, 0) };
    });
  });
}

test('a sequence fires exactly where trying everything finds one', () => {
  for (const steps of [2, 3, 4]) {
    fc.assert(fc.property(eventsArbitrary(steps, [null]), fc.integer({ min: 0, max: 15 }), (events, withinNs) => {
      const plan = planOf('sequence', steps, steps, withinNs);
      assert.deepEqual(byWindows(plan, events).map((one) => one !== null), naiveSequence(plan, events));
    }), { numRuns: 400 });
  }
});

test('what is told as earlier steps is a sequence: in order, one event a step, within the time', () => {
  fc.assert(fc.property(eventsArbitrary(3, [null]), fc.integer({ min: 0, max: 15 }), (events, withinNs) => {
    const plan = planOf('sequence', 3, 3, withinNs);
    byWindows(plan, events).forEach((earlier, at) => {
      if (earlier === null) return;
      const chain = earlier.map((text) => events[Number(text)]);
      assert.equal(chain.length, 2);
      chain.forEach((one, step) => assert.ok(one !== undefined && one.steps.includes(step) && one.key === events[at]?.key));
      const numbers = [...chain.map((one) => one?.number ?? -1), at];
      assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
      assert.ok((events[at]?.timeNs ?? 0) - (chain[0]?.timeNs ?? 0) <= withinNs);
    });
  }));
});

test('a count fires exactly where counting everything does, with distinct values and without', () => {
  for (const values of [[null], ['x', 'y', 'z', 'v', 'w']] as const) {
    fc.assert(fc.property(eventsArbitrary(1, values), fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 15 }), (events, count, withinNs) => {
      const plan = planOf('count', 1, count, withinNs);
      assert.deepEqual(byWindows(plan, events).map((one) => one !== null), naiveCount(plan, events));
    }), { numRuns: 600 });
  }
});

test('after an alert a count is silent for its time, and the next one is told again', () => {
  const windows = new Windows();
  windows.use([{ name: 'r', window: planOf('count', 1, 3, 10) }]);
  const fires = [0, 1, 2, 3, 12, 13, 14, 15].filter((timeNs) => windows.take('r', { step: 0, key: 'k', timeNs, identityPending: false, value: null, note: () => '' }) !== null);
  assert.deepEqual(fires, [2, 15]);
  assert.equal(windows.report().rules[0]?.muted, 2);
});

test('memory is bounded: the rule that holds most forgets what it touched longest ago, and that is counted', () => {
  const windows = new Windows(64 * 1024);
  const plan = planOf('sequence', 2, 2, 1e12);
  windows.use([{ name: 'quiet', window: plan }, { name: 'flooded', window: plan }]);
  const step = (rule: string, key: string, at: number, which: number) => windows.take(rule, { step: which, key, timeNs: at, identityPending: false, value: null, note: () => 'x'.repeat(100) });
  step('quiet', 'k', 1, 0);
  for (let i = 0; i < 5000; i += 1) step('flooded', `key ${i}`, 2 + i, 0);
  const report = windows.report();
  const [quiet, flooded] = report.rules;
  assert.ok(report.bytes <= 64 * 1024 && report.bytes > 32 * 1024);
  assert.deepEqual([quiet?.keys, quiet?.evicted], [1, 0]);
  assert.equal((flooded?.keys ?? 0) + (flooded?.evicted ?? 0), 5000);
  assert.notEqual(step('quiet', 'k', 6000, 1), null, 'another rule\'s flood changes nothing');
  assert.equal(step('flooded', 'key 0', 6001, 1), null);
  assert.notEqual(step('flooded', 'key 4999', 6002, 1), null);
});

test('what has run out is dropped in passing and is no loss; bytes add up to nothing', () => {
  const windows = new Windows(64 * 1024, 0);
  windows.use([{ name: 'r', window: planOf('sequence', 3, 3, 100) }]);
  for (let i = 0; i < 20_000; i += 1) windows.take('r', { step: i % 7 === 0 ? 1 : 0, key: `key ${i % 7 === 0 ? i - 1 : i}`, timeNs: 10 * i, identityPending: false, value: null, note: () => 'y'.repeat(i % 50) });
  const [counts] = windows.report().rules;
  assert.equal(counts?.evicted, 0);
  assert.ok((counts?.keys ?? 0) <= 30);
  for (let i = 0; i < 40; i += 1) windows.take('r', { step: 0, key: 'last', timeNs: 1e9 + 1000 * i, identityPending: false, value: null, note: () => '' });
  assert.ok(windows.bytes < 1000);
});

test('rules that stay as they are keep what they remember; one that is changed begins anew', () => {
  const windows = new Windows();
  const rules = [{ name: 'kept', window: planOf('sequence', 2, 2, 100) }, { name: 'changed', window: planOf('sequence', 2, 2, 100) }];
  windows.use(rules);
  const step = (rule: string, which: number) => windows.take(rule, { step: which, key: 'k', timeNs: 5 + which, identityPending: false, value: null, note: () => '' });
  for (const { name } of rules) step(name, 0);
  windows.use([rules[0]!, { name: 'changed', window: planOf('sequence', 2, 2, 200) }]);
  assert.notEqual(step('kept', 1), null);
  assert.equal(step('changed', 1), null);
});

test('what is written down and read again goes on as if nothing had been, wherever it is cut', () => {
  for (const [kind, values] of [['sequence', [null]], ['count', [null]], ['count', ['x', 'y', 'z', 'v']]] as const) {
    fc.assert(fc.property(eventsArbitrary(kind === 'sequence' ? 3 : 1, values), fc.integer({ min: 0, max: 15 }), fc.array(fc.boolean(), { maxLength: 40, size: 'max' }), (events, withinNs, cuts) => {
      const plan = planOf(kind, kind === 'sequence' ? 3 : 1, 3, withinNs);
      let windows = new Windows(1 << 20, latestNs);
      windows.use([{ name: 'r', window: plan }]);
      const log: string[] = [];
      const got = events.map((event, at) => {
        log.push(JSON.stringify(windows.takeChanges()));
        if (cuts[at] === true) {
          const { bytes } = windows;
          windows = new Windows(1 << 20, latestNs);
          windows.use([{ name: 'r', window: plan }]);
          for (const one of log) if (one !== 'null') windows.restore(JSON.parse(one) as WindowChanges);
          assert.equal(windows.bytes, bytes, 'what it takes is counted as it grows and shrinks');
        }
        for (const step of [...event.steps].sort((a, b) => b - a)) {
          const fired = windows.take('r', taken(event, step));
          if (fired !== null) return fired.earlier.map((one) => one.text);
        }
        return null;
      });
      assert.deepEqual(got, byWindows(plan, events));
    }), { numRuns: 300 });
  }
});

test('a flood is not written down: after a restart such rules begin anew, and the next quiet commit has all again', () => {
  const windows = new Windows();
  const rules = [{ name: 'r', window: planOf('sequence', 2, 2, 1000) }];
  windows.use(rules);
  const step = (one: Windows, key: string, timeNs: number, which: number) => one.take('r', { step: which, key, timeNs, identityPending: false, value: null, note: () => '' });
  step(windows, 'first', 1, 0);
  assert.equal(windows.takeChanges()?.changes[0]?.states.length, 1);
  for (let i = 0; i < 3000; i += 1) step(windows, `key ${i}`, 2, 0);
  const flood = windows.takeChanges();
  assert.deepEqual(flood, { whole: true, changes: [] });
  for (let i = 0; i < 2500; i += 1) step(windows, `key ${i}`, 3, 1);
  const quiet = windows.takeChanges();
  assert.deepEqual([quiet?.whole, quiet?.changes[0]?.states.length], [true, 501]);
  const next = new Windows();
  next.use(rules);
  if (quiet !== null) next.restore(quiet);
  assert.notEqual(step(next, 'first', 4, 1), null);
  assert.equal(step(next, 'key 0', 4, 1), null);
});
