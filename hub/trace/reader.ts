/**
 * What is stored of images → what people read: the list, one image, and the chain of a process, a file or an image. Nobody is asked anything here, so that
 * an answer takes milliseconds; how old each part is stands beside it. Every image is found through the reader's scope first.
 */
import { everything, type Scope } from '@vedette/model/access';
import type { ImageDetailView, ImageView, OriginVerdictView, TraceView } from '@vedette/model/api/origin';
import { isImageDigest } from '@vedette/model/ids';
import { integrityKinds, wordsOf, type IntegrityKind, type Station, type UnknownReason } from '@vedette/model/origin';
import { isTrusted } from '@vedette/origin/integrity';
import { formatReference, parseReference } from '@vedette/origin/oci/reference';
import type { StationFact } from '@vedette/origin/trace';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { known, unknown, type Fact } from '@vedette/policy/vocabulary';
import type { Db } from '../store/database.ts';
import { listIntegrations } from '../store/integrations.ts';
import { checksOf, layerOfPackage, originFactsOf, originVerdictHistory, originVerdictsOf, type OriginFactShape, type OriginVerdictShape } from '../store/origin-content.ts';
import { containerById, type ContainerShape } from '../store/read-containers.ts';
import { countOriginImages, listOriginImages, originImage, originImageNamed, originImageOfContainer, originRisk, packageOfFile, placesOfOriginImage, tracedProcess, type ImageFilter, type OriginImageShape, type OriginPlace, type OriginRiskShape, type TracedProcess } from '../store/read-origin.ts';
import { chainView, checkFacts, fileFacts, headline, storedFacts } from './chain.ts';
import { originFactsFrom, standingFrom, type OriginImageFacts, type OriginStanding } from './facts.ts';
import { readSaid, xrayWords } from './said.ts';
import { trustedIn } from './sources.ts';

export interface TraceQuery {
  readonly image?: string | undefined;
  readonly container?: string | undefined;
  readonly process?: string | undefined;
  readonly pid?: number | undefined;
  readonly node?: string | undefined;
  readonly boot?: string | undefined;
  readonly startTicks?: number | undefined;
  readonly path?: string | undefined;
}

export interface OriginReader {
  list(scope: Scope, filter: ImageFilter, page: { after: { reference: string; id: number } | undefined; limit: number }): Promise<{ readonly items: readonly { readonly view: ImageView; readonly position: readonly [string, number] }[]; readonly total: number }>;
  image(scope: Scope, id: number): Promise<ImageDetailView | undefined>;
  /** A sentence: why there is nothing to show. */
  trace(scope: Scope, query: TraceQuery): Promise<TraceView | { readonly problem: string; readonly isRequest: boolean }>;
  /** Of what runs in scope; null: no list, or no registry, is configured that could say. */
  risks(scope: Scope): Promise<{ readonly untrustedRegistry: OriginRiskShape | null; readonly integrity: OriginRiskShape | null }>;
  /** For policies: what is known of an image that is named. */
  standing(named: { readonly reference: string | null; readonly digest: string | null }): Promise<OriginStanding>;
}

/** What runs is not what the registry has. An image that nobody signed is a matter of policy: it is not in here. */
const notAsPushed = ['tag-moved', 'missing-in-registry', 'unknown-digest', 'signature-failed'] as const satisfies readonly IntegrityKind[];
const historyMax = 100;
const placesMax = 200;
const jiffyNs = 10_000_000n;

