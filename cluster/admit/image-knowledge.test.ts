import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImageKnowledge, knowledgeBounds, type HubAnswers } from './image-knowledge.ts';
import { KeptImages } from './kept-images.ts';
import { answerOf, imageFacts } from './testing/reviews.ts';

const minute = 60_000;
const pinned = `registry.test/shop/cart@sha256:${'a'.repeat(64)}`;
const tagged = 'registry.test/shop/cart:1';

interface Bench {
  knowledge: ImageKnowledge;
  readonly asked: string[][];
  /** Ends this process and begins the next one. */
  restart(): Promise<void>;
  nowMs: number;
  answer: (references: readonly string[]) => Promise<HubAnswers>;
}

const good = async (references: readonly string[]): Promise<HubAnswers> => ({ kind: 'answered', images: references.map((one) => answerOf(imageFacts(one))) });
const away = async (): Promise<HubAnswers> => ({ kind: 'unanswered', reason: 'the hub is away' });

function bench(bounds = {}): Bench {
  const asked: string[][] = [];
  const directory = mkdtempSync(join(tmpdir(), 'vedette-knowledge-'));
  let kept = new KeptImages(directory, Date.now());
  const begin = (): ImageKnowledge => new ImageKnowledge({ ask: (references) => (asked.push([...references]), one.answer(references)), nowMs: () => one.nowMs, kept }, { ...knowledgeBounds, ...bounds });
  const one: Bench = {
    asked, nowMs: 0, answer: good, knowledge: undefined!,
    async restart() {
      await kept.idle();
      kept = new KeptImages(directory, Date.now());
      one.knowledge = begin();
    },
  };
  one.knowledge = begin();
  return one;
}

async function known(one: Bench, reference: string, waitMs = 50): Promise<string> {
  const { facts, problem } = await one.knowledge.of(reference, waitMs);
  return facts.runsAsRoot.is === 'known' ? 'known' : `unknown: ${problem}`;
}

test('what is asked together goes in one question, and whoever asks the same waits for that one', async () => {
  const one = bench();
  assert.deepEqual(await Promise.all([known(one, 'a/b:1'), known(one, 'a/c:1'), known(one, 'a/b:1')]), ['known', 'known', 'known']);
  assert.deepEqual(one.asked, [['a/b:1', 'a/c:1']]);
});

test('young is used, older is used and asked behind it, old is asked first', async () => {
  const one = bench();
  await known(one, pinned);
  one.nowMs = 30_000;
  await known(one, pinned);
  assert.equal(one.asked.length, 1);
  one.nowMs = 2 * minute;
  one.answer = () => new Promise(() => undefined);
  assert.equal(await known(one, pinned), 'known', 'nobody waits for the question behind it');
  await Promise.resolve();
  assert.equal(one.asked.length, 2);
});

test('with a hub that is away what is not too old is used; a name without digest is sooner', async () => {
  for (const [reference, allowedMs] of [[pinned, 24 * 60 * minute], [tagged, 60 * minute]] as const) {
    const one = bench();
    await known(one, reference);
    one.answer = away;
    one.nowMs = allowedMs - 1;
    assert.equal(await known(one, reference), 'known');
    one.nowMs = allowedMs + minute;
    assert.match(await known(one, reference), /^unknown: what is known of it is \d+ (minutes|hours) old, and the hub did not answer: the hub is away$/);
    one.answer = good;
    assert.equal(await known(one, reference), 'known');
  }
});

test('nobody waits longer than told, and the answer that comes later is kept', async () => {
  const one = bench();
  const { promise, resolve } = Promise.withResolvers<void>();
  one.answer = async (references) => (await promise, good(references));
  assert.match(await known(one, pinned, 5), /the hub did not answer in time/);
  resolve();
  assert.equal(await known(one, pinned), 'known');
  assert.equal(one.asked.length, 1);
});

