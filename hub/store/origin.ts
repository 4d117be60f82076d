/**
 * What was learned of where images came from, as it is written: the images that are known by name, when each is asked about again, facts, verdicts
 * as intervals. A fact that was known outlives an asking that is not answered, and a violation does too: both then say so. Content has no cluster.
 */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const Id = z.object({ id: z.number() });
const Unnamed = z.object({ name: z.string(), digest: z.string(), architecture: z.string() });
export type UnnamedImage = z.infer<typeof Unnamed>;

/** Images that run, or were checked, under a name that was not read yet. */
export async function unnamedImages(db: Db, limit: number): Promise<UnnamedImage[]> {
  return rows(
    db,
    Unnamed,
    `select distinct on (name, digest) name, digest, architecture from (
       select k.image_name as name, coalesce(k.index_digest, k.platform_digest, '') as digest, n.architecture
         from container k join node n on n.id = k.node_id where k.ended_at is null and k.image_name is not null
       union all
       select c.reference, coalesce(c.index_digest, c.platform_digest), c.platform from image_check c where c.reference is not null
     ) seen where not exists (select 1 from origin_name m where m.name = seen.name and m.digest = seen.digest)
     order by name, digest limit $1`,
    [limit],
  );
}

export interface NamedImage {
  /** As the container, the check or admission names it. */
  readonly name: string;
  /** Empty: only the tag is known. */
  readonly digest: string;
  /** By which it is asked for; a name may carry one where the runtime told none. */
  readonly asked: string;
  readonly reference: string;
  readonly platform: string;
  readonly problem: string | null;
}

/** Keeps under which name an image is seen; it is asked about at once. Answers its id. */
export async function nameImage(db: Transaction, image: NamedImage, now: Date): Promise<number> {
  const held = await firstRow(
    db,
    Id,
    `insert into origin_image (reference, digest, platform, problem, wanted_at, next_at) values ($1, $2, $3, $4, $5, $5)
     on conflict (reference, digest) do update set wanted_at = excluded.wanted_at returning id`,
    [image.reference, image.asked, image.platform, image.problem, now],
  );
  await run(db, 'insert into origin_name (name, digest, image_id) values ($1, $2, $3) on conflict (name, digest) do update set image_id = excluded.image_id', [image.name, image.digest, held!.id]);
  return held!.id;
}

const Due = z.object({ id: z.number(), reference: z.string(), digest: z.string(), platform: z.string(), failures: z.number() });
export type DueImage = z.infer<typeof Due>;

/** What runs now, or was wanted in the last day; the longest due first. */
export async function dueImages(db: Db, now: Date, limit: number): Promise<DueImage[]> {
  return rows(
    db,
    Due,
    `select o.id, o.reference, o.digest, o.platform, o.failures from origin_image o
      where o.next_at <= $1 and o.problem is null
        and (o.wanted_at > $1::timestamptz - interval '1 day' or exists (
          select 1 from origin_name m join container k on k.image_name = m.name and coalesce(k.index_digest, k.platform_digest, '') = m.digest
           where m.image_id = o.id and k.ended_at is null))
      order by o.next_at, o.id limit $2`,
    [now, limit],
  );
}

export async function imageToAsk(db: Db, imageId: number): Promise<DueImage | undefined> {
  return firstRow(db, Due, 'select id, reference, digest, platform, failures from origin_image where id = $1 and problem is null', [imageId]);
}

/** Whoever changed an integration wants to see what it changes. */
export async function askAllAgain(db: Db, now: Date): Promise<void> {
  await run(db, 'update origin_image set next_at = least(next_at, $1), failures = 0', [now]);
}

export async function postpone(db: Db, imageId: number, nextAt: Date): Promise<void> {
  await run(db, 'update origin_image set next_at = $2 where id = $1', [imageId, nextAt]);
}

export interface KeptFact {
  readonly station: string;
  readonly source: { readonly kind: string; readonly name: string };
  readonly answer: { readonly state: string };
  readonly confidence: string;
  readonly learnedAt: Date;
  /** Not answered, and worth asking again: what was known before stays. */
  readonly refused: { readonly reason: string; readonly detail: string } | null;
}

export interface KeptVerdict {
  readonly kind: string;
  readonly state: string;
  readonly reason: string | null;
  readonly sentence: string;
  readonly action: string | null;
  readonly expected: string | null;
  readonly found: string | null;
  /** Unknown for want of an answer: a violation stays one. */
  readonly isUnanswered: boolean;
}

export interface Learned {
  readonly facts: readonly KeptFact[];
  readonly verdicts: readonly KeptVerdict[];
  readonly digests: readonly string[];
  /** `fresh` replaces what was said before, `otherwise` holds only where nothing was. */
  readonly said: { readonly fresh: object; readonly otherwise: object };
  readonly failures: number;
  readonly nextAt: Date;
}