export function originReader(database: Db, clock: () => number): OriginReader {
  return {
    async list(scope, filter, page) {
      const [rows, total] = await Promise.all([listOriginImages(database, scope, filter, page), countOriginImages(database, scope, filter)]);
      const [facts, verdicts] = await Promise.all([originFactsOf(database, rows.map((row) => row.id)), originVerdictsOf(database, rows.map((row) => row.id))]);
      const views = await Promise.all(rows.map(async (row) => {
        const chain = chainView(await factsOfImage(database, row, facts.filter((one) => one.image_id === row.id)), clock());
        return { view: imageView(row, chain, facts.filter((one) => one.image_id === row.id), verdicts.filter((one) => one.image_id === row.id)), position: [row.reference, row.id] as const };
      }));
      return { items: views, total };
    },
    async image(scope, id) {
      const row = await originImage(database, scope, id);
      return row === undefined ? undefined : imageDetail(database, scope, row, clock());
    },
    trace: (scope, query) => traceOf(database, scope, query, clock),
    async risks(scope) {
      const integrations = await listIntegrations(database);
      const untrusted = trustedIn(integrations) === null ? undefined : await originRisk(database, scope, ['untrusted-registry']);
      const broken = integrations.some((one) => one.kind === 'registry') ? await originRisk(database, scope, notAsPushed) : undefined;
      return { untrustedRegistry: untrusted ?? null, integrity: broken ?? null };
    },
    async standing(named) {
      const row = await originImageNamed(database, everything, { ...named, reference: named.reference === null ? null : referenceWithout(named.reference) });
      const trusted = await registryTrusted(database, named.reference);
      if (row === undefined) return standingFrom(null, trusted, { build: null, commit: null });
      const chain = chainView(await factsOfImage(database, row, await originFactsOf(database, [row.id])), clock());
      return standingFrom(row.asked_at === null ? null : row.said, trusted, { build: headline(chain, 'build'), commit: headline(chain, 'commit') });
    },
  };
}

/** What the policy language has facts for, of an image by reference, digest or both; unknown with the reason where nothing is stored. */
export async function originFacts(db: Db, named: { readonly reference: string | null; readonly digest: string | null }): Promise<OriginFacts> {
  const row = await originImageNamed(db, everything, { ...named, reference: named.reference === null ? null : referenceWithout(named.reference) });
  const trusted = await registryTrusted(db, named.reference);
  const facts = row === undefined ? originFactsFrom(null, 'its registry was not asked, because no container, check or admission has named this image here') : row.problem !== null ? originFactsFrom(null, row.problem) : originFactsFrom(row.asked_at === null ? null : row.said, 'its registry is being asked: try again in a moment');
  return { ...facts, registryTrusted: trusted };
}

export type OriginFacts = OriginImageFacts & Pick<ImageFacts, 'registryTrusted'>;

/** By the lists of now: an image need not have been asked about. */
export async function registryTrusted(db: Db, reference: string | null): Promise<Fact<boolean>> {
  if (reference === null) return unknown('the image has no name, so nobody can say which registry it is from');
  const parsed = parseReference(reference);
  if ('problem' in parsed) return unknown(parsed.problem);
  const trusted = trustedIn(await listIntegrations(db));
  return trusted === null ? unknown('no list of trusted registries was given: say under Settings → Integrations which registries, or folders of them, are trusted') : known(isTrusted(parsed, trusted));
}

function referenceWithout(reference: string): string {
  const parsed = parseReference(reference);
  return 'problem' in parsed ? reference : formatReference({ ...parsed, digest: null });
}

function digestsFor(row: OriginImageShape): string[] {
  return [...new Set([...row.digests, row.digest])].filter((one) => one !== '');
}

async function factsOfImage(db: Db, row: OriginImageShape, stored: readonly OriginFactShape[]): Promise<StationFact[]> {
  const checks = row.checks === 0 ? [] : await checksOf(db, digestsFor(row));
  return [...storedFacts(stored), ...checkFacts(checks)];
}

export function verdictView(row: OriginVerdictShape): OriginVerdictView {
  return {
    kind: row.kind as IntegrityKind, state: row.state as OriginVerdictView['state'], reason: row.reason, sentence: row.sentence, action: row.action, expected: row.expected, found: row.found,
    since: row.since.toISOString(), until: row.until?.toISOString() ?? null, checkedAt: row.checked_at.toISOString(), unconfirmed: row.unconfirmed,
  };
}

function inOrder(verdicts: readonly OriginVerdictShape[]): OriginVerdictView[] {
  return verdicts.map(verdictView).sort((a, b) => integrityKinds.indexOf(a.kind) - integrityKinds.indexOf(b.kind));
}

function imageView(row: OriginImageShape, chain: ReturnType<typeof chainView>, facts: readonly OriginFactShape[], verdicts: readonly OriginVerdictShape[]): ImageView {
  const refusals = facts.flatMap((one) => (one.refused === null || one.refused.reason === 'not-asked' ? [] : [`${wordsOf(one.refused.reason as UnknownReason)}: ${one.refused.detail}`]));
  return {
    id: String(row.id),
    reference: row.reference,
    digest: row.digest === '' ? null : row.digest,
    platform: row.platform,
    containers: row.containers,
    workloads: row.workloads,
    checks: row.checks,
    problem: row.problem,
    askedAt: row.asked_at?.toISOString() ?? null,
    nextAt: row.problem === null ? row.next_at.toISOString() : null,
    verdicts: inOrder(verdicts),
    signer: headline(chain, 'signer'),
    build: headline(chain, 'build'),
    commit: headline(chain, 'commit'),
    conflicts: chain.flatMap((one) => one.conflicts),
    unanswered: [...new Set(refusals)],
  };
}

