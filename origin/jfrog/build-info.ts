/**
 * A manifest's properties → the build that they name → commit, CI run and who published it, from build info. Anyone who may annotate can write the
 * properties, so a build counts as recorded only when its own list of artifacts holds the digest; otherwise it is a claim, and says so.
 * Builds of a project are asked for with the project. A build that is named and not found is unknown: it may be hidden or cleaned up.
 */
import { z } from 'zod';
import type { ImageDigest } from '@vedette/model/ids';
import { absent, known, unknown, type Answer, type Confidence } from '@vedette/model/origin';
import { repositoriesBehind, type ManifestPlace } from './manifest.ts';
import { jfrogTimeMs, type Platform } from './platform.ts';

export interface Commit {
  readonly revision: string;
  readonly repository: string | null;
  readonly branch: string | null;
  readonly message: string | null;
}

export interface Build {
  readonly name: string;
  readonly number: string;
  readonly project: string | null;
  readonly startedAtMs: number | null;
  /** `recorded`: its artifacts hold the digest; `claimed`: only the manifest's properties name it. */
  readonly confidence: Confidence;
  /** Part of the build that made this image: `linux/amd64/web:1`. */
  readonly module: string | null;
  readonly commits: Answer<readonly Commit[]>;
  readonly runUrl: Answer<string>;
  readonly principal: Answer<string>;
}

const text = z.string().max(8192);
const vcs = z.object({ url: text.nullish(), revision: text.nullish(), branch: text.nullish(), message: text.nullish() });
const artifact = z.object({ sha256: text.nullish() });
const buildAnswer = z.object({
  buildInfo: z.object({
    name: text,
    number: text,
    started: text.nullish(),
    url: text.nullish(),
    artifactoryPrincipal: text.nullish(),
    properties: z.record(z.string(), z.unknown()).nullish(),
    vcs: z.array(vcs).max(100).nullish(),
    modules: z.array(z.object({ id: text.nullish(), artifacts: z.array(artifact).max(100_000).nullish() })).max(10_000).nullish(),
  }),
});
type BuildInfo = z.infer<typeof buildAnswer>['buildInfo'];

/** Where CI systems leave the commit when build info was made without looking at git. */
const commitVariables = ['GIT_COMMIT', 'GITHUB_SHA', 'CI_COMMIT_SHA', 'BUILD_SOURCEVERSION', 'CIRCLE_SHA1', 'BITBUCKET_COMMIT'];

export async function findBuild(platform: Platform, place: ManifestPlace, digests: readonly ImageDigest[]): Promise<Answer<Build>> {
  const name = place.properties.get('build.name')?.[0];
  const number = place.properties.get('build.number')?.[0];
  if (name === undefined || number === undefined) return absent(`${place.repository}/${place.path}/${place.name} names no build`);
  const projects: (string | null)[] = [null, ...platform.projects];
  let first: Answer<Build> | null = null;
  for (let at = 0; at < projects.length; at += 1) {
    const project = projects[at] ?? null;
    const found = await readBuild(platform, name, number, project);
    if ('info' in found) return known(buildOf(found.info, project, digests));
    // one that is not here may be elsewhere; one that we could not ask for is the answer if none is found
    if (first === null || found.status !== 404) first = found.why;
    if (at === projects.length - 1) projects.push(...(await furtherProject(platform, place, projects)));
  }
  return first !== null && first.state === 'unknown' && first.reason !== 'not-found' ? first : unknown('not-found', `${platform.name} has no build ${name} #${number} in ${projects.map((one) => one ?? 'the default project').join(', ')}: it is hidden from us, was cleaned up, or lies in another project`);
}

/** The project that the image's repository belongs to, asked for only when nothing else led to the build. */
async function furtherProject(platform: Platform, place: ManifestPlace, tried: readonly (string | null)[]): Promise<string[]> {
  if (tried.length > platform.projects.length + 1) return [];
  const behind = await repositoriesBehind(platform, place.repository);
  return 'state' in behind || behind.projectKey === null || behind.projectKey === 'default' || tried.includes(behind.projectKey) ? [] : [behind.projectKey];
}

async function readBuild(platform: Platform, name: string, number: string, project: string | null) {
  const path = `artifactory/api/build/${encodeURIComponent(name)}/${encodeURIComponent(number)}${project === null ? '' : `?project=${encodeURIComponent(project)}`}`;
  const found = await platform.json({ method: 'GET', path }, buildAnswer);
  return 'why' in found ? found : { info: found.value.buildInfo };
}

function buildOf(info: BuildInfo, project: string | null, digests: readonly ImageDigest[]): Build {
  const wanted = new Set<string>(digests.map((one) => one.slice('sha256:'.length)));
  const modules = (info.modules ?? []).filter((one) => (one.artifacts ?? []).some((file) => wanted.has(file.sha256 ?? '')));
  return {
    name: info.name,
    number: info.number,
    project,
    startedAtMs: jfrogTimeMs(info.started),
    confidence: modules.length > 0 ? 'recorded' : 'claimed',
    module: modules.map((one) => one.id ?? null).find((one) => one !== null) ?? null,
    commits: commitsOf(info),
    runUrl: info.url != null && info.url !== '' ? known(info.url) : absent('build info names no CI run'),
    principal: info.artifactoryPrincipal != null && info.artifactoryPrincipal !== '' ? known(info.artifactoryPrincipal) : absent('build info names nobody who published it'),
  };
}

function commitsOf(info: BuildInfo): Answer<readonly Commit[]> {
  const commits = (info.vcs ?? []).flatMap((one) => (one.revision != null && one.revision !== '' ? [{ revision: one.revision, repository: one.url ?? null, branch: one.branch ?? null, message: one.message ?? null }] : []));
  if (commits.length > 0) return known(commits);
  for (const variable of commitVariables) {
    const value = info.properties?.[`buildInfo.env.${variable}`];
    if (typeof value === 'string' && /^[0-9a-f]{40}$|^[0-9a-f]{64}$/.test(value)) return known([{ revision: value, repository: null, branch: null, message: null }]);
  }
  return absent('build info names no commit');
}
