/**
 * Whether a sensor is who its service-account token says: the API server reviews the token for our audience, and answers with
 * the pod it is bound to. The service account must be the sensors' own; the node is the pod's, by the token's own claims or,
 * from API servers that do not tell them, by the pod itself. A token that is bound to no pod vouches for nothing.
 */
import { z } from 'zod';
import type { Vouching } from '@vedette/link/transport/relay-routes';
import type { Kubernetes, KubernetesProblem } from '../kubernetes/client.ts';

const Review = z.looseObject({
  status: z.looseObject({
    authenticated: z.boolean().default(false),
    audiences: z.array(z.string()).default([]),
    error: z.string().default(''),
    user: z.looseObject({ username: z.string().default(''), extra: z.record(z.string(), z.array(z.string())).default({}) }).default({ username: '', extra: {} }),
  }),
});
const PodPlace = z.looseObject({ spec: z.looseObject({ nodeName: z.string() }) });

const claim = 'authentication.kubernetes.io/';
const tokenLengthMax = 16 * 1024;

export interface VouchOptions {
  readonly kubernetes: Kubernetes;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
}

export async function vouch(options: VouchOptions, token: string): Promise<Vouching> {
  const { kubernetes, namespace, serviceAccount, audience } = options;
  if (token.length > tokenLengthMax || !/^[\w.-]+$/.test(token)) return refused('That is no service-account token.');
  const answer = await kubernetes.create('/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences: [audience] } });
  if (answer.kind === 'problem') return unavailable('The API server cannot review the token', answer);
  const review = Review.safeParse(answer.value);
  if (!review.success) return { kind: 'unavailable', reason: 'The API server answered the review of the token with something that does not have its form.' };
  const { authenticated, audiences, user } = review.data.status;
  if (!authenticated || !audiences.includes(audience)) return refused(`The API server does not accept this token for the audience ${audience}: it has expired, or its pod is gone.`);
  if (user.username !== `system:serviceaccount:${namespace}:${serviceAccount}`) return refused(`Only pods of the service account ${namespace}/${serviceAccount} are sensors here.`);
  const said = (name: string): string => user.extra[claim + name]?.[0] ?? '';
  const [pod, podUid] = [said('pod-name'), said('pod-uid')];
  if (pod === '' || podUid === '') return refused('The token is bound to no pod: it must be a projected one.');
  if (said('node-name') !== '' && said('node-uid') !== '') return { kind: 'vouched', node: { name: said('node-name'), uid: said('node-uid') } };
  return nodeOfPod(kubernetes, `/api/v1/namespaces/${namespace}/pods/${pod}`, podUid);
}

async function nodeOfPod(kubernetes: Kubernetes, path: string, podUid: string): Promise<Vouching> {
  const pod = await kubernetes.get(path);
  if (pod.kind === 'problem') return unavailable('The pod of the token cannot be read', pod);
  const place = PodPlace.safeParse(pod.value);
  if (pod.value.metadata.uid !== podUid || !place.success) return refused('The pod of the token is gone.');
  const name = place.data.spec.nodeName;
  const node = await kubernetes.get(`/api/v1/nodes/${name}`);
  return node.kind === 'problem' ? unavailable('The node of the pod cannot be read', node) : { kind: 'vouched', node: { name, uid: node.value.metadata.uid } };
}

function refused(reason: string): Vouching {
  return { kind: 'refused', reason };
}

function unavailable(what: string, { message }: KubernetesProblem): Vouching {
  return { kind: 'unavailable', reason: `${what}: ${message}` };
}
