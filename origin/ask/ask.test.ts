import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { testAsking } from '../testing/asking.ts';
import { ask, isInner, isUnknown, jsonOf, retryAfterMs, stepObjection, unknownOf, type Reply } from './ask.ts';
import { plain } from './plain.ts';

const servers: Server[] = [];
after(() => servers.forEach((one) => (one.closeAllConnections(), one.close())));

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const question = (url: URL) => ({ url, authorization: 'Bearer secret', bytesMax: 1000 });

test('broken answers: each has its reason', async () => {
  const cases: [name: string, listener: RequestListener, reason: string, detail: RegExp][] = [
    ['too large, declared', (_, response) => response.end('x'.repeat(1001)), 'too-large', /more than 1000 bytes/],
    ['too large, streamed', (_, response) => { for (let n = 0; n < 20; n += 1) response.write('x'.repeat(100)); response.end(); }, 'too-large', /more than 1000 bytes/],
    ['too large, without end', (_, response) => { const more = setInterval(() => response.write('x'.repeat(500)), 1); response.on('close', () => clearInterval(more)); }, 'too-large', /more than 1000 bytes/],
    ['cut', (_, response) => { response.writeHead(200, { 'content-length': 500 }); response.write('half'); setTimeout(() => response.destroy(), 20); }, 'incomplete', /broke off/],
    ['cut, chunked', (_, response) => { response.write('half'); setTimeout(() => response.destroy(), 20); }, 'incomplete', /broke off/],
    ['closed at once', (request) => request.socket.destroy(), 'unreachable', /cannot be reached/],
    ['silent', () => undefined, 'timeout', /within 200 ms/],
    ['silent in the middle', (_, response) => void response.write('half'), 'timeout', /within 200 ms/],
    ['redirects for ever', (request, response) => response.writeHead(302, { location: `${request.url}x` }).end(), 'unsafe-redirect', /more than 5 times/],
    ['redirects nowhere', (_, response) => response.writeHead(302, { location: 'http://[' }).end(), 'malformed', /no address/],
    ['redirects to a file', (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(), 'unsafe-redirect', /neither http nor https/],
  ];
  for (const [name, listener, reason, detail] of cases) {
    const outcome = await ask(question(await serve(listener)), testAsking({ timeoutMs: 200 }));
    assert.ok(isUnknown(outcome), name);
    assert.equal(outcome.reason, reason, `${name}: ${outcome.detail}`);
    assert.match(outcome.detail, detail, name);
  }
  const nobody = await ask(question(new URL('http://127.0.0.1:1/x?signature=secret')), testAsking());
  assert.ok(isUnknown(nobody) && nobody.reason === 'unreachable' && !nobody.detail.includes('secret'), 'what stands in a query is not repeated');
});

test('credentials go to the origin that they were meant for and no further', async () => {
  const got: (string | undefined)[] = [];
  const other = await serve((request, response) => { got.push(request.headers.authorization); response.end('there'); });
  const home = await serve((request, response) => {
    got.push(request.headers.authorization);
    response.writeHead(307, { location: request.url === '/' ? '/inside' : other.href }).end();
  });
  const reply = await ask(question(home), testAsking());
  assert.ok(!isUnknown(reply) && Buffer.from(reply.bytes).toString() === 'there' && reply.url.origin === other.origin);
  assert.deepEqual(got, ['Bearer secret', 'Bearer secret', undefined]);
  const posted = await ask({ ...question(home), method: 'POST', body: 'secret' }, testAsking());
  assert.ok(isUnknown(posted) && posted.reason === 'unsafe-redirect');
});

test('where a redirect may lead', () => {
  const cases: [from: string, to: string, isAllowed: boolean][] = [
    ['https://r.example/', 'https://cdn.example/x', true],
    ['https://r.example/', 'http://cdn.example/x', false],
    ['http://r.example/', 'https://cdn.example/x', true],
    ['https://r.example/', 'https://10.0.0.1/x', true],
    ['https://r.example/', 'https://127.0.0.1/', false],
    ['https://r.example/', 'https://0x7f.1/', false],
    ['https://r.example/', 'https://2130706433/', false],
    ['https://r.example/', 'https://localhost./', false],
    ['https://r.example/', 'https://[::1]/', false],
    ['https://r.example/', 'https://[::ffff:127.0.0.1]/', false],
    ['http://r.example/', 'http://169.254.169.254/latest/meta-data', false],
    ['http://127.0.0.1:5000/', 'http://127.0.0.1:9000/', true],
    ['https://r.example/', 'https://user:pass@cdn.example/', false],
    ['https://r.example/', 'data:text/plain,x', false],
  ];
  for (const [from, to, isAllowed] of cases) assert.equal(stepObjection(new URL(from), new URL(to)) === null, isAllowed, `${from} → ${to}`);
  assert.ok(!isInner('127example.org') && !isInner('r.example'));
});

test('a busy server is waited for, as long as we may', async () => {
  const cases: [status: number, retryAfter: string | null, slept: number[], status2: number][] = [
    [429, '2', [2000], 200],
    [503, '3', [3000], 200],
    [429, 'Wed, 04 Mar 2026 00:00:04 GMT', [4000], 200],
    [429, null, [1000], 200],
    [503, null, [], 503],
    [429, '11', [], 429],
    [429, '99999999999', [1000], 200],
  ];
  for (const [status, retryAfter, slept, expected] of cases) {
    let asked = 0;
    const url = await serve((_, response) => (asked++ === 0 ? response.writeHead(status, retryAfter === null ? {} : { 'retry-after': retryAfter }).end() : response.end('done')));
    const asking = testAsking();
    const reply = await ask(question(url), asking);
    assert.ok(!isUnknown(reply));
    assert.deepEqual([reply.status, asking.slept], [expected, slept], `${status} ${retryAfter}`);
  }
  let asked = 0;
  const busy = await serve((_, response) => { asked += 1; response.writeHead(429, { 'retry-after': '1' }).end(); });
  const reply = await ask(question(busy), testAsking());
  assert.ok(!isUnknown(reply) && asked === 4, 'not for ever');
  assert.deepEqual([retryAfterMs('soon', 0), retryAfterMs('-1', 0), retryAfterMs('2026-03-04', 0), retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT', 5)], [null, null, null, 0]);
});

const replyOf = (status: number, text = '', headers: Record<string, string> = {}): Reply => ({ status, bytes: new TextEncoder().encode(text), url: new URL('https://r.example/x?token=secret'), header: (name) => headers[name] ?? null });

test('what a status means', () => {
  const cases: [status: number, hadCredentials: boolean, reason: string, detail: RegExp][] = [
    [401, false, 'unauthenticated', /none are configured/],
    [401, true, 'wrong-credentials', /refuses the credentials/],
    [403, true, 'forbidden', /403/],
    [404, true, 'not-found', /404/],
    [429, true, 'rate-limited', /try again after 60 s/],
    [500, true, 'unavailable', /500/],
    [503, true, 'unavailable', /503/],
    [504, true, 'timeout', /504/],
    [418, true, 'malformed', /418/],
  ];
  for (const [status, hadCredentials, reason, detail] of cases) {
    const found = unknownOf(replyOf(status, '', { 'retry-after': '60' }), hadCredentials, 'go \u001b[31maway\n');
    assert.equal(found.reason, reason);
    assert.match(found.detail, detail);
    assert.match(found.detail, /\(it says: go \[31maway\)$/);
    assert.ok(!found.detail.includes('secret'));
  }
});

test('JSON that ends too early is half an answer, what is none is not understood', () => {
  for (const text of ['', '  ', '{', '{"a":', '{"a":[1,2', '["x']) assert.equal((jsonOf(replyOf(200, text)) as { reason: string }).reason, 'incomplete', text);
  for (const text of ['<html>', 'x', 'tru', '{"a":1}}', '{"a" 1}']) assert.equal((jsonOf(replyOf(200, text)) as { reason: string }).reason, 'malformed', text);
  assert.deepEqual(jsonOf(replyOf(200, '{"a":1}')), { json: { a: 1 } });
});

test('text from a server is one line without commands to the terminal', () => {
  assert.equal(plain(' a\u001b]0;x\u0007\r\nb\u202ec\u2028d '), 'a ]0;x b c d');
  assert.equal(plain('x'.repeat(300)).length, 201);
});
