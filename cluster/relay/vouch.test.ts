import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKubernetes } from '../kubernetes/client.ts';
import { TestApiServer } from '../kubernetes/testing/api-server.ts';
import { vouch } from './vouch.ts';

const claims = { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u'] };
const nodeClaims = { 'authentication.kubernetes.io/node-name': ['n1'], 'authentication.kubernetes.io/node-uid': ['n1-uid'] };
const username = 'system:serviceaccount:vedette:vedette-sensor';
const good = { authenticated: true, audiences: ['vedette'], user: { username, extra: { ...claims, ...nodeClaims } } };

test('who is vouched for, and who is not', async (t) => {
  const server = new TestApiServer();
  const kubernetes = openKubernetes(await server.start());
  t.after(async () => {
    kubernetes.close();
    await server.stop();
  });
  let status: unknown = good;
  server.answers.set('POST /apis/authentication.k8s.io/v1/tokenreviews', () => ({ metadata: {}, status }));
  server.answers.set('GET /api/v1/namespaces/vedette/pods/p', () => ({ metadata: { name: 'p', uid: 'u' }, spec: { nodeName: 'n2' } }));
  server.answers.set('GET /api/v1/nodes/n2', () => ({ metadata: { name: 'n2', uid: 'n2-uid' } }));
  const options = { kubernetes, namespace: 'vedette', serviceAccount: 'vedette-sensor', audience: 'vedette' };
  const cases: [title: string, status: unknown, token: string, expected: RegExp][] = [
    ['the token says its node', good, 't', /"vouched","node":\{"name":"n1","uid":"n1-uid"\}/],
    ['an older API server: the pod says its node', { ...good, user: { username, extra: claims } }, 't', /"vouched","node":\{"name":"n2","uid":"n2-uid"\}/],
    ['the pod has been replaced', { ...good, user: { username, extra: { ...claims, 'authentication.kubernetes.io/pod-uid': ['other'] } } }, 't', /"refused","reason":"The pod of the token is gone/],
    ['not authenticated', { authenticated: false }, 't', /"refused".*does not accept/],
    ['for another audience', { ...good, audiences: ['https://kubernetes.default.svc'] }, 't', /"refused".*does not accept/],
    ['another service account', { ...good, user: { ...good.user, username: 'system:serviceaccount:default:vedette-sensor' } }, 't', /"refused".*Only pods of the service account vedette\/vedette-sensor/],
    ['bound to no pod', { ...good, user: { username } }, 't', /"refused".*bound to no pod/],
    ['an answer without its form', 'x', 't', /"unavailable"/],
    ['no token at all', good, 'a b', /"refused".*no service-account token/],
    ['far too long', good, 'x'.repeat(20_000), /"refused".*no service-account token/],
  ];
  for (const [title, answer, token, expected] of cases) {
    status = answer;
    assert.match(JSON.stringify(await vouch(options, token)), expected, title);
  }
  server.refusals.push({ status: 403, reason: 'Forbidden' });
  assert.match(JSON.stringify(await vouch(options, 't')), /"unavailable".*Forbidden/);
});
