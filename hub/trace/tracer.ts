/**
 * Asks about every image that runs, was checked or is wanted: registry, signatures, Artifactory, Xray, through the integrations and nobody else. A few
 * at a time, each within a bound, longer apart while someone does not answer; a registry that is busy is left alone. What is learned is kept with
 * its time, so a restart goes on where it was. Everything that an answer can be is kept as such: unknown with its reason is an answer.
 */
import { absent, known, unknown, type Answer, type IntegrityVerdict, type UnknownReason } from '@vedette/model/origin';
import type { Platform } from '@vedette/origin/oci/manifest';
import { formatReference, parseReference, type ImageReference } from '@vedette/origin/oci/reference';
import { traceImage, type Heard, type ImageTrace } from '@vedette/origin/trace-image';
import { digestsOf } from '@vedette/origin/oci/image';
import type { Database } from '../store/database.ts';
import { listIntegrations } from '../store/integrations.ts';
import { checksOf } from '../store/origin-content.ts';
import { dueImages, imageToAsk, keepLearned, nameImage, postpone, unnamedImages, type DueImage, type KeptFact, type KeptVerdict, type Learned, type NamedImage } from '../store/origin.ts';
import { queueImagesByDigest } from '../store/violations.ts';
import { bounded, type Bounded } from './guard.ts';
import { Hearing, type HeardSaid } from './hearing.ts';
import { isPassing, remedyFor } from './remedy.ts';
import { saidByRegistry, saidOf } from './said.ts';
import type { Seal } from './seal.ts';
import { readSources, sourcesFor, type Sources, type World } from './sources.ts';

export interface TracerOptions {
  readonly database: Database;
  readonly seal: Seal;
  readonly world: World;
  /** How often a tag is asked for again where its registry says nothing else. */
  readonly everyMinutes: number;
  readonly atOnceMax: number;
  /** For all questions about one image. */
  readonly imageSecondsMax: number;
  readonly changed: () => void;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

const takenAtOnce = 64;
const failuresCounted = 8;
const retryMinutesMax = 240;
const nameLengthMax = 500;
/** Docker's own registry counts each manifest as a pull, and few are free. */
const minutesMin: Readonly<Record<string, number>> = { 'docker.io': 360 };

/** Those for whom an API server waits do not stand in line behind the rounds. */
const admittedAtOnceMax = 16;
const nothingHeard: HeardSaid = { image: { state: 'unknown', reason: 'not-asked', detail: 'asking for it failed: the log of the hub says why' }, signature: null };

interface Asking {
  readonly done: Promise<void>;
  /** As soon as its registry has said all. */
  readonly heard: Promise<HeardSaid>;
}

export class Tracer {
  readonly #options: TracerOptions;
  readonly #bounded: Bounded;
  readonly #admitting = bounded(admittedAtOnceMax);
  readonly #hearing: Hearing;
  readonly #restUntil = new Map<string, number>();
  readonly #asking = new Map<number, Asking>();
  readonly #askingAside = new Map<string, Promise<HeardSaid>>();

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#bounded = bounded(options.atOnceMax);
    this.#hearing = new Hearing(options.world.clock);
  }

