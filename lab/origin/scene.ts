/** What the origin lab plays with: the double with some images, JFrog's clients, a real registry, cosign with two key pairs, and `vedette` itself as a program. All of it is stopped in the end. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IntegrityKind } from '@vedette/model/origin';
import { ArtifactoryDouble } from '../artifactory/double.ts';
import type { Pushed } from '../artifactory/content.ts';
import { run, type RunResult } from '../containers/run.ts';
import { interruption } from '../interruption.ts';
import { smallImage, type SmallImage } from '../kubernetes/image.ts';
import { startRegistry, type Registry } from '../kubernetes/registry.ts';
import { buildRegistryTools, type RegistryTools } from '../kubernetes/tools.ts';
import type { LabRun } from '../lab.ts';
import { installClients, type Clients, type Target } from './clients.ts';

export interface Scene {
  readonly lab: LabRun;
  readonly double: ArtifactoryDouble;
  readonly target: Target;
  readonly clients: Clients;
  /** The single image `web:1` in the double. */
  readonly web: Pushed;
  readonly tools: RegistryTools;
  readonly registry: Registry;
  /** Three images that differ in a file. */
  readonly images: readonly [SmallImage, SmallImage, SmallImage];
  readonly signal: AbortSignal;
  readonly stops: (() => Promise<void>)[];
}

export function path(scene: Scene, name: string): string {
  return join(scene.lab.place, name);
}

/** Writes a file of the lab's; its path. */
export function file(scene: Scene, name: string, content: string | object): string {
  writeFileSync(path(scene, name), typeof content === 'string' ? content : JSON.stringify(content));
  return path(scene, name);
}

export function cosign(scene: Scene, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  return run(scene.tools.cosign, args, { cwd: scene.lab.place, env: { COSIGN_PASSWORD: 'lab', HOME: scene.lab.place, ...env } });
}

export interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly chain: readonly { readonly station: string; readonly state: string; readonly claims: readonly { readonly value: { readonly text: string; readonly details: Record<string, string> } }[]; readonly gaps: readonly { readonly reason: string | null; readonly detail: string }[] }[];
  readonly verdicts: readonly { readonly kind: IntegrityKind; readonly state: string; readonly reason: string | null; readonly sentence: string }[];
  readonly artifactory: Readonly<Record<string, { readonly state: string; readonly reason?: string; readonly detail?: string }>> | null;
}

/** `vedette trace … --json`, as a person runs it. */
export async function trace(args: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await run(process.execPath, [join(import.meta.dirname, '..', '..', 'cli', 'main.ts'), 'trace', ...args, '--json'], { accept: [1, 2] });
  const told = stdout.startsWith('{') ? (JSON.parse(stdout) as Partial<Told>) : {};
  return { code, stdout, stderr, chain: told.chain ?? [], verdicts: told.verdicts ?? [], artifactory: told.artifactory ?? null };
}

/** A verdict in one word: `holds`, `violated`, or `unknown: reason`. */
export function verdict(told: Told, kind: IntegrityKind): string {
  const found = told.verdicts.find((one) => one.kind === kind);
  if (found === undefined) return told.stderr.trim() || 'no such verdict';
  return found.state === 'unknown' ? `unknown: ${found.reason}` : found.state;
}

export function link(told: Told, station: string): string {
  const found = told.chain.find((one) => one.station === station);
  return found?.claims[0]?.value.text ?? found?.state ?? 'no such station';
}

function fillDouble(double: ArtifactoryDouble): Pushed {
  const { content, xray } = double;
  for (const key of ['docker-local', 'docker-prod', 'generic-local', 'generic-prod']) content.repository(key);
  content.repository('hub', 'remote');
  content.repository('docker', 'virtual', { members: ['docker-local', 'hub'] });
  const web = content.push('docker-local', 'web', '1', [{ architecture: 'amd64' }], { 'build.name': 'web', 'build.number': '33' });
  content.push('docker-local', 'web', '2', [{ architecture: 'amd64', layer: 'two' }, { architecture: 'arm64', layer: 'two' }]);
  const hex = web.digest.slice('sha256:'.length);
  content.publish({ name: 'web', number: '33', started: '2026-03-03T23:10:43.559+0000', url: 'https://ci.example/runs/33', artifactoryPrincipal: 'ci-publisher', vcs: [{ url: 'https://git.example/web.git', revision: 'b1946ac92492d2347c6235b4d2611184b1946ac9' }], modules: [{ id: 'web:1', artifacts: [{ name: 'manifest.json', sha256: hex }] }] });
  xray.pollsUntilDone = 1;
  xray.scans.set(hex, {
    status: 'DONE', indexed: true, violations: [{ watch: 'all', policy: 'no-criticals', issue: 'XRAY-1', severity: 'Critical', type: 'Security' }],
    issues: [{ id: 'XRAY-1', severity: 'Critical', component: 'npm://left-pad:1.0.0', fixed: ['1.0.1'], cves: [{ cve: 'CVE-2026-1', score: '9.8', vector: 'CVSS:3.1/AV:N' }] }],
  });
  return web;
}

/** The person who may do everything has a token that only the double knows. */
export const adminToken = 'admin-token';

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const { report, place } = lab;
  const stop = interruption();
  const stops: (() => Promise<void>)[] = [];
  try {
    report.say('Setting the scene');
    rmSync(place, { recursive: true, force: true });
    const scratch = join(place, 'files');
    mkdirSync(scratch, { recursive: true });
    for (const [name, text] of [['a.txt', 'hello a'], ['b.txt', 'hello b'], ['large.txt', 'x'.repeat(30_000)]] as const) writeFileSync(join(scratch, name), text);
    const log = (text: string) => report.progress(text);
    const clients = await installClients(log);
    const tools = await buildRegistryTools(log);
    const image = async (name: string) => await smallImage(tools, { name: `origin-${name}`, files: { '/etc/which': `${name}\n` }, labels: { 'org.opencontainers.image.revision': 'b1946ac92492d2347c6235b4d2611184b1946ac9' } });
    const images = [await image('one'), await image('two'), await image('three')] as const;
    stop.signal.throwIfAborted();
    const double = await new ArtifactoryDouble().start();
    stops.push(async () => await double.close());
    const web = fillDouble(double);
    const registry = await startRegistry({ tools, directory: join(place, 'registry') });
    stops.push(async () => await registry.stop());
    const scene: Scene = { lab, double, target: { url: double.url, token: adminToken, scratch }, clients, web, tools, registry, images, signal: stop.signal, stops };
    await cosign(scene, ['generate-key-pair']);
    await cosign(scene, ['generate-key-pair', '--output-key-prefix', 'other']);
    await play(scene);
  } finally {
    for (const one of stops.toReversed()) await one().catch((error: unknown) => report.row('everything could be stopped', 'yes', error instanceof Error ? error.message : String(error), '', false));
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
    stop.forget();
  }
}
