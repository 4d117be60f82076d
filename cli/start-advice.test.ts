import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startAdvice } from './start-advice.ts';

const ports = { console: 7420, link: 7421 };

test('what is in the way is named with the option that chooses something else', () => {
  const cases: [reason: string, advice: RegExp][] = [
    ['listen EADDRINUSE: address already in use 127.0.0.1:7420', /^port 7420 of 127\.0\.0\.1 is in use by another program\. Choose another one: vedette up --port N \(or PORT=N\)$/],
    ['the link: listen EADDRINUSE: address already in use 0.0.0.0:7421', /^port 7421 of 0\.0\.0\.0 is in use .* --link-port N$/],
    ['listen EADDRINUSE: address already in use :::7420', /^port 7420 of :: is in use/],
    ['listen EACCES: permission denied 127.0.0.1:80', /^port 80 may not be opened by this user\. Choose one from 1024 on: vedette up --port N/],
    ['listen EADDRNOTAVAIL: address not available 192.0.2.7:7421', /^this host has no address 192\.0\.2\.7\. .* --link-host ADDRESS$/],
    ['relation "x" does not exist', /^relation "x" does not exist$/],
    ['', /^$/],
  ];
  for (const [reason, advice] of cases) assert.match(startAdvice(reason, ports), advice);
});

test('it understands what Node says', async () => {
  const first = createServer().listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as { port: number };
  const second = createServer().listen(port, '127.0.0.1');
  const [error] = (await once(second, 'error')) as [Error];
  assert.match(startAdvice(error.message, { console: port, link: port + 1 }), new RegExp(`^port ${port} of 127\\.0\\.0\\.1 is in use`));
  first.close();
});