/** Stations that are of a process, on the page of an image. */
const ofProcesses: Partial<Record<Station, string>> = { process: 'ask for a process under Live, or by vedette trace pid:N', file: 'of a process: see Live', package: 'of a process: see Live' };

async function imageDetail(db: Db, scope: Scope, row: OriginImageShape, nowMs: number): Promise<ImageDetailView> {
  const [facts, verdicts, history, places] = await Promise.all([originFactsOf(db, [row.id]), originVerdictsOf(db, [row.id]), originVerdictHistory(db, row.id, historyMax), placesOfOriginImage(db, scope, row.id, placesMax)]);
  const chain = chainView(await factsOfImage(db, row, facts), nowMs, { silent: { ...ofProcesses, ...silentOf(row) } });
  const said = readSaid(row.said);
  return {
    ...imageView(row, chain, facts, verdicts),
    chain,
    history: history.map(verdictView),
    places: places.map(placeView),
    labels: said?.image.state === 'known' ? said.image.value.labels : null,
    xray: xrayWords(said),
  };
}

function placeView(one: OriginPlace): ImageDetailView['places'][number] {
  return { cluster: one.cluster, namespace: one.namespace, workload: one.workload, node: one.node_id, hostname: one.hostname, container: one.container_id, containerName: one.name, startedAt: one.started_at.toISOString() };
}

/** Why a station of the image itself has nothing yet. */
function silentOf(row: OriginImageShape): Partial<Record<Station, string>> {
  if (row.problem !== null) return { image: row.problem, registry: row.problem };
  const why = row.asked_at === null ? 'its turn to be asked about has not come yet' : 'no Artifactory is configured and no check of this image is kept: Settings → Integrations, or vedette check --hub in the pipeline';
  return row.asked_at === null ? { layer: why, image: why, registry: why, build: why, commit: why, signer: why } : { build: why };
}

async function traceOf(db: Db, scope: Scope, query: TraceQuery, clock: () => number): ReturnType<OriginReader['trace']> {
  const started = performance.now();
  const named = query.process === undefined && query.pid === undefined ? undefined : await findProcess(db, scope, query);
  // a process that was not reported yet is still in the container that its cgroup names
  if (named !== undefined && 'problem' in named && (named.isRequest || query.container === undefined)) return named;
  const process = named === undefined || 'problem' in named ? undefined : named;
  const containerId = process === undefined || process.container_id === '' ? query.container : process.container_id;
  const container = containerId === undefined ? undefined : await containerById(db, scope, containerId);
  if (process === undefined && containerId !== undefined && container === undefined) return { problem: 'No such container is known here, or it is outside of your scope.', isRequest: false };
  const row = container !== undefined ? await originImageOfContainer(db, scope, container.pk) : query.image === undefined ? undefined : await findImage(db, scope, query.image);
  if (row !== undefined && 'problem' in row && row.problem !== null && !('id' in row)) return { problem: row.problem, isRequest: true };
  const image = row !== undefined && 'id' in row ? row : undefined;
  if (process === undefined && container === undefined && image === undefined) return { problem: query.image === undefined ? 'Name an image, a container, or a process.' : 'No container, check or admission has named this image here, or it is outside of your scope.', isRequest: query.image === undefined };
  const [stored, verdicts] = image === undefined ? [[], []] : await Promise.all([originFactsOf(db, [image.id]), originVerdictsOf(db, [image.id])]);
  const path = query.path ?? process?.path;
  const ofImage = image === undefined ? [] : await factsOfImage(db, image, stored);
  const ofFile = path === undefined ? [] : await factsOfFile(db, scope, { process, container, image, path }, clock());
  // the layers as a whole do not say which one brought the file
  const facts = ofFile.length === 0 ? ofImage : [...ofFile, ...ofImage.filter((one) => one.station !== 'layer')];
  return {
    subject: process !== undefined ? `${process.command} (pid ${process.tgid}) on ${process.hostname}` : (path ?? container?.name ?? image?.reference ?? ''),
    process: process === undefined ? null : { node: process.node_id, hostname: process.hostname, key: `${process.boot_id}-${process.tgid}-${process.start_ns}-${process.exec_id}`, pid: process.tgid, path: process.path },
    container: container === undefined ? null : { id: container.container_id, name: container.name, workload: container.workload, namespace: container.namespace, cluster: container.cluster_id },
    image: image === undefined ? null : { id: String(image.id), reference: image.reference, digest: image.digest === '' ? null : image.digest },
    chain: chainView(facts, clock(), { silent: silentFor(process, container, image) }),
    verdicts: inOrder(verdicts),
    tookMs: Math.round((performance.now() - started) * 10) / 10,
  };
}

