/**
 * What a pipeline tells the hub of an image that it checked, and what the hub tells pipelines and people: the policies and exceptions to
 * check with, the checks that were kept, exceptions with their state, and a policy explained on one image. A report is hostile input: each
 * part has a bound, and no text holds a NUL. Who handed it in is verified; what it says of repository, commit and run is a claim.
 */
import { z } from 'zod';
import { Exception } from '../exception.ts';
import { policyModes, policyStages, severities } from '../policy.ts';

const Time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC');
const noNul = (max: number) => z.string().max(max).refine((text) => !text.includes('\0'), 'holds a NUL character');
const line = (max: number) => noNul(max).min(1);
const Digest = z.string().regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/, 'is no digest');

export const pipelines = ['github-actions', 'gitlab-ci', 'jenkins', 'other'] as const;
export type Pipeline = (typeof pipelines)[number];

/** Where and by whom the check ran, as the pipeline says. */
export const PipelineRun = z.strictObject({
  system: z.enum(pipelines),
  repository: line(1000).nullable(),
  commit: line(200).nullable(),
  run: line(500).nullable().describe('The pipeline’s own name of the run; the same run says the same image once'),
  runUrl: z.url({ protocol: /^https?$/ }).max(2000).nullable(),
  principal: line(500).nullable().describe('Who started it'),
});
export type PipelineRun = z.infer<typeof PipelineRun>;

const FactValue = z.union([noNul(4000), z.number(), z.boolean(), z.array(noNul(4000)).max(5000), z.record(noNul(1000), noNul(20_000))]);
/** One fact as `vedette check --format json` writes it. */
export const StoredFact = z.union([z.strictObject({ value: FactValue }), z.strictObject({ absent: z.literal(true) }), z.strictObject({ unknown: noNul(4000) })]);
export type StoredFact = z.infer<typeof StoredFact>;

const answers = ['kept', 'broken', 'unknown', 'accepted'] as const;
const effects = ['none', 'inform', 'warn', 'stop'] as const;

/** One rule's verdict in words; the same object in reports, in kept checks and in explanations. */
export const RuleResult = z.strictObject({
  policy: line(100),
  rule: line(100),
  severity: z.enum(severities),
  mode: z.enum(policyModes),
  action: line(50),
  answer: z.enum(answers),
  effect: z.enum(effects).describe('What follows now; in shadow nothing'),
  effectIfEnforced: z.enum(effects),
  summary: noNul(2000),
  message: noNul(2000).nullable(),
  fact: noNul(8000),
  evidence: z.array(noNul(4000)).max(500),
  fix: noNul(4000).nullable(),
  exceptions: z.array(line(100)).max(100).describe('Names of those that accepted something'),
  exceptionsNotCounted: z.array(z.strictObject({ exception: line(100), why: noNul(1000) })).max(100),
});
export type RuleResult = z.infer<typeof RuleResult>;

const StoredSignature = z.strictObject({ verified: StoredFact, signer: StoredFact });
const ReportedPackage = z.strictObject({ ecosystem: noNul(200), name: line(500), version: noNul(500), sourceName: noNul(500), sourceVersion: noNul(500), path: noNul(4096) });
const ReportedLayer = z.strictObject({ digest: Digest, diffId: Digest, sizeBytes: z.int().min(0), packages: z.array(z.int().min(0)).max(100_000) });

export const CheckReport = z
  .strictObject({
    at: Time,
    version: line(100),
    stage: z.enum(['build', 'deploy']),
    verdict: z.enum(['pass', 'fail']),
    unknownCountsAs: z.enum(['fail', 'warn']),
    image: z.strictObject({
      digest: Digest,
      indexDigest: Digest.nullable(),
      reference: line(512).nullable(),
      platform: line(300),
      distribution: line(300).nullable().describe('Under which name advisories exist: Debian:12'),
      facts: z.record(line(100), StoredFact).refine((facts) => Object.keys(facts).length <= 200, 'has more than 200 facts'),
      signatures: z.strictObject({ items: z.array(StoredSignature).max(100), incomplete: noNul(4000).nullable() }),
      problems: z.array(noNul(2000)).max(500),
    }),
    packages: z.strictObject({ revision: line(200), items: z.array(ReportedPackage).max(100_000), incomplete: noNul(8000).nullable() }),
    layers: z.array(ReportedLayer).max(1000),
    findings: z.array(RuleResult).max(2000),
    policies: z.array(z.strictObject({ name: line(100), source: z.enum(['file', 'hub']) })).max(2000),
    advisories: z.strictObject({ revision: line(200), ageDays: z.int().min(0).nullable() }).nullable().describe('null: there were none'),
    run: PipelineRun,
  })
  .refine(({ layers, packages }) => layers.every((one) => one.packages.every((at) => at < packages.items.length)), 'a layer names a package that is not in the list');
