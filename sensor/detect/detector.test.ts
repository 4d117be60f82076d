import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptFields } from '@vedette/rules/noise/stored';
import type { Container } from '@vedette/model/container';
import { execEvent, exitEvent, fileEvent } from '../testing/events.ts';
import { containerOf, executionOf, identityOf } from '../testing/things.ts';
import { Detector } from './detector.ts';

const host = { hostname: 'node-1', userName: () => null };

function rule(name: string, condition: string, output = 'seen %proc.cmdline'): { name: string; text: string } {
  return { name: `${name}.yaml`, text: `- rule: ${name}\n  desc: of a test\n  condition: ${condition}\n  output: "${output}"\n  priority: WARNING\n  tags: [lab]\n` };
}

const anyExec = rule('any', 'evt.type = execve');
const byImage = rule('by-image', 'evt.type = execve and container.image = registry.test/shop/cart:1.4', '%container.image');
const byOther = rule('by-other', 'evt.type = execve and container.image = other', '%container.image');

/** An identity arrives in the same object that the decision holds. */
function pendingContainer(id = 'web'): Container & { identity: Container['identity'] } {
  return { ...containerOf({ id, identity: null }) };
}

function subjectIn(container: Container | null, timeBootNs = 1000) {
  return { eventClass: 'exec' as const, event: execEvent({ timeBootNs }), execution: executionOf({ timeBootNs }), container, isContainerInit: false, wallOffsetNs: 0 };
}

test('every rule that matches is reported, each with its own id, output and fields', () => {
  const detector = new Detector(host, [anyExec, rule('again', 'evt.type = execve and proc.name = true'), rule('never', 'evt.type = execve and proc.name = false')]);
  const found = detector.evaluate(subjectIn(null));
  assert.deepEqual(found.map((one) => [one.rule, one.id, one.output, one.priority, one.tags, one.identityPending]), [
    ['any', '100-900-2-1000-any', 'seen true', 'warning', ['lab'], false],
    ['again', '100-900-2-1000-again', 'seen true', 'warning', ['lab'], false],
  ]);
  assert.deepEqual(found[0]!.fields[0], { name: 'proc.cmdline', value: 'true' });
  // besides what the rule prints: what exceptions may be made of
  assert.deepEqual(found[0]!.fields.slice(1).map((one) => one.name), [...keptFields]);
});

test('the same act told twice has the same id', () => {
  const detector = new Detector(host, [anyExec]);
  assert.equal(detector.evaluate(subjectIn(null))[0]!.id, detector.evaluate(subjectIn(null))[0]!.id);
});

test('only classes that a rule is about are looked at', () => {
  const detector = new Detector(host, [anyExec]);
  assert.deepEqual([detector.looksAt('exec'), detector.looksAt('open')], [true, false]);
  detector.load([rule('open', 'evt.type in (open, openat, openat2) and fd.name = /etc/shadow', '%fd.name')]);
  assert.deepEqual([detector.looksAt('exec'), detector.looksAt('open'), detector.active], [false, true, 1]);
  const open = { eventClass: 'open' as const, event: fileEvent({ path: '/etc/shadow' }), execution: executionOf(), container: null, isContainerInit: false, wallOffsetNs: 0 };
  assert.deepEqual(detector.evaluate(open).map((one) => one.output), ['/etc/shadow']);
});

test('how a process ended is told, and what a class does not have is a problem of the rule', () => {
  const detector = new Detector(host, [rule('killed', 'evt.type = procexit and evt.arg.sig = SIGKILL and evt.rawarg.sig = 9', '%evt.args'), rule('status', 'evt.type = procexit and evt.arg.status = 0')]);
  const end = { eventClass: 'exit' as const, event: exitEvent({ signal: 9 }), execution: executionOf(), container: null, isContainerInit: false, wallOffsetNs: 0 };
  assert.deepEqual(detector.evaluate(end).map((one) => [one.rule, one.output]), [['killed', 'ret=0 sig=SIGKILL']]);
  assert.match(detector.problems().join(), /status: .*evt\.arg\.status is not supplied on procexit/);
});

test('while the identity is pending, a rule that asks for it is held, and others are not', () => {
  const detector = new Detector(host, [anyExec, byImage, byOther]);
  const container = pendingContainer();
  assert.deepEqual(detector.evaluate(subjectIn(container)).map((one) => one.rule), ['any']);
  assert.equal(detector.held.length, 1);
  assert.deepEqual(detector.release('somebody-else', 1001), []);
  container.identity = identityOf();
  assert.deepEqual(detector.release('web', 1001).map((one) => [one.rule, one.output, one.identityPending]), [['by-image', 'registry.test/shop/cart:1.4', false]]);
  assert.deepEqual([detector.held.length, detector.decidedPending], [0, 0]);
});

test('a runtime that does not answer in two seconds does not hide an alert: it is reported and marked', () => {
  const detector = new Detector(host, [byImage]);
  detector.evaluate(subjectIn(pendingContainer(), 5e9));
  assert.deepEqual(detector.release(null, 6.9e9), []);
  const found = detector.release(null, 7e9);
  assert.deepEqual(found.map((one) => [one.rule, one.identityPending, one.atBootNs]), [['by-image', true, 5e9]]);
  assert.equal(detector.decidedPending, 1);
  assert.deepEqual(detector.release(null, 9e9), [], 'once');
});

