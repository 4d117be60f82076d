/** What the pages of the console say of the road: each page with its address in this scene and the words it must show. */
import type { Stop } from '../browser/tour.ts';
import { turningPackage, turningVulnerability } from './images.ts';

/** Ids that addresses of pages are made of. */
export interface Known {
  readonly container: string;
  readonly process: string;
  readonly node: string;
  readonly incident: string;
  readonly violation: string;
  readonly policy: string;
  readonly digest: string;
  readonly response: string;
  readonly waiting: string;
  readonly playbook: string;
  readonly exception: string;
  readonly control: string;
  readonly image: string;
  readonly movedImage: string;
  readonly firstCluster: string;
  readonly secondCluster: string;
  readonly sensor: string;
}

export function stopsOf(known: Known): readonly Stop[] {
  return [...now(known), ...whatRuns(known), ...decisions(known), ...sight(known), ...thisHub];
}

const now = ({ container, node, process, incident, violation }: Known): readonly Stop[] => [
  { name: 'risk', path: '/', says: [/needs? you; the worst is/, new RegExp(turningVulnerability), /shop\/cart/], menu: true, picture: true },
  { name: 'live', path: '/live', says: [/shop\/cart/, /first-node/, /containers run on/], menu: true },
  { name: 'processes', path: '/live?view=processes', says: [/node \/srv\/app/, /first-node/] },
  { name: 'container', path: `/live?open=${container}`, says: [/shop\/cart/, /Platform digest/] },
  { name: 'container-processes', path: `/live?open=${container}&tab=processes`, says: [/node/] },
  { name: 'container-packages', path: `/live?open=${container}&tab=packages&package=${turningPackage.name}`, says: [new RegExp(`${turningPackage.name} ${turningPackage.version} yes`)] },
  { name: 'container-executions', path: `/live?open=${container}&tab=executions`, says: [/node .*image/] },
  { name: 'process', path: `/live?view=processes&process=${encodeURIComponent(`${node}/${process}`)}`, says: [/Where it came from/] },
  { name: 'incidents', path: '/incidents', says: [/incidents? (is|are) open/, /shop\/cart|cart-/] },
  { name: 'incident', path: `/incidents/${incident}`, says: [/Process tree/, /by policy/, /Stopped|Killed|killed/] },
  { name: 'noise', path: '/noise', says: [/over|within|No rule/, /Rule files of your own/], picture: true },
  { name: 'violations', path: '/violations', says: [/violations? (is|are) open/, new RegExp(turningVulnerability)] },
  { name: 'violation-panel', path: `/violations?open=${violation}`, says: [/What follows/] },
  { name: 'violation', path: `/violations/${violation}`, says: [/runs against/, new RegExp(turningVulnerability), /Respond/] },
  { name: 'violation-respond', path: `/violations/${violation}`, press: ['respond'], says: [/Dry run/, /road-contain/] },
];

const whatRuns = ({ container, control, image, movedImage, process }: Known): readonly Stop[] => [
  { name: 'vulnerabilities', path: '/vulnerabilities', says: [new RegExp(turningVulnerability)] },
  { name: 'vulnerability', path: `/vulnerabilities/${turningVulnerability}`, says: [new RegExp(turningPackage.name), /shop\/cart/] },
  { name: 'images', path: '/images', says: [/shop\/cart/, /running images?/] },
  { name: 'image', path: `/images/${image}`, says: [/shop\/cart/, /4f2d9c1b7a6e/] },
  { name: 'image-moved', path: `/images/${movedImage}`, says: [/shop\/moved/, /moved/i] },
  { name: 'trace', path: `/trace?process=${encodeURIComponent(process)}&path=${encodeURIComponent(`/srv/app/node_modules/${turningPackage.name}/lodash.js`)}`, says: [/the whole chain is known|stations are known/, /4f2d9c1b7a6e/], picture: true },
  { name: 'trace-container', path: `/trace?container=${container}`, says: [/4f2d9c1b7a6e/] },
  { name: 'baselines', path: '/baselines', says: [/learns?|watched/, /cart/], picture: true },
  { name: 'baseline', path: '/baselines/1', says: [/What belongs to it/, /Where nobody looked/] },
  { name: 'posture', path: '/posture', says: [/controls? fails?/, /CIS Kubernetes Benchmark/, /second/], picture: true },
  { name: 'posture-panel', path: `/posture?open=${control}`, says: [/Failed/] },
  { name: 'control', path: `/posture/${control}`, says: [/failed/i] },
];