function silentFor(process: TracedProcess | undefined, container: ContainerShape | undefined, image: OriginImageShape | undefined): Partial<Record<Station, string>> {
  if (image !== undefined) return { ...(process === undefined && container === undefined ? ofProcesses : { process: 'a container was named, not a process' }), ...silentOf(image) };
  const why = container === undefined ? 'it runs on the host itself, in no container' : container.image_name === null ? 'its runtime names no image' : 'its image has not been read yet: a moment later it is';
  return Object.fromEntries((['layer', 'image', 'registry', 'build', 'commit', 'signer'] as const).map((one) => [one, why]));
}

interface FileAt {
  readonly process: TracedProcess | undefined;
  readonly container: ContainerShape | undefined;
  readonly image: OriginImageShape | undefined;
  readonly path: string;
}

async function factsOfFile(db: Db, scope: Scope, { process, container, image, path }: FileAt, nowMs: number): Promise<StationFact[]> {
  const isOfImage = process === undefined || process.path !== path || !['dropped', 'memory', 'volume'].includes(process.origin);
  const found = container === undefined || !isOfImage ? undefined : await packageOfFile(db, scope, container.pk, path);
  const layer = found === undefined || image === undefined ? undefined : await layerOfPackage(db, digestsFor(image), found);
  return fileFacts({ process: process ?? null, path, package: found, layer, inContainer: container !== undefined }, nowMs);
}

const keyPattern = /^([0-9a-f-]{36})-(\d{1,10})-(\d{1,19})-(\d{1,10})$/;

async function findProcess(db: Db, scope: Scope, query: TraceQuery): Promise<TracedProcess | { readonly problem: string; readonly isRequest: boolean }> {
  const node = query.node ?? null;
  if (query.process !== undefined) {
    const key = keyPattern.exec(query.process);
    if (key === null) return { problem: 'process is the key of a process, as listProcesses gives it.', isRequest: true };
    const [, boot = '', pid = '', start = '0', exec = '0'] = key;
    const found = await tracedProcess(db, scope, { node, boot, pid: Number(pid), startNs: { from: start, until: String(BigInt(start) + 1n) }, execId: Number(exec) });
    return found ?? { problem: 'The process has ended, was never reported, or is outside of your scope.', isRequest: false };
  }
  if (query.boot === undefined && node === null) return { problem: 'pid needs the host that it is of: node or boot.', isRequest: true };
  // a start in ticks is the start in nanoseconds cut to hundredths of a second
  const ticks = query.startTicks === undefined ? null : BigInt(query.startTicks) * jiffyNs;
  const startNs = ticks === null ? null : { from: String(ticks), until: String(ticks + jiffyNs) };
  const found = await tracedProcess(db, scope, { node, boot: query.boot ?? null, pid: query.pid ?? 0, startNs, execId: null });
  return found ?? { problem: 'No such live process of that host is known here: it has ended, no sensor watches that host, or it is outside of your scope.', isRequest: false };
}

async function findImage(db: Db, scope: Scope, named: string): Promise<OriginImageShape | { readonly problem: string } | undefined> {
  if (isImageDigest(named)) return originImageNamed(db, scope, { reference: null, digest: named });
  const parsed = parseReference(named);
  if ('problem' in parsed) return { problem: parsed.problem };
  return originImageNamed(db, scope, { reference: parsed.digest !== null && parsed.tag === null ? null : formatReference({ ...parsed, digest: null }), digest: parsed.digest });
}