  async sources(): Promise<Sources> {
    return readSources(await listIntegrations(this.#options.database), this.#options.seal, this.#options.world);
  }

  /** Reads names that are new, asks about what is due. Answers how many images were asked about. */
  async round(): Promise<number> {
    const { database, world } = this.#options;
    await this.readNames();
    const due = await dueImages(database, new Date(world.clock()), takenAtOnce);
    if (due.length === 0) return 0;
    const sources = await this.sources();
    await Promise.all(due.map((image) => this.#askOnce(image, sources, this.#bounded).done));
    return due.length;
  }

  async readNames(): Promise<void> {
    const { database, world } = this.#options;
    const names = await unnamedImages(database, 500);
    if (names.length === 0) return;
    await database.patient(async (db) => {
      for (const one of names) await nameImage(db, namedImage(one.name, one.digest, one.architecture), new Date(world.clock()));
    });
    this.#options.changed();
  }

  /** What admission or a person names, asked about at once; answers its id. */
  async want(name: string, digest: string, platform: string): Promise<number> {
    const { database, world } = this.#options;
    return database.patient((db) => nameImage(db, namedImage(name, digest, platform), new Date(world.clock())));
  }

  /** Asks now, whatever is due. */
  async askNow(imageId: number): Promise<void> {
    const image = await imageToAsk(this.#options.database, imageId);
    if (image === undefined) return;
    const { digest, reference } = image;
    const parsed = parseReference(digest === '' ? reference : `${reference}@${digest}`);
    if (!('problem' in parsed)) this.#restUntil.delete(parsed.registry);
    await this.#askOnce(image, await this.sources(), this.#bounded).done;
  }

  /** What its registry and signatures say of an image that is to be admitted; null: they have not answered within the wait, and are asked on. */
  async hear(name: string, platform: string, waitMs: number): Promise<HeardSaid | null> {
    const named = namedImage(name, '', platform);
    const { reference, asked: digest, problem } = named;
    if (problem !== null) return { image: { state: 'unknown', reason: 'unsupported', detail: problem }, signature: null };
    const wanted = { reference, digest, platform: named.platform };
    const fresh = this.#hearing.fresh(wanted);
    if (fresh !== null) return fresh;
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(() => late.resolve(null), waitMs);
    const first = await Promise.race([this.#hearNow(name, wanted.platform), late.promise]);
    clearTimeout(timer);
    return first ?? this.#hearing.lasting(wanted);
  }

  async #hearNow(name: string, platform: string): Promise<HeardSaid> {
    const image = await imageToAsk(this.#options.database, await this.want(name, '', platform));
    if (image === undefined) return nothingHeard;
    const sources = await this.sources();
    return image.platform === platform ? this.#askOnce(image, sources, this.#admitting).heard : this.#askAside({ ...image, platform }, sources);
  }

  /** An image is kept with the platform that it was first seen for; what it is for another one is told, and not kept. */
  #askAside(image: DueImage, sources: Sources): Promise<HeardSaid> {
    const key = `${image.id} ${image.platform}`;
    const running = this.#askingAside.get(key);
    if (running !== undefined) return running;
    const parsed = parseReference(image.digest === '' ? image.reference : `${image.reference}@${image.digest}`);
    const heard = Promise.withResolvers<HeardSaid>();
    const asking = this.#admitting(async () => ('problem' in parsed ? undefined : this.#within(parsed, image, { ...sources, artifactories: new Map(), xrays: new Map() }, heard.resolve)))
      .catch((error: unknown) => this.#options.log('error', 'an image could not be asked about', { image: image.reference, error: error instanceof Error ? error.message : String(error) }))
      .finally(() => {
        this.#askingAside.delete(key);
        heard.resolve(nothingHeard);
      });
    void asking;
    this.#askingAside.set(key, heard.promise);
    return heard.promise;
  }

  /** Keys, lists or registries are others now. */
  forgetHeard(): void {
    this.#hearing.clear();
  }

  #askOnce(image: DueImage, sources: Sources, inTurn: Bounded): Asking {
    const running = this.#asking.get(image.id);
    if (running !== undefined) return running;
    const heard = Promise.withResolvers<HeardSaid>();
    const done = inTurn(() => this.#ask(image, sources, heard.resolve))
      .catch((error: unknown) => this.#failed(image, error))
      .finally(() => {
        this.#asking.delete(image.id);
        heard.resolve(nothingHeard);
      });
    const asking = { done, heard: heard.promise };
    this.#asking.set(image.id, asking);
    return asking;
  }

  async #failed(image: DueImage, error: unknown): Promise<void> {
    const { database, world, log } = this.#options;
    log('error', 'an image could not be asked about', { image: image.reference, error: error instanceof Error ? error.message : String(error) });
    await postpone(database, image.id, new Date(world.clock() + 60_000)).catch(() => undefined);
  }

  readonly counts = { asked: 0, unanswered: 0 };

  get running(): number {
    return this.#asking.size;
  }

  async #ask(image: DueImage, sources: Sources, heard: (said: HeardSaid) => void): Promise<void> {
    const { database, world, everyMinutes } = this.#options;
    const parsed = parseReference(image.digest === '' ? image.reference : `${image.reference}@${image.digest}`);
    if ('problem' in parsed) return postpone(database, image.id, new Date(world.clock() + 86_400_000));
    const restUntil = this.#restUntil.get(parsed.registry) ?? 0;
    if (restUntil > world.clock()) {
      heard({ image: { state: 'unknown', reason: 'rate-limited', detail: `${parsed.registry} asked to be left alone until ${new Date(restUntil).toISOString()}` }, signature: null });
      return postpone(database, image.id, new Date(restUntil));
    }
    const trace = await this.#within(parsed, image, sources, heard);
    const minutes = sources.registries.get(parsed.registry)?.settings.askEveryMinutes ?? Math.max(everyMinutes, minutesMin[parsed.registry] ?? 0);
    const learned = learnedOf(trace, image.failures, minutes, world.clock());
    if (trace.found.image.state === 'unknown' && trace.found.image.reason === 'rate-limited') this.#restUntil.set(parsed.registry, learned.nextAt.getTime());
    this.counts.asked += 1;
    if (learned.failures > 0) this.counts.unanswered += 1;
    const isChanged = await database.patient(async (db) => {
      const changed = await keepLearned(db, image.id, learned, new Date(world.clock()));
      // policies ask for signatures and trust of what runs
      if (changed) await queueImagesByDigest(db, [...learned.digests, image.digest]);
      return changed;
    });
    if (isChanged) this.#options.changed();
  }

  /** One image never holds a place longer than its bound: what is not answered by then is unanswered. */
  async #within(reference: ImageReference, image: DueImage, sources: Sources, tell: (said: HeardSaid) => void): Promise<ImageTrace> {
    const { world, imageSecondsMax } = this.#options;
    const deadline = world.clock() + imageSecondsMax * 1000;
    const records = await this.#recordOf(reference);
    const given = sourcesFor(sources, reference);
    const late = unknown('timeout', `all questions about one image take no longer than ${imageSecondsMax} s`);
    const isLate = (): boolean => world.clock() > deadline;
    const registry: typeof given.registry = {
      name: given.registry.name,
      ping: () => given.registry.ping(),
      manifest: async (repository, which) => (isLate() ? late : given.registry.manifest(repository, which)),
      blob: async (repository, digest, bytesMax) => (isLate() ? late : given.registry.blob(repository, digest, bytesMax)),
      pieces: async (repository, digest, fromByte) => (isLate() ? late : given.registry.pieces(repository, digest, fromByte)),
      config: async (repository, manifest) => (isLate() ? late : given.registry.config(repository, manifest)),
      referrers: async (repository, digest) => (isLate() ? late : given.registry.referrers(repository, digest)),
    };
    const heard = (answered: Heard): void => {
      const said = saidByRegistry(answered);
      this.#hearing.keep(image, said);
      tell(said);
    };
    return traceImage(reference, platformOf(image.platform), { ...given, registry, records, heard, clock: world.clock });
  }

  async #recordOf({ digest }: ImageReference): Promise<Answer<string>> {
    if (digest === null) return absent('no digest was named that a check could be of');
    const [check] = await checksOf(this.#options.database, [digest]);
    return check === undefined ? absent('no check of it is kept here') : known(`vedette check saw it${check.run === null ? '' : ` in run ${check.run}`}`);
  }
}

/** `arm64`, `x86_64`, `linux/arm64/v8` → linux/arm64/v8 and its like. */
export function platformText(words: string): string {
  if (words.includes('/')) return words;
  return `linux/${{ x86_64: 'amd64', aarch64: 'arm64' }[words] ?? words}`;
}

function platformOf(text: string): Platform {
  const [os = 'linux', architecture = 'amd64', variant = null] = text.split('/');
  return { os, architecture, variant };
}

/** What a container, a check or admission calls an image, read once. `digest`: what it runs by, empty where only the tag is known. */
export function namedImage(name: string, digest: string, platform: string): NamedImage {
  const named = { name, digest, platform: platformText(platform) };
  const parsed = parseReference(name);
  if ('problem' in parsed) return { ...named, reference: name.slice(0, nameLengthMax), asked: digest, problem: parsed.problem };
  return { ...named, reference: formatReference({ ...parsed, digest: null }), asked: digest === '' ? (parsed.digest ?? '') : digest, problem: null };
}

/** What the command's options do on a terminal, the settings do here. */
function actionHere({ kind, reason, action }: IntegrityVerdict): string | null {
  if (reason !== 'not-configured') return action;
  if (kind === 'untrusted-registry') return 'Say under Settings → Integrations which registries, or which folders of them, are trusted.';
  return remedyFor(reason, kind === 'unsigned' || kind === 'signature-failed' ? 'signature' : 'registry');
}

function learnedOf(trace: ImageTrace, failuresBefore: number, everyMinutes: number, nowMs: number): Learned {
  const facts = trace.facts.map((one): KeptFact => {
    const { answer } = one;
    const isOfBytes = one.source.kind === 'image-config' || one.station === 'layer';
    let refused: KeptFact['refused'] = null;
    if (answer.state === 'unknown' && isPassing(answer.reason)) refused = { reason: answer.reason, detail: answer.detail };
    // what an image's own bytes said does not become untrue when its registry has them no more
    else if (isOfBytes && trace.found.image.state === 'absent') refused = { reason: 'not-asked', detail: trace.found.image.detail };
    return { station: one.station, source: one.source, answer, confidence: one.confidence, learnedAt: new Date(one.learnedAtMs), refused };
  });
  const isUnanswered = (reason: UnknownReason | null): boolean => reason !== null && isPassing(reason);
  const verdicts = trace.verdicts.map((one): KeptVerdict => ({ ...one, action: actionHere(one), isUnanswered: one.state === 'unknown' && isUnanswered(one.reason) }));
  const failed = facts.some((one) => one.refused !== null && one.refused.reason !== 'not-asked');
  const failures = failed ? Math.min(failuresBefore + 1, failuresCounted) : 0;
  const minutes = failed ? Math.min(2 ** (failures - 1), Math.max(everyMinutes, retryMinutesMax)) : everyMinutes;
  return { facts, verdicts, digests: digestsOf(trace.found), said: saidOf(trace), failures, nextAt: new Date(nowMs + minutes * 60_000) };
}