test('a part that starts while the hub is away judges by what was known, says how old it is, and no longer than it would have', async () => {
  for (const [reference, allowedMs] of [[pinned, 24 * 60 * minute], [tagged, 60 * minute]] as const) {
    const one = bench();
    await known(one, reference);
    one.answer = away;
    const age = async (nowMs: number): Promise<unknown> => {
      one.nowMs = nowMs;
      await one.restart();
      const found = await one.knowledge.of(reference, 50);
      return found.facts.runsAsRoot.is === 'known' ? found.ageMs : found.problem;
    };
    assert.deepEqual([await age(2 * minute), await age(35 * minute), await age(allowedMs)], [2 * minute, 35 * minute, allowedMs]);
    assert.match(String(await age(allowedMs + minute)), /the hub did not answer: the hub is away/);
    assert.match(String(await age(-minute)), /the hub is away/, 'a clock that was set back says nothing about the age');
    one.answer = good;
    assert.equal(await age(20 * minute), null, 'the hub says it again');
    one.answer = async (references) => ({ kind: 'answered', images: references.map(() => ({ digest: '', factsJson: '', learnedAtMs: 0, problem: 'this hub has not seen it' })) });
    one.nowMs = 40 * minute;
    await known(one, reference);
    one.answer = away;
    assert.match(String(await age(50 * minute)), /the hub is away/, 'its last word was that nothing is known');
  }
});

test('while the hub is away what is used says how old it is, and not while it answers', async () => {
  const one = bench();
  const ages: unknown[] = [];
  for (const [nowMs, answer] of [[0, good], [30_000, away], [2 * minute, away], [3 * minute, away], [30 * minute, away], [31 * minute, good], [33 * minute, good]] as const) {
    [one.nowMs, one.answer] = [nowMs, answer];
    ages.push((await one.knowledge.of(pinned, 50)).ageMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(ages, [null, null, null, 3 * minute, 30 * minute, null, null]);
});

const problems: readonly (readonly [what: string, answer: () => Promise<HubAnswers>, said: RegExp])[] = [
  ['away', away, /the hub is away/],
  ['a fault', async () => Promise.reject(new Error('boom')), /boom/],
  ['fewer answers than questions', async () => ({ kind: 'answered', images: [] }), /an answer is missing/],
  ['nonsense', async () => ({ kind: 'answered', images: [{ digest: '', factsJson: '{"version":', learnedAtMs: 0, problem: '' }] }), /cannot be read: the facts are not JSON/],
  ['nothing', async () => ({ kind: 'answered', images: [{ digest: '', factsJson: '', learnedAtMs: 0, problem: '' }] }), /the hub knows nothing of it/],
  ['not seen', async () => ({ kind: 'answered', images: [{ digest: '', factsJson: '', learnedAtMs: 0, problem: 'this hub has not seen it' }] }), /this hub has not seen it/],
];
for (const [what, answer, said] of problems) {
  test(`an image of which nothing is known, with the facts of its name: ${what}`, async () => {
    const one = bench();
    one.answer = answer;
    assert.match(await known(one, tagged), said);
    const { facts } = await one.knowledge.of(tagged, 50);
    assert.deepEqual([facts.registry, facts.pinned], [{ is: 'known', value: 'registry.test' }, { is: 'known', value: false }]);
    one.answer = good;
    one.nowMs = 6000;
    assert.equal(await known(one, tagged), 'known', 'asked again soon');
  });
}

test('what is no name of an image is not asked', async () => {
  const one = bench();
  assert.match(await known(one, 'No Name'), /not the name of an image/);
  assert.deepEqual(one.asked, []);
});

test('bounded: images kept, their size, images a question, questions that wait', async () => {
  const one = bench({ imagesMax: 3, imagesAtOnce: 2, waitingMax: 5, questionsMax: 1 });
  const references = Array.from({ length: 8 }, (_, index) => `a/b:${index}`);
  const said = await Promise.all(references.map((reference) => known(one, reference)));
  assert.deepEqual(one.asked.map((asked) => asked.length), [2, 2, 1]);
  assert.equal(said.filter((word) => word.includes('too many questions')).length, 3);
  assert.equal(one.knowledge.size, 3);
  const small = bench({ charactersMax: 10 });
  await known(small, 'a/b:1');
  await known(small, 'a/b:2');
  assert.equal(small.knowledge.size, 1);
});
