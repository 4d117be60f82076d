import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseJfrogSettings } from './settings.ts';

test('settings as people write them', () => {
  const least = parseJfrogSettings('{"url":"https://acme.example/artifactory/","token":"t"}');
  assert.ok(!('problem' in least));
  assert.deepEqual([least.url.href, least.projects, least.names], ['https://acme.example/', [], { pathHosts: ['acme.example'], domains: [], ports: {} }]);
  const most = parseJfrogSettings('{"url":"https://acme.example","token":"t","projects":["shop"],"pathHosts":["a.example"],"domains":["d.example"],"ports":{"acme.example:8081":"docker"}}');
  assert.ok(!('problem' in most) && most.names.ports['acme.example:8081'] === 'docker');
});

test('a file that cannot be used says where, and never what', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['{', /no JSON/],
    ['{"url":"https://a.example"}', /token/],
    ['{"url":"acme.example","token":"secret"}', /url: is no http/],
    ['{"url":"https://user:secret@a.example","token":"t"}', /url: is no http/],
    ['{"url":"https://a.example","token":"secret\\n"}', /token: holds a character/],
    ['{"url":"https://a.example","token":"secret","tokens":1}', /tokens/],
    ['{"url":"https://a.example","token":"secret","domains":["https://d.example"]}', /domains\.0/],
  ];
  for (const [text, problem] of cases) {
    const found = parseJfrogSettings(text);
    assert.ok('problem' in found, text);
    assert.match(found.problem, problem);
    assert.ok(!found.problem.includes('secret'));
  }
  fc.assert(fc.property(fc.json(), (text) => void parseJfrogSettings(text)));
});
