import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { liveTopics } from '@vedette/model/api/table';
import { endpointsTouched, topicNames, topicsOf } from './live-topics.ts';

test('every topic of the contract is known', () => {
  assert.deepEqual([...topicNames].sort(), [...liveTopics].sort());
  for (const topic of liveTopics) assert.ok(endpointsTouched([topic]).size > 0);
});

test('topics by name, word, list or object', () => {
  assert.deepEqual(topicsOf('incidents', ''), ['incidents']);
  assert.deepEqual(topicsOf('message', 'sensors'), ['sensors']);
  assert.deepEqual(topicsOf('message', '{"topic":"policies"}'), ['policies']);
  assert.deepEqual(topicsOf('message', '{"topics":["policies","constructor","sensors"]}'), ['policies', 'sensors']);
  assert.deepEqual(topicsOf('changed', '{"topics":["containers","processes"]}'), ['containers', 'processes']);
  assert.deepEqual(topicsOf('message', '["containers"]'), ['containers']);
});

test('nonsense is ignored', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (name, data) => {
    for (const topic of topicsOf(name, data)) assert.ok(liveTopics.includes(topic));
  }));
});