/** Answers whether a verdict changed. */
export async function keepLearned(db: Transaction, imageId: number, learned: Learned, now: Date): Promise<boolean> {
  const held = await firstRow(db, Id, 'select id from origin_image where id = $1 for update', [imageId]);
  if (held === undefined) return false;
  await run(
    db,
    `update origin_image set asked_at = $2, next_at = $3, failures = $4, digests = case when cardinality($5::text[]) > 0 then $5 else digests end,
       said = $7::jsonb || said || $6::jsonb where id = $1`,
    [imageId, now, learned.nextAt, learned.failures, learned.digests, JSON.stringify(learned.said.fresh), JSON.stringify(learned.said.otherwise)],
  );
  // a source that nobody is configured to ask any more is told of by nobody
  await run(db, 'delete from origin_fact where image_id = $1 and (station, source_kind) not in (select * from unnest($2::text[], $3::text[]))', [
    imageId, learned.facts.map((one) => one.station), learned.facts.map((one) => one.source.kind),
  ]);
  for (const fact of learned.facts) await keepFact(db, imageId, fact);
  let changed = false;
  for (const verdict of learned.verdicts) changed = (await keepVerdict(db, imageId, verdict, now)) || changed;
  return changed;
}

/** What was known, or known to be absent, stays when the newest asking was not answered. */
const stays = `(excluded.refused is not null and f.answer ->> 'state' <> 'unknown')`;

async function keepFact(db: Transaction, imageId: number, fact: KeptFact): Promise<void> {
  const refused = fact.refused === null ? null : JSON.stringify(fact.refused);
  await run(
    db,
    `insert into origin_fact as f (image_id, station, source_kind, source_name, answer, confidence, learned_at, refused, refused_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, case when $8::jsonb is null then null else $7::timestamptz end)
     on conflict (image_id, station, source_kind) do update set
       source_name = case when ${stays} then f.source_name else excluded.source_name end,
       answer = case when ${stays} then f.answer else excluded.answer end,
       confidence = case when ${stays} then f.confidence else excluded.confidence end,
       learned_at = case when ${stays} then f.learned_at else excluded.learned_at end,
       refused = excluded.refused, refused_at = excluded.refused_at`,
    [imageId, fact.station, fact.source.kind, fact.source.name, JSON.stringify(fact.answer), fact.confidence, fact.learnedAt, refused],
  );
}

const Current = z.object({ state: z.string(), reason: z.string().nullable(), expected: z.string().nullable(), found: z.string().nullable() });

async function keepVerdict(db: Transaction, imageId: number, verdict: KeptVerdict, now: Date): Promise<boolean> {
  const current = await firstRow(db, Current, 'select state, reason, expected, found from origin_verdict where image_id = $1 and kind = $2 and until is null', [imageId, verdict.kind]);
  if (current?.state === 'violated' && verdict.isUnanswered) {
    await run(db, 'update origin_verdict set unconfirmed = $3 where image_id = $1 and kind = $2 and until is null', [imageId, verdict.kind, verdict.sentence]);
    return false;
  }
  if (current !== undefined && current.state === verdict.state && current.reason === verdict.reason && current.expected === verdict.expected && current.found === verdict.found) {
    await run(db, 'update origin_verdict set sentence = $3, action = $4, checked_at = $5, unconfirmed = null where image_id = $1 and kind = $2 and until is null', [imageId, verdict.kind, verdict.sentence, verdict.action, now]);
    return false;
  }
  await run(db, 'update origin_verdict set until = $3 where image_id = $1 and kind = $2 and until is null', [imageId, verdict.kind, now]);
  await run(
    db,
    `insert into origin_verdict (image_id, kind, state, reason, sentence, action, expected, found, since, checked_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
     on conflict (image_id, kind, since) do update set state = excluded.state, reason = excluded.reason, sentence = excluded.sentence, action = excluded.action,
       expected = excluded.expected, found = excluded.found, until = null, checked_at = excluded.checked_at, unconfirmed = null`,
    [imageId, verdict.kind, verdict.state, verdict.reason, verdict.sentence, verdict.action, verdict.expected, verdict.found, now],
  );
  return true;
}

/** What nobody has wanted for this long is forgotten with its history. */
export async function removeUnwantedImages(db: Db, before: Date): Promise<number> {
  return run(
    db,
    `delete from origin_image where id in (select o.id from origin_image o where o.wanted_at < $1 and not exists (
       select 1 from origin_name m join container k on k.image_name = m.name and coalesce(k.index_digest, k.platform_digest, '') = m.digest where m.image_id = o.id) limit 1000)`,
    [before],
  );
}
