/** The double fails in every way that servers fail in, and `vedette trace --json` says which it was: never "clean", never "missing". */
import { file, trace, type Scene, type Told } from './scene.ts';
import type { Fault } from '../artifactory/double.ts';

interface FaultCase {
  readonly name: string;
  readonly kind: Fault['kind'] | null;
  readonly reason: string;
  readonly token?: string;
  readonly retryAfter?: string;
  readonly url?: string;
  /** What has to stand in the sentence. */
  readonly words?: RegExp;
}

const cases: readonly FaultCase[] = [
  { name: 'a wrong token', kind: null, token: 'wrong', reason: 'wrong-credentials', words: /401.*Bad Credentials/ },
  { name: 'a token that has expired', kind: 'unauthorized', reason: 'wrong-credentials', words: /expired/ },
  { name: '403', kind: 'forbidden', reason: 'forbidden' },
  { name: '404', kind: 'not-found', reason: 'not-found' },
  { name: '429 for a moment', kind: 'rate-limit', reason: 'rate-limited', words: /try again after 1 s/ },
  { name: '429 for an hour', kind: 'rate-limit', retryAfter: '3600', reason: 'rate-limited', words: /try again after 3600 s/ },
  { name: '503', kind: 'unavailable', reason: 'unavailable' },
  { name: 'no answer in time', kind: 'silent', reason: 'timeout' },
  { name: 'half an answer', kind: 'half', reason: 'incomplete' },
  { name: 'a connection that breaks off', kind: 'cut', reason: 'incomplete' },
  { name: 'a page instead of an answer', kind: 'not-json', reason: 'malformed' },
  { name: 'nobody there', kind: null, url: 'http://127.0.0.1:1', reason: 'unreachable' },
];

/** Which calls fail, by the path of each, and which answers must then be unknown; what else was asked must still be answered. */
const parts: readonly { readonly name: string; readonly path: RegExp; readonly unknown: readonly string[] }[] = [
  { name: 'builds', path: /^\/artifactory\/api\/build\//, unknown: ['build'] },
  { name: 'Xray', path: /^\/xray\//, unknown: ['issues', 'violations'] },
  { name: "the scan's status", path: /^\/xray\/api\/v1\/artifact\/status/, unknown: ['issues'] },
];

export const faultRows = cases.length + parts.length + 3;

export async function faultActs(scene: Scene): Promise<void> {
  const { lab: { report }, double, target, web } = scene;
  report.say('An Artifactory that fails, in vedette trace --json');
  const host = new URL(double.url).host;
  const login = file(scene, 'login.json', { auths: { [host]: { auth: Buffer.from(`admin:${target.token}`).toString('base64') } } });
  const ask = async (settings: object): Promise<Told> =>
    await trace([`${host}/docker/web:1@${web.digest}`, '--platform', 'linux/amd64', '--registry-config', login, '--artifactory', file(scene, 'artifactory.json', { url: double.url, token: target.token, ...settings })]);
  double.evidence = new Map();
  const well = await ask({});
  report.row('when it is well, everything is known', 'known, known, known, known, absent', ['places', 'build', 'issues', 'violations', 'evidence'].map((one) => well.artifactory?.[one]?.state).join(', '), well.stderr + well.stdout.slice(0, 500));
  report.row('… and its commit and CI run are on the chain', true, well.stdout.includes('https://ci.example/runs/33') && well.stdout.includes('b1946ac92492d2347c6235b4d2611184b1946ac9'));
  for (const one of cases) {
    double.faults.length = 0;
    if (one.kind !== null && scene.lab.sabotage !== 'faults') double.faults.push({ path: /^\/(?:artifactory|xray|evidence)\//, kind: one.kind, times: 1000, ...(one.retryAfter === undefined ? {} : { retryAfter: one.retryAfter }) });
    const told = await ask({ ...(one.token === undefined ? {} : { token: one.token }), ...(one.url === undefined ? {} : { url: one.url }) });
    const places = told.artifactory?.['places'];
    const others = ['build', 'issues', 'violations', 'evidence'].map((name) => told.artifactory?.[name]?.state);
    const isSaid = places?.state === 'unknown' && (one.words?.test(places.detail ?? '') ?? true) && !told.stdout.includes(target.token);
    report.row(`${one.name}: unknown, with its own reason; exit code 1`, `${one.reason}, nothing else is known, exit 1`, `${places?.reason ?? places?.state}, ${others.every((state) => state === 'unknown') ? 'nothing else is known' : others.join(' ')}, exit ${told.code}`, places, isSaid && places.reason === one.reason && others.every((state) => state === 'unknown') && told.code === 1);
  }
  for (const part of parts) {
    double.faults.length = 0;
    double.faults.push({ path: part.path, kind: 'forbidden', times: 1000 });
    const told = await ask({});
    const unknowns = Object.entries(told.artifactory ?? {}).filter(([, answer]) => answer.state === 'unknown' && answer.reason === 'forbidden').map(([name]) => name);
    report.row(`only ${part.name} refused: the rest is still told`, part.unknown, unknowns, told.stdout.slice(0, 300));
  }
  double.faults.length = 0;
  const again = await ask({});
  report.row('well again: known again', 'known', again.artifactory?.['places']?.state);
}