test('at the end everything that is held is decided', () => {
  const detector = new Detector(host, [byImage]);
  detector.evaluate(subjectIn(pendingContainer(), 5e9));
  assert.equal(detector.release(null, 5e9, true).length, 1);
});

test('what no longer fits is decided at once, never forgotten', () => {
  const detector = new Detector(host, [byImage]);
  let atOnce = 0;
  for (let i = 0; i < 1200; i++) atOnce += detector.evaluate(subjectIn(pendingContainer(), 1000 + i)).length;
  assert.deepEqual([detector.held.length, atOnce, detector.decidedPending], [1000, 200, 200]);
});

test('rules that are changed meanwhile decide what is held by their new words, by name', () => {
  const detector = new Detector(host, [byImage, byOther]);
  const container = pendingContainer();
  detector.evaluate(subjectIn(container));
  container.identity = identityOf();
  detector.load([anyExec, byOther]);
  assert.deepEqual(detector.release('web', 1001), [], 'the rule that would have matched is gone, and the new one was never asked');
});

test('a rule that cannot fire here says so, and one that cannot be read does not stop the others', () => {
  const detector = new Detector(host, [anyExec, rule('buffer', 'evt.type = openat and evt.buffer contains x'), rule('broken', 'evt.type = = execve')]);
  assert.equal(detector.active, 1);
  assert.match(detector.problems().join('\n'), /buffer: .*evt\.buffer/);
  assert.match(detector.problems().join('\n'), /broken/);
  assert.equal(detector.evaluate(subjectIn(null)).length, 1);
});

test('what a former sensor held goes on being held, within the same bound', () => {
  const first = new Detector(host, [byImage]);
  first.evaluate(subjectIn(pendingContainer(), 5e9));
  const [held] = first.held;
  const second = new Detector(host, [byImage]);
  for (let i = 0; i < 1100; i++) second.restoreHeld(held!);
  assert.equal(second.held.length, 1000);
  assert.equal(second.release(null, 8e9)[0]!.rule, 'by-image');
});

const inOrder = { name: 'order.yaml', text: `- rule: order
  desc: of a test
  condition: evt.type = execve and proc.name = true
  output: "ran %proc.name"
  priority: WARNING
  vedette:
    sequence: ["evt.type = openat and not container.image = other"]
    within: 1s
    by: [proc.pid]
` };

function opened(container: Container | null, timeBootNs: number) {
  return { eventClass: 'open' as const, event: fileEvent({ path: '/tmp/x', timeBootNs }), execution: executionOf(), container, isContainerInit: false, wallOffsetNs: 0 };
}

test('a sequence is one detection, which tells when each step was', () => {
  const detector = new Detector(host, [inOrder]);
  assert.deepEqual([detector.looksAt('open'), detector.looksAt('exec')], [true, true]);
  assert.deepEqual(detector.evaluate(subjectIn(null, 500)), [], 'the last step alone is nothing');
  assert.deepEqual(detector.evaluate(opened(null, 1e9)), []);
  const [found, ...others] = detector.evaluate(subjectIn(null, 2e9));
  assert.deepEqual([found?.rule, found?.output, others.length], ['order', 'ran true', 0]);
  assert.match(found?.fields.find((one) => one.name === 'vedette.step[1]')?.value ?? '', /^1970-01-01T00:00:01\.000000000Z openat by /);
  detector.evaluate(opened(null, 3e9));
  assert.deepEqual(detector.evaluate(subjectIn(null, 4.1e9)), [], 'too late');
});

test('steps of a container whose identity is not known keep their order, and the rule is asked of them when it is', () => {
  const detector = new Detector(host, [inOrder]);
  const container = pendingContainer();
  detector.evaluate(opened(container, 1000));
  assert.deepEqual(detector.evaluate(subjectIn(container, 2000)), [], 'what completes it waits behind what began it');
  assert.equal(detector.held.length, 2);
  container.identity = identityOf();
  assert.deepEqual(detector.release('web', 3000).map((one) => [one.rule, one.atBootNs, one.identityPending]), [['order', 2000, false]]);
  const unanswered = pendingContainer('api');
  detector.evaluate(opened(unanswered, 5e9));
  detector.evaluate(subjectIn(unanswered, 5.5e9));
  assert.deepEqual(detector.release(null, 8e9).map((one) => [one.rule, one.identityPending]), [['order', true]]);
  assert.equal(detector.decidedPending, 1);
});

test('a sequence that had begun goes on when other rules change', () => {
  const detector = new Detector(host, [inOrder]);
  detector.evaluate(opened(null, 1000));
  detector.load([anyExec, inOrder]);
  assert.deepEqual(detector.evaluate(subjectIn(null, 2000)).map((one) => one.rule), ['any', 'order']);
});

test('what was forgotten for want of memory is a problem of its rule', () => {
  const detector = new Detector(host, [{ ...inOrder, text: inOrder.text.replace('by: [proc.pid]', 'by: [fd.name]').replace('"evt.type = openat and not container.image = other"', '{ condition: evt.type = openat, by: [fd.name] }').replace('[fd.name]\n', '[proc.exepath]\n') }]);
  for (let i = 0; i < 40_000; i++) detector.evaluate({ ...opened(null, 1000 + i), event: fileEvent({ path: `/tmp/${i}`, timeBootNs: 1000 + i }) });
  const { bytes, bytesMax } = detector.windows.report();
  assert.ok(bytes <= bytesMax);
  assert.match(detector.problems().join(), /order: \d+ unfinished sequences or counts were forgotten for want of memory/);
});