const decisions = ({ policy, digest, exception, playbook, response, waiting }: Known): readonly Stop[] => [
  { name: 'policies', path: '/policies', says: [new RegExp(policy), /enforce/i] },
  { name: 'policy', path: `/policies/${policy}`, says: [/enforces/, /Kernel form/] },
  { name: 'policy-explained', path: `/policies/no-critical-with-fix?image=${encodeURIComponent(digest)}`, says: [/Explain/, new RegExp(turningVulnerability)], picture: true },
  { name: 'policy-in-kernel', path: '/policies/only-from-image', says: [/Kernel form/] },
  { name: 'policy-at-the-door', path: '/policies/signed', says: [/enforces/] },
  { name: 'admissions', path: '/admissions', says: [/workloads were denied/, /no-critical-with-fix/], menu: true },
  { name: 'admission', path: '/admissions?outcome=denied&open=1', says: [/The API server refused it/, /The image has no signature \(image\.signatures is empty\)/], picture: true },
  { name: 'sessions', path: '/admissions?show=sessions', says: [/vedette advisories sync/] },
  { name: 'sessions-of-one', path: '/admissions?show=sessions&user=alice', says: [/alice/, /shop\/twin/] },
  { name: 'exceptions', path: '/exceptions', says: [new RegExp(exception), /shop/] },
  { name: 'responses', path: '/responses', says: [/waits? for/, new RegExp(playbook)], menu: true },
  { name: 'response', path: `/responses/${response}`, says: [/roll-back/, /Undone|undone|taken back/i], picture: true },
  { name: 'response-waiting', path: `/responses/${waiting}`, says: [/Approve/] },
  { name: 'playbooks', path: '/playbooks', says: [new RegExp(playbook)] },
  { name: 'playbook', path: `/playbooks/${playbook}`, says: [/isolate-pod/] },
];

const sight = ({ firstCluster, secondCluster, sensor }: Known): readonly Stop[] => [
  { name: 'fleet', path: '/fleet', says: [/first-node/, /second/, /silent/i], picture: true },
  { name: 'add-cluster', path: '/fleet?add=cluster', says: [/cluster/] },
  { name: 'add-host', path: '/fleet?add=host', says: [/host/] },
  { name: 'sensor', path: `/fleet/${sensor}`, says: [/first-node/, /hooks/] },
  { name: 'cluster', path: `/fleet/cluster/${firstCluster}`, says: [/shop/, /cart/] },
  { name: 'cluster-namespaces', path: `/fleet/cluster/${firstCluster}?tab=namespaces`, says: [/kube-system/] },
  { name: 'cluster-nodes', path: `/fleet/cluster/${firstCluster}?tab=nodes`, says: [/first-node/] },
  { name: 'cluster-watching', path: `/fleet/cluster/${firstCluster}?tab=watching`, says: [/Pod/] },
  { name: 'cluster-silent', path: `/fleet/cluster/${secondCluster}`, says: [/silent/i] },
  { name: 'coverage', path: '/coverage', says: [/of what the hooks can see/, /second/], picture: true },
  { name: 'advisories', path: '/advisories', says: [/advisories from \d+ feeds/, /npm/] },
];

const thisHub: readonly Stop[] = [
  { name: 'audit', path: '/audit', says: [/admin/, /the playbook road-contain began/] },
  { name: 'users', path: '/users', says: [/admin/] },
  { name: 'tokens', path: '/tokens', says: [/olga/, /reader/] },
  { name: 'account', path: '/account', says: [/You are signed in as admin/] },
  { name: 'settings', path: '/settings', says: [/integrations?/, /artifactory/i] },
  { name: 'keys', path: '/', press: ['help'], says: [/Next row/] },
];
