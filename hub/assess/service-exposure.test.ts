import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExposedWorkload, RoutingObject } from '../store/read-clusters.ts';
import { serviceExposure } from './service-exposure.ts';

const web: ExposedWorkload = { namespace: 'shop', labelSets: [{ app: 'web', hash: '1' }], hostNetwork: false, hostPorts: [] };
const service = (spec: object, name = 'front', namespace = 'shop'): RoutingObject => ({ kind: 'Service', namespace, name, json: { spec: { selector: { app: 'web' }, ...spec } } });
const ingress = (spec: object): RoutingObject => ({ kind: 'Ingress', namespace: 'shop', name: 'edge', json: { spec } });
const toFront = { service: { name: 'front' } };

const table: readonly (readonly [what: string, workload: Partial<ExposedWorkload>, routing: readonly RoutingObject[], unseen: string | null, state: string, by: readonly string[]])[] = [
  ['nothing leads to it', {}, [], null, 'no', []],
  ['a Service within the cluster', {}, [service({ type: 'ClusterIP' })], null, 'no', []],
  ['a load balancer', {}, [service({ type: 'LoadBalancer' })], null, 'yes', ['Service front (LoadBalancer)']],
  ['a node port', {}, [service({ type: 'NodePort' })], null, 'yes', ['Service front (NodePort)']],
  ['external addresses', {}, [service({ type: 'ClusterIP', externalIPs: ['192.0.2.1'] })], null, 'yes', ['Service front (external addresses)']],
  ['a Service of another namespace', {}, [service({ type: 'NodePort' }, 'front', 'other')], null, 'no', []],
  ['a Service of other pods', {}, [service({ type: 'NodePort', selector: { app: 'db' } })], null, 'no', []],
  ['a Service without selector', {}, [service({ type: 'NodePort', selector: {} })], null, 'no', []],
  ['an Ingress', {}, [service({}), ingress({ rules: [{ host: 'shop.example', http: { paths: [{ path: '/', backend: toFront }] } }] })], null, 'yes', ['Ingress edge (shop.example)']],
  ['an Ingress by default', {}, [service({}), ingress({ defaultBackend: toFront })], null, 'yes', ['Ingress edge (any host)']],
  ['an Ingress to another Service', {}, [service({}), ingress({ defaultBackend: { service: { name: 'db' } } })], null, 'no', []],
  ['the network of the node', { hostNetwork: true, hostPorts: [80] }, [], null, 'yes', ['the network of its nodes']],
  ['a port of the node', { hostPorts: [80, 443] }, [], 'x', 'yes', ['host port 80, 443']],
  ['Services are not known', {}, [], 'forbidden', 'unknown', []],
  ['a form that is none', {}, [service({ type: 1, externalIPs: 'x' }), { kind: 'Ingress', namespace: 'shop', name: 'x', json: [1] }, ingress({ rules: [7, { http: { paths: 'x' } }] })], null, 'no', []],
];
for (const [what, workload, routing, unseen, state, by] of table) {
  test(`exposure: ${what}`, () => {
    const found = serviceExposure({ ...web, ...workload }, routing, unseen);
    assert.deepEqual([found.state, found.by, found.reason], [state, by, state === 'unknown' ? unseen : null]);
  });
}
