/**
 * The step as the rest of the hub sees it: integrations with their audit, the reader, and the asking that goes on by itself. `round` is what is done again
 * and again; nothing here waits for an answer of the network but who asked for one.
 */
import { everything } from '@vedette/model/access';
import type { IntegrationInput, IntegrationTestView, IntegrationView } from '@vedette/model/api/origin';
import type { UnknownReason } from '@vedette/model/origin';
import { parseReference } from '@vedette/origin/oci/reference';
import { addAudit } from '../store/access.ts';
import type { Database } from '../store/database.ts';
import { deleteIntegration, integrationNamed, listIntegrations, lockIntegration, setIntegrationTest, type IntegrationRow } from '../store/integrations.ts';
import { askAllAgain, removeUnwantedImages } from '../store/origin.ts';
import { listOriginImages } from '../store/read-origin.ts';
import { followDeclared, integrationView, parseDeclared, put } from './integrations.ts';
import { factsSaid, whyNot } from './facts.ts';
import { originReader, registryTrusted, type OriginFacts, type OriginReader } from './reader.ts';
import { isPassing } from './remedy.ts';
import { testIntegration, testOf } from './probe-integration.ts';
import type { Seal } from './seal.ts';
import { Tracer, type TracerOptions } from './tracer.ts';

export interface HeardImage {
  /** Of the platform's manifest; null: not known. */
  readonly digest: string | null;
  readonly facts: Partial<OriginFacts>;
  /** Why something of it is not known that may be in a moment, or which image is meant; null: there is nothing to wait for. */
  readonly problem: string | null;
}

export interface Origin {
  readonly reader: OriginReader;
  readonly tracer: Tracer;
  readonly seal: Seal;
  integrations(): Promise<readonly IntegrationView[]>;
  putIntegration(name: string, input: IntegrationInput, actor: string): Promise<IntegrationView | { readonly problem: string }>;
  /** undefined: there is none; a sentence: why it stays. */
  deleteIntegration(name: string, actor: string): Promise<string | null | undefined>;
  testIntegration(name: string, actor: string): Promise<IntegrationTestView | undefined>;
  askNow(imageId: number): Promise<void>;
  /** For admission: which image a name means on a platform, and what is to be said of where it comes from; never later than the wait. */
  hear(reference: string, platform: string, waitMs: number): Promise<HeardImage>;
  /** The text of a file of integrations; problems are sentences. */
  declare(text: string): Promise<readonly string[]>;
  forget(before: Date): Promise<number>;
}

/** Receivers of responses are integrations too, and tested by whoever sends to them. undefined: not a receiver. */
export type ProbeReceiver = (row: IntegrationRow, secret: string | null) => Promise<IntegrationTestView['asked']> | undefined;

export function startOrigin(options: TracerOptions & { readonly probeReceiver: ProbeReceiver }): Origin {
  const { database, seal, world, changed } = options;
  const now = (): Date => new Date(world.clock());
  const tracer = new Tracer(options);
  return {
    reader: originReader(database, world.clock),
    tracer,
    seal,
    integrations: async () => (await listIntegrations(database)).map(integrationView),
    async putIntegration(name, input, actor) {
      const done = await database.transaction(async (db) => {
        const made = await put(db, seal, name, input, { actor, declared: false }, now());
        if ('problem' in made) return made;
        const { row, before } = made;
        const change = before === undefined ? 'made' : `changed${row.secret === null || before.secret?.equals(row.secret) === true ? '' : ', with another secret'}`;
        await addAudit(db, { actor, action: 'integration.put', object: `integration:${name}`, change: `integration ${name} ${change}`, clusterId: null, detail: { before: before?.settings ?? null, after: row.settings } }, now());
        await askAllAgain(db, now());
        return made;
      });
      if ('problem' in done) return done;
      tracer.forgetHeard();
      changed();
      return integrationView(done.row);
    },
    deleteIntegration: (name, actor) => removeIntegration(database, name, actor, now(), () => {
      tracer.forgetHeard();
      changed();
    }),
    async testIntegration(name, actor) {
      const row = await integrationNamed(database, name);
      if (row === undefined) return undefined;
      const secret = row.secret === null ? null : seal.open(name, row.secret);
      const receiver = options.probeReceiver(row, secret);
      const test = receiver !== undefined ? testOf(await receiver, now()) : await testIntegration(row, await tracer.sources(), row.kind === 'registry' ? await sampleOf(database, String(row.settings['host'])) : null, now());
      await setIntegrationTest(database, { name, updatedAt: row.updated_at }, test, now());
      await addAudit(database, { actor, action: 'integration.test', object: `integration:${name}`, change: test.sentence, clusterId: null }, now());
      changed();
      return test;
    },
    askNow: async (imageId) => {
      await tracer.askNow(imageId);
      changed();
    },
    hear: (reference, platform, waitMs) => hear(database, tracer, reference, platform, waitMs),
    async declare(text) {
      const declared = parseDeclared(text);
      if ('problem' in declared) return [declared.problem];
      const problems = await followDeclared(database, seal, declared, now());
      tracer.forgetHeard();
      return problems;
    },
    forget: (before) => removeUnwantedImages(database, before),
  };
}

const beingAsked = 'the registry is being asked about it: try again in a moment';

async function hear(database: Database, tracer: Tracer, reference: string, platform: string, waitMs: number): Promise<HeardImage> {
  const [said, trusted] = await Promise.all([tracer.hear(reference, platform, waitMs), registryTrusted(database, reference)]);
  if (said === null) return { digest: null, facts: { registryTrusted: trusted, signatures: { items: [], incomplete: beingAsked } }, problem: beingAsked };
  const { image, signature } = said;
  const facts = { ...factsSaid(said), registryTrusted: trusted };
  if (image.state !== 'known') return { digest: null, facts, problem: image.state === 'absent' || isPassing(image.reason as UnknownReason) || parsePinned(reference) === null ? whyNot(image) : null };
  const isPending = signature?.verdict === 'unknown' && isPassing((signature.reason ?? 'not-asked') as UnknownReason);
  return { digest: image.value.digest, facts, problem: isPending ? signature.sentence : null };
}

function parsePinned(reference: string): string | null {
  const parsed = parseReference(reference);
  return 'problem' in parsed ? null : parsed.digest;
}

async function removeIntegration(database: Database, name: string, actor: string, now: Date, changed: () => void): Promise<string | null | undefined> {
  const done = await database.transaction(async (db) => {
    const held = await lockIntegration(db, name);
    if (held === undefined) return undefined;
    if (held.declared) return `${name} is declared in the file that the hub was started with: remove it there.`;
    await deleteIntegration(db, name);
    await addAudit(db, { actor, action: 'integration.delete', object: `integration:${name}`, change: 'removed, with its secret', clusterId: null, detail: { before: held.settings } }, now);
    await askAllAgain(db, now);
    return null;
  });
  if (done === null) changed();
  return done;
}

/** An image of the registry that is known here, one that runs first. */
async function sampleOf(database: Database, host: string): Promise<string | null> {
  const images = await listOriginImages(database, everything, { search: `${host}/`, verdict: undefined, running: false }, { after: undefined, limit: 50 });
  const ofHost = images.filter((one) => one.reference.startsWith(`${host}/`) && one.problem === null);
  const best = ofHost.find((one) => one.containers > 0) ?? ofHost[0];
  return best === undefined ? null : best.digest === '' ? best.reference : `${best.reference}@${best.digest}`;
}
