import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ExecSessionSchema, PodSetSchema, type ExecSession, type PodSet } from '@vedette/model/wire/generated/link_pb';
import { SessionMail } from './session-mail.ts';

const session = (sessionId: string): ExecSession => create(ExecSessionSchema, { sessionId });

async function* podsUntil(signal: AbortSignal): AsyncGenerator<PodSet> {
  yield create(PodSetSchema, { generation: 1n });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

test('a session reaches each sensor of its node between the pods, and is taken when more is asked for', async () => {
  const mail = new SessionMail();
  const stop = new AbortController();
  const streams = ['a', 'a', 'b'].map((node) => mail.beside(node, podsUntil(stop.signal), stop.signal));
  assert.deepEqual(await Promise.all(streams.map(async (one) => (await one.next()).value?.case)), ['pods', 'pods', 'pods']);
  const waiting = streams.map((one) => one.next());
  const taken = mail.push('a', session('s1'), 10_000);
  const [first, second] = await Promise.all([waiting[0]!, waiting[1]!]);
  assert.deepEqual([first, second].map(({ value }) => (value?.case === 'execSession' ? value.value.sessionId : '')), ['s1', 's1']);
  const more = [streams[0]!.next(), streams[1]!.next()];
  assert.equal(await taken, true);
  stop.abort();
  await Promise.all([...more, waiting[2]!]);
});

test('nobody is there, or nobody takes it: no, and it does not come later', async () => {
  const mail = new SessionMail();
  assert.equal(await mail.push('a', session('s1'), 10_000), false);
  const stop = new AbortController();
  const stream = mail.beside('a', podsUntil(stop.signal), stop.signal);
  assert.equal((await stream.next()).value?.case, 'pods');
  assert.equal(await mail.push('a', session('s1'), 5), false);
  const next = stream.next();
  const taken = mail.push('a', session('s2'), 10_000);
  const { value } = await next;
  assert.equal(value?.case === 'execSession' ? value.value.sessionId : '', 's2');
  const end = stream.next();
  assert.equal(await taken, true);
  stop.abort();
  await end;
  assert.equal(await mail.push('a', session('s3'), 10_000), false);
});