export type CheckReport = z.infer<typeof CheckReport>;

/** A report of an image with many packages is larger than other requests. */
export const checkReportBytesMax = 32 * 2 ** 20;

export const CheckSetView = z.object({
  policies: z.array(z.object({ name: z.string(), yaml: z.string(), mode: z.enum(policyModes) })).describe('Those with rules about images, as they are in force'),
  exceptions: z.array(Exception).describe('Approved or not: one that does not count is named where it would have'),
});
export type CheckSetView = z.infer<typeof CheckSetView>;

export const CheckView = z.object({
  id: z.string(),
  at: Time,
  receivedAt: Time,
  digest: z.string(),
  indexDigest: z.string().nullable(),
  reference: z.string().nullable(),
  platform: z.string(),
  stage: z.enum(['build', 'deploy']),
  verdict: z.enum(['pass', 'fail']),
  failed: z.int().min(0).describe('Rules that stop'),
  warned: z.int().min(0),
  packages: z.int().min(0),
  run: PipelineRun,
  version: z.string(),
  reportedBy: z.string(),
  running: z.int().min(0).describe('Containers in scope that run this digest now'),
});
export type CheckView = z.infer<typeof CheckView>;

export const CheckDetailView = CheckView.extend({
  findings: z.array(RuleResult),
  facts: z.record(z.string(), StoredFact),
  signatures: z.object({ items: z.array(StoredSignature), incomplete: z.string().nullable() }),
  layers: z.array(z.object({ digest: z.string(), diffId: z.string(), sizeBytes: z.int(), packages: z.array(z.string()).describe('Name and version') })),
  packagesIncomplete: z.string().nullable(),
  problems: z.array(z.string()),
  policies: z.array(z.object({ name: z.string(), source: z.enum(['file', 'hub']) })),
  advisories: z.object({ revision: z.string(), ageDays: z.int().nullable() }).nullable(),
});
export type CheckDetailView = z.infer<typeof CheckDetailView>;

export const exceptionStates = ['unapproved', 'active', 'expiring', 'expired', 'ended'] as const;
export type ExceptionState = (typeof exceptionStates)[number];

export const ExceptionView = z.object({
  name: z.string(),
  state: z.enum(exceptionStates),
  stateReason: z.string().nullable().describe('Why it does not count; null: it counts'),
  spec: Exception.shape.spec.omit({ approval: true }),
  yaml: z.string().describe('As it could be handed in again'),
  author: z.string(),
  createdAt: Time,
  updatedAt: Time,
  approval: z.object({ by: z.string(), at: Time, reference: z.string().nullable() }).nullable(),
  ended: z.object({ by: z.string(), at: Time }).nullable(),
});
export type ExceptionView = z.infer<typeof ExceptionView>;

/** What a policy says of one image at one stage. */
export const StageExplanationView = z.object({
  stage: z.enum(policyStages),
  says: z.string().nullable().describe('Why it says nothing here; null: it speaks'),
  rules: z.array(RuleResult),
});
export const PolicyExplanationView = z.object({
  policy: z.string(),
  image: z.object({
    digest: z.string(),
    reference: z.string().nullable(),
    source: z.enum(['check', 'run']).describe('A check that a pipeline handed in, or what sensors read of a running container'),
    checkedAt: Time.nullable(),
    facts: z.record(z.string(), StoredFact),
    packages: z.object({ known: z.int(), incomplete: z.string().nullable() }),
    vulnerabilities: z.object({ known: z.int(), incomplete: z.string().nullable() }),
    signatures: z.object({ known: z.int(), incomplete: z.string().nullable() }),
  }),
  stages: z.array(StageExplanationView),
});
export type PolicyExplanationView = z.infer<typeof PolicyExplanationView>;
