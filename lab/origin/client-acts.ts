/** JFrog's own clients against the double: what each call must come to, by client and step. A pattern stands for what nobody chose: digests, ids, the clients' own words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGo, runJs, type Steps } from './clients.ts';
import type { Scene } from './scene.ts';

type Expected = Readonly<Record<string, unknown>>;

const goSteps = (web: string): Expected => ({
  ping: 'OK',
  version: '7.117.5',
  repositories: /"docker-local LOCAL".*"hub REMOTE".*"docker VIRTUAL"/,
  repository: 'docker virtual',
  'repository that is not there': false,
  AQL: 4,
  upload: [3, 0],
  'upload by checksum': [1, 0],
  'item info': /^\["generic-local","\/in\/a.txt","7","[0-9a-f]{64}","admin"\]$/,
  'item that is not there': /^error: .*404 Not Found/,
  'folder info': 4,
  'file list': /"\/in\/large.txt 30000"/,
  'properties of an upload': { team: ['shop'] },
  'set properties': 1,
  'read properties': { odd: ['x y+z/%&'], owner: ['a,b', 'c'], stage: ['released'], team: ['shop'] },
  'search by two properties': ['generic-local/in/a.txt'],
  'search by two properties, of which one does not fit': [],
  'delete properties': 1,
  'no properties left': null,
  download: [4, 0, 'hello a'],
  'download in parts': [1, 0],
  'read remote file': 'hello a',
  copy: /^\[1,0,.*"generic-local\/in\/a.txt".*"generic-local\/copied\/a.txt"\]\]$/,
  move: /^\[1,0,(?!.*copied\/).*"generic-local\/moved\/b.txt"\]\]$/,
  delete: 1,
  deleted: /^error: .*404 Not Found/,
  'build of a project': true,
  'build of a project, asked for without it': null,
  'build of a project, asked for with it': /^\["from go","7","2026-03-04T01:02:03.004\+0000"/,
  'publish build info': true,
  'read build info': ['from go', '7', '2026-03-04T01:02:03.004+0000', 'https://ci.example/runs/7', 'go-publisher', 'c0ffee254729296a45a3885639ac7e10f9d54979', 1],
  'build runs': 1,
  'a build that is not there': false,
  'files of a build': ['generic-local/in/a.txt'],
  'promote a build': 'generic-prod',
  'folder of an image': /"\/1 true".*"\/2 true"/,
  'manifest of a tag': ['docker-local', web],
  'manifests by digest': /^\[("docker-local\/web\/[^"]+manifest.json",?){4}\]$/,
  'promote an image': web,
  'Xray version': '3.131.20',
  entitlement: true,
  'token validation': true,
  'artifact summary': ['Docker', 1, 'XRAY-1', 'Critical', 'CVE-2026-1', '9.8/CVSS:3.1/AV:N', 'npm://left-pad:1.0.0', ['1.0.1'], 1],
  'artifact summary of what is not indexed': /^error: .*not indexed/,
  'graph scan': ['completed', 'XRAY-1', 'CVE-2026-1', '9.8', 'CVSS:3.1/AV:N', ['1.0.1'], 1],
  'index a build': null,
  'build scan': ['completed', false],
  'create policy': null,
  'create policy again': 'error: Xray: Policy already exists.',
  'update policy': null,
  'read policy': ['no-criticals', 'security', 'some', 1],
  'create watch': null,
  'create watch again': 'error: Xray: Watch already exists.',
  'update watch': null,
  'read watch': ['all', 'everything', false, 'all', 1],
  'ignore rule': ['accepted', ['CVE-2026-1']],
  'delete watch': null,
  'deleted watch': /^error: .*404 Not Found/,
  'delete policy': null,
  'violations report': ['completed', 1, 'XRAY-1', 'Critical'],
});

const jsSteps: Expected = {
  ping: 'OK',
  version: '7.117.5',
  'wrong token': 'error: Request failed with status code 401',
  'user and password': '7.117.5',
  'report usage': {},
  AQL: ['docker-local', 'web/1', 'manifest.json', 'number', '1'],
  'AQL that is none': 'error: Request failed with status code 400',
  download: 'hello a',
  'download to a file': 'hello a',
  checksum: /"sha256":"[0-9a-f]{64}"/,
  'download of what is not there': 'error: Request failed with status code 404',
  'Xray version': '3.131.20',
  'Xray ping': { status: 'pong' },
  entitlement: true,
  'no entitlement': false,
  'settings of advanced security': { enable_token_validation_scanning: true },
  // as the type of this client has it; the Go one's is a list
  'component summary': ['XRAY-1', 'Critical', 'string', 'CVE-2026-1', ['1.0.1']],
  'build details': [false, true, true],
  'graph scan': [[10, 100], 'XRAY-1', '9.8', ['npm://left-pad:1.0.0']],
};

const jsFaults: Expected = {
  '429, not waited for': 'error: Request failed with status code 429',
  '429, waited for': 1,
  '503, asked again': '7.117.5',
  '403': 'error: Request failed with status code 403',
  silent: 'error: timeout of 300ms exceeded',
  // this client's words for a connection that broke off: what counts is that it does not take the half for the whole
  cut: /^error: (aborted|maxContentLength)/,
};

export const clientRows = Object.keys(goSteps('')).length + Object.keys(jsSteps).length + Object.keys(jsFaults).length + 2;

function judge({ lab }: Scene, client: string, steps: Steps, expected: Expected): void {
  for (const [name, wanted] of Object.entries(expected)) {
    const found = steps.get(name) ?? 'the client did not come to this step';
    const isError = typeof wanted === 'string' && wanted.startsWith('error: ');
    if (wanted instanceof RegExp) lab.report.row(`${client}: ${name}`, String(wanted), found, '', wanted.test(found.replaceAll('\n', ' ')));
    else lab.report.row(`${client}: ${name}`, isError ? wanted : JSON.stringify(wanted), found);
  }
}

export async function clientActs(scene: Scene): Promise<void> {
  const { lab, clients, double, target, web } = scene;
  lab.report.say("JFrog's own client for Go, v1.50.0, unchanged");
  judge(scene, 'Go', await runGo(clients, target), goSteps(web.digest.slice('sha256:'.length)));
  const sources = readFileSync(join(import.meta.dirname, 'go', 'client', 'go.mod'), 'utf8');
  lab.report.row('Go: it is the module as it was published', 'v1.50.0, nothing replaced', `${/jfrog-client-go (v\S+)/.exec(sources)?.[1]}, ${/^replace/m.test(sources) ? 'something' : 'nothing'} replaced`);
  lab.report.say("JFrog's own client for JavaScript, unchanged");
  double.xray.impactPath = 'text';
  judge(scene, 'JavaScript', await runJs(clients, target, 'calls'), jsSteps);
  double.xray.impactPath = 'list';
  const { version } = JSON.parse(readFileSync(join(clients.js, 'node_modules', 'jfrog-client-js', 'package.json'), 'utf8')) as { version: string };
  lab.report.row('JavaScript: it is the package as it was published', '2.9.0', version);
  const aql = /search\/aql/;
  double.faults.push(
    { path: aql, kind: 'rate-limit', times: 1 }, { path: /system\/version/, kind: 'unavailable', times: 1 },
    { path: aql, kind: 'forbidden', times: 1 }, { path: aql, kind: 'silent', times: 1 }, { path: aql, kind: 'cut', times: 1 }, { path: aql, kind: 'rate-limit', times: 1 },
  );
  judge(scene, 'JavaScript', await runJs(clients, target, 'faults'), jsFaults);
  double.faults.length = 0;
}
