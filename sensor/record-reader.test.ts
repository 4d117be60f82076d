/** The reader at a real pipe: pieces into the sink's own buffer, held while it must be, and its ends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordReader, type RecordSink } from './record-reader.ts';

interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

function pipe(t: TestContext): Pipe {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-reader-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readFd, writeFd: openSync(path, 'w') };
}

/** Collects text; a `!` breaks it. */
class Sink implements RecordSink {
  readonly #buffer = Buffer.alloc(64);
  text = '';
  state = 'open';

  get free(): Uint8Array {
    return this.#buffer;
  }

  push(count: number): void {
    this.text += this.#buffer.toString('latin1', 0, count);
    if (this.text.includes('!')) this.state = 'broken';
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !isTrue(); i++) await sleep(5);
  assert.ok(isTrue());
}

test('all bytes in order, in pieces of what is free, and an end that is said once', async (t) => {
  const { readFd, writeFd } = pipe(t);
  const sink = new Sink();
  const ends: string[] = [];
  let counted = 0;
  new RecordReader(readFd, sink, { onBytes: (count) => (counted += count), onEnd: (reason) => ends.push(reason) }).start();
  const sent = 'abcdefghij'.repeat(50);
  writeSync(writeFd, sent);
  await until(() => sink.text.length === sent.length);
  assert.equal(sink.text, sent);
  assert.equal(counted, sent.length);
  closeSync(writeFd);
  await until(() => ends.length > 0);
  assert.deepEqual(ends, ['the loader is gone']);
});

test('the first piece waits for what must be known before it, and so does the rest', async (t) => {
  const { readFd, writeFd } = pipe(t);
  const sink = new Sink();
  const known = Promise.withResolvers<void>();
  let asked = 0;
  const beforeFirst = async () => {
    asked += 1;
    await known.promise;
  };
  const reader = new RecordReader(readFd, sink, { beforeFirst, onBytes: () => undefined, onEnd: () => undefined });
  reader.start();
  await sleep(20);
  assert.equal(asked, 0, 'nothing has come');
  writeSync(writeFd, 'abcdefghij'.repeat(10));
  await until(() => asked > 0);
  writeSync(writeFd, 'abcdefghij'.repeat(10));
  await sleep(20);
  assert.equal(sink.text, '');
  known.resolve();
  await until(() => sink.text.length === 200);
  assert.deepEqual([sink.text, asked], ['abcdefghij'.repeat(20), 1]);
  reader.stop();
  closeSync(writeFd);
});

test('what must be known before cannot be: that is the end, and is said', async (t) => {
  const { readFd, writeFd } = pipe(t);
  const sink = new Sink();
  const ends: string[] = [];
  new RecordReader(readFd, sink, { beforeFirst: async () => await Promise.reject(new Error('no such place')), onBytes: () => undefined, onEnd: (reason) => ends.push(reason) }).start();
  writeSync(writeFd, 'abc');
  await until(() => ends.length > 0);
  closeSync(writeFd);
  assert.deepEqual([ends, sink.text], [['the records cannot be taken: no such place'], '']);
});

test('held it takes nothing, and released the rest', async (t) => {
  const { readFd, writeFd } = pipe(t);
  const sink = new Sink();
  const reader = new RecordReader(readFd, sink, { onBytes: () => reader.hold(true), onEnd: () => undefined });
  reader.start();
  writeSync(writeFd, 'x'.repeat(100));
  await until(() => sink.text.length > 0);
  await sleep(50);
  assert.equal(sink.text.length, 64, 'one piece and no more');
  reader.hold(false);
  await until(() => sink.text.length === 100);
  reader.stop();
  writeSync(writeFd, 'late');
  await sleep(50);
  assert.equal(sink.text.length, 100, 'after stop nothing is taken');
  closeSync(writeFd);
});

test('a stream that cannot be understood ends it', async (t) => {
  const { readFd, writeFd } = pipe(t);
  const sink = new Sink();
  const ends: string[] = [];
  new RecordReader(readFd, sink, { onBytes: () => undefined, onEnd: (reason) => ends.push(reason) }).start();
  writeSync(writeFd, 'ok!');
  await until(() => ends.length > 0);
  closeSync(writeFd);
  await sleep(30);
  assert.deepEqual(ends, ['the records of the loader cannot be understood']);
});
