/**
 * Checks of images as pipelines hand them in: one row for each run and image, its packages in the content tables, so that a feed that
 * changes later is matched against them like against what runs. A run that says the same image again changes nothing.
 */
import { createHash } from 'node:crypto';
import type { CheckReport } from '@vedette/model/api/checks';
import { z } from 'zod';
import { imageOf, queueAssessment } from './containers.ts';
import { firstRow, rows, type Transaction } from './database.ts';
import { inventoryOf } from './inventories.ts';

const Id = z.object({ id: z.number() });

/** Without a run of its own name, only what is the same in every word is the same check. */
export function runKeyOf(report: CheckReport): Buffer {
  const { run, image, stage } = report;
  const who = run.run === null ? [report.at, run.commit, report.verdict] : [run.run];
  return createHash('sha256').update(JSON.stringify([image.digest, stage, run.system, run.repository, ...who])).digest();
}

export async function addCheck(db: Transaction, report: CheckReport, reportedBy: string, now: Date): Promise<{ id: number; isNew: boolean }> {
  const key = runKeyOf(report);
  const known = await firstRow(db, Id, 'select id from image_check where run_key = $1', [key]);
  if (known !== undefined) return { id: known.id, isNew: false };
  const { image, packages, run, advisories } = report;
  const imageId = await imageOf(db, image.digest);
  const inventory = await inventoryOf(db, {
    revision: packages.revision,
    distribution: image.distribution ?? '',
    packages: packages.items.map((one) => ({ ecosystem: one.ecosystem, name: one.name, version: one.version, source_name: one.sourceName, source_version: one.sourceVersion })),
    paths: packages.items.map((one) => one.path),
  });
  const made = await rows(
    db,
    Id,
    `insert into image_check (run_key, at, received_at, image_id, platform_digest, index_digest, reference, platform, stage, verdict, unknown_counts_as, findings, facts, signatures, distribution,
       inventory_id, packages_incomplete, layers, problems, repository, commit, run, run_url, principal, pipeline, advisories_revision, advisories_age_days, policies, vedette_version, reported_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
     on conflict (run_key) do nothing returning id`,
    [
      key, report.at, now, imageId, image.digest, image.indexDigest, image.reference, image.platform, report.stage, report.verdict, report.unknownCountsAs,
      JSON.stringify(report.findings), JSON.stringify(image.facts), JSON.stringify(image.signatures), image.distribution, inventory.id, packages.incomplete, JSON.stringify(report.layers),
      image.problems, run.repository, run.commit, run.run, run.runUrl, run.principal, run.system, advisories?.revision ?? null, advisories?.ageDays ?? null, JSON.stringify(report.policies),
      report.version, reportedBy,
    ],
  );
  if (inventory.isNew) await queueAssessment(db, 'inventory', [inventory.id]);
  const [first] = made;
  if (first !== undefined) return { id: first.id, isNew: true };
  return { id: (await rows(db, Id, 'select id from image_check where run_key = $1', [key]))[0]!.id, isNew: false };
}
