/**
 * Every page of the console, where it is and what it must say of the scene: real content, so that a page which shows only
 * its frame, or a guess where something is known, fails. Texts are compared with white space folded.
 */
import { serving, sleeping } from './scene.ts';

export interface Visit {
  readonly name: string;
  readonly path: string;
  readonly says: readonly RegExp[];
  readonly saysNot?: readonly RegExp[];
}

/** What nobody should read anywhere: a value that fell through, or a count with the wrong form. */
export const neverSaid: readonly RegExp[] = [/undefined|NaN|\[object|Invalid Date/, /(?<![\d.,:-])1 (incidents|sensors|hosts|containers|processes|packages|vulnerabilities|gaps|policies|records|times|runs|days)\b/, /(?<![\d.,:-])[02-9] (incident|sensor|container|process|package|vulnerability|gap|policy|record|run|day)\b/];

export interface Known {
  readonly shellIncident: string;
  readonly droppedIncident: string;
  readonly sensor: string;
}

export function visitsTo({ shellIncident, droppedIncident, sensor }: Known): readonly Visit[] {
  return [
    {
      name: 'risk', path: '/',
      says: [/\d things need you; the worst is: \/tmp\/miner would have been killed by policy only-from-image/, /runc host node image miner dropped/, /CVE-20\S+ in lodash 4\.17\.15 is loaded in shop-cart/, /Upgrade lodash 4\.17\.15 to 4\.17\.\d+/, /Only a part of demo-host is watched/, /Open incidents 3/, /Vulnerabilities loaded 3 of 8 present/, /No percentage holds what no hook sees: \d+ known kinds/],
      saysNot: [/minimist 1\.2\.0 is loaded/],
    },
    { name: 'live', path: '/live', says: [/\d+ processes and 2 containers run on 1 host/, new RegExp(`${serving} \\S+ ?shop/cart ?:1\\.4.* \\d+ of 1\\d\\d 1`), new RegExp(sleeping), /All 2 containers/] },
    { name: 'container', path: `/live?open=${serving}`, says: [/watched from its start/, /1\d\d, of which \d+ are loaded/, /Platform digest [0-9a-f]{12}/, /Runtime runc/, /Privileged no/, /Root filesystem overlay/, /\/proc proc/] },
    { name: 'container-processes', path: `/live?open=${serving}&tab=processes`, says: [/node \/srv\/app\/main\.js image root \d+/] },
    { name: 'container-packages', path: `/live?open=${serving}&tab=packages&package=lodash`, says: [/lodash 4\.17\.15 yes/] },
    { name: 'container-packages-unloaded', path: `/live?open=${serving}&tab=packages&package=minimist`, says: [/minimist 1\.2\.0 not seen/], saysNot: [/minimist 1\.2\.0 (yes|no )/] },
    { name: 'container-executions', path: `/live?open=${serving}&tab=executions`, says: [/miner dropped/, /node .*image/] },
    { name: 'processes', path: '/live?view=processes', says: [/node \/srv\/app\/main\.js image root shop-cart demo-host/, /sleep 600 image root shop-worker/] },
    { name: 'incidents', path: '/incidents', says: [/3 incidents are open, none of them critical/, /Medium Program that is not from the image/, /High \/tmp\/miner would have been killed by policy only-from-image Would have been killed shop-cart on demo-host 2 nobody/, /Low Shell in a container Seen shop-cart on demo-host 1 nobody/] },
    { name: 'incident-shell', path: `/incidents/${shellIncident}`, says: [/Shell in a container/, /in container shop-cart on demo-host once/, /runc exec shop-cart \/bin\/sh -c id/, /dash -c id Seen \+\d+ ms root image/, /Nothing was stopped: rules report, policies act/, /proc\.pname runc/, /UTC, .* at the hub \+\d+ ms/, /Nothing has been done with it yet/] },
    { name: 'incident-dropped', path: `/incidents/${droppedIncident}`, says: [/2 times/, /miner Would have been killed \+\d+ ms root dropped/, /scanner Would have been killed/, /did not come with the image: it was written after the container started/, /kept running/, /2 events/] },
    { name: 'incident-panel', path: `/incidents?open=${droppedIncident}`, says: [/Process tree/, /All 3 incidents/] },
    { name: 'noise', path: '/noise', says: [/No rule is over the budget of 100 detections a day in any workload/, /within 1 1 1 Shell in a container/, /Sensors load the rules of the product only/] },
    { name: 'violations', path: '/violations', says: [/(Nothing that is seen runs against a policy|Nothing is known to run against a policy, but of|\d+ violations? (is|are) open)/, /What runs is judged again whenever advisories, policies, exceptions or what is loaded change/] },
    { name: 'vulnerabilities', path: '/vulnerabilities', says: [/3 of 8 vulnerabilities in what runs now are loaded by a process/, /High CVE-2021-23337 lodash 4\.17\.15 .*1 of 2 unknown 4\.17\.21/, /CVE-2021-44906 minimist 1\.2\.0 .*0 of 2/, /Unrated CVE-2005-2541 tar .* no fix known/], saysNot: [/not exploited/i] },
    { name: 'vulnerability', path: '/vulnerabilities/CVE-2021-23337', says: [/CVE-2021-23337 in lodash 4\.17\.15 is loaded in 1 of 2 runs/, /Raise lodash 4\.17\.15 to 4\.17\.21/, /node_modules\/lodash\/\S+ was (opened|mapped into memory|executed) by \/usr\/bin\/node/, /shop-worker on demo-host lodash 4\.17\.15 34\.8/, /Severity \+28\.8/, /Listening \+8 accepts connections on 8080\/tcp/, /exploited: unknown, no feed loaded/] },
    { name: 'vulnerability-panel', path: '/vulnerabilities?open=CVE-2020-7598', says: [/Raise minimist 1\.2\.0 to 1\.2\.2/, /loaded in 0 of 2 runs/, /Not seen in .* After 1 d without a lost record this becomes "no"/] },
    { name: 'images', path: '/images', says: [/shop\/cart ?:1\.4/] },
    { name: 'trace', path: `/trace?container=${serving}`, says: [/not configured: the registry registry\.test is not among the integrations/, /Add it under Settings/] },
    { name: 'baselines', path: '/baselines', says: [/still learns?/, /shop-cart on demo-host/] },
    { name: 'baseline', path: '/baselines/1', says: [/is still learned/, /What belongs to it/, /Executes/, /Where nobody looked/] },
    { name: 'posture', path: '/posture', says: [/of \d+ controls fails? somewhere|of 1 control fails/, /By framework/, /CIS Kubernetes Benchmark 1\.10/, /hosts: what is not seen/, /Passed .*A sensor watches every node/] },
    { name: 'control', path: '/posture/node-is-watched', says: [/A sensor watches every node: passed/, /Let the DaemonSet run on the node/, /Passed demo-host host in hosts/, /PCI DSS 4\.0 11\.5\.1/] },
    { name: 'policies', path: '/policies', says: [/No policy enforces, \d+ watch in shadow.* In the last 7 days nothing was killed/, /no-malicious-package shipped/, /Shadow only-from-image shipped .*Build Deploy Run High 1 of 1 sensor 0 2/, /Shadow no-root-user shipped .*Medium where asked – –/] },
    { name: 'policy', path: '/policies/only-from-image', says: [/Nothing is stopped/, /Would have killed 2/, /when the origin of the file is dropped/, /apiVersion: vedette\.dev\/v1alpha1/, /1 of 1 sensor/, /Run asked in the kernel at each execution/] },
    { name: 'policy-of-images', path: '/policies/no-critical-with-fix', says: [/watches in shadow/, /Build asked by vedette check in pipelines critical fails the build/, /Run it says nothing here/, /Explain Image Choose an image registry\.test\/shop\/cart:1\.4 \(runs\)/], saysNot: [/Kernel form/] },
    { name: 'exceptions', path: '/exceptions', says: [/No exception counts/, /There is no exception/, /Another person approves it/] },
    { name: 'fleet', path: '/fleet', says: [/1 of 1 sensor connected, none needs attention/, /demo-host connected 99 % 0 0 kill at exec/] },
    { name: 'sensor', path: `/fleet/${sensor}`, says: [/The sensor on demo-host sees 99 % of what its hooks can see/, /all \d+ hooks attached/, /devices and directories; the kernel.s own opens/, /No record was lost, of [\d,]+ events seen/, /Watches \S*shop\.slice/, /renews itself/] },
    { name: 'coverage', path: '/coverage', says: [/99 % of what the hooks can see is seen now/, /Only a part of demo-host is watched/, /Start it without --cgroup/, /devices and directories; the kernel.s own opens/, /outside of the percentage/] },
    { name: 'advisories', path: '/advisories', says: [/13 advisories from 2 feeds/, /Debian 5 .* 0/, /npm 8 .* 0/, /vedette advisories sync --from/], saysNot: [/old copy/] },
    { name: 'users', path: '/users', says: [/1 user may sign in, one as administrator/, /admin of the whole hub/] },
    { name: 'account', path: '/account', says: [/You are signed in as admin/, /Sees everything, also in clusters that join later/, /Chrome on Linux/, /this one/] },
    { name: 'audit', path: '/audit', says: [/Every change, the newest first/, /admin Signed in person:admin/] },
    { name: 'tokens', path: '/tokens', says: [/There is no API token/, /People sign in instead/] },
  ];
}

/** Addresses of nothing: each says so, and where to go instead. */
export const nothingThere: readonly Visit[] = [
  { name: 'nowhere', path: '/nowhere', says: [/There is no page at this address/, /To the risk summary/] },
  { name: 'no-incident', path: '/incidents/999999', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'no-violation', path: '/violations/999999', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'violations-filtered', path: '/violations?q=zzzz', says: [/No violation matches/, /Clear the filters/] },
  { name: 'no-vulnerability', path: '/vulnerabilities/CVE-1999-0001', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'no-policy', path: '/policies/never-made', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'no-control', path: '/posture/never-made', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'no-sensor-page', path: '/fleet/00000000-0000-0000-0000-000000000000', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'no-container', path: '/live?open=never-started', says: [/(does not exist|no such|not found|is nothing|there is no)/i] },
  { name: 'incidents-filtered', path: '/incidents?q=zzzz', says: [/No incident matches/, /Clear the filters/] },
  { name: 'vulnerabilities-filtered', path: '/vulnerabilities?q=zzzz', says: [/match/, /Clear/] },
  { name: 'live-filtered', path: '/live?q=zzzz', says: [/Nothing that runs now matches/] },
];

/** A hub without any sensor or advisories: nothing may look clean, and each page says what is missing. */
export const beforeTheFirstSensor: readonly Visit[] = [
  { name: 'empty-risk', path: '/', says: [/Nothing is seen yet: no sensor has joined this hub/, /No vulnerabilities are known/, /Vulnerabilities loaded unknown/, /Containers unknown no host is watched/], saysNot: [/Processes 0/] },
  { name: 'empty-live', path: '/live', says: [/Nothing is watched yet/, /Add a host/] },
  { name: 'empty-incidents', path: '/incidents', says: [/No sensor has joined, so no incident can be seen/] },
  { name: 'empty-vulnerabilities', path: '/vulnerabilities', says: [/No advisories are loaded, so vulnerabilities are unknown, not absent/, /Critical \?/, /vedette advisories sync/], saysNot: [/Critical 0/] },
  { name: 'empty-posture', path: '/posture', says: [/Nothing was evaluated yet, so nothing has passed/, /Add a host/], saysNot: [/passed 0|0 of \d+/i] },
  { name: 'empty-fleet', path: '/fleet', says: [/Add a host/] },
  { name: 'empty-coverage', path: '/coverage', says: [/Nothing is watched yet/, /No host is seen/] },
  { name: 'empty-advisories', path: '/advisories', says: [/No advisories are loaded, so vulnerabilities are unknown, not absent/, /vedette advisories sync --from/] },
];
