/**
 * The one policy object, `vedette.dev/v1alpha1`: scope, rules (a CEL condition over facts), an action for each stage,
 * a mode. This file is its shape only; `policy/` reads the text, checks the conditions and finds the kernel form.
 * A rule `on: execution` speaks at the stage `run`, a rule `on: image` at `build`, at `deploy`, and at `run` about what runs.
 */
import { z } from 'zod';

export const policyModes = ['off', 'shadow', 'enforce'] as const;
export type PolicyMode = (typeof policyModes)[number];

export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/**
 * What a policy may do at run time. `inform` only records. Of a rule about executions `kill` needs a kernel form; of a rule about
 * images it stops the next execution in every container of an image that breaks it.
 */
export const runActions = ['inform', 'kill'] as const;
export type RunAction = (typeof runActions)[number];

export const policyStages = ['build', 'deploy', 'run'] as const;
export type PolicyStage = (typeof policyStages)[number];

/** What a policy may do when an image is checked in a pipeline. `warn` and `inform` let it pass. */
export const buildActions = ['fail', 'warn', 'inform'] as const;
export type BuildAction = (typeof buildActions)[number];

/** What a policy may do when a workload is admitted. */
export const deployActions = ['deny', 'warn', 'inform'] as const;
export type DeployAction = (typeof deployActions)[number];

export const resourceName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and hyphens, at most 63');

const patterns = z.array(z.string().min(1).max(256)).max(200);

/** Names with `*` as the only wildcard. An empty selector selects every container; hosts are never selected. */
export const ContainerSelector = z
  .strictObject({
    names: patterns.optional(),
    images: patterns.optional(),
    namespaces: patterns.optional(),
    excludeNames: patterns.optional(),
    excludeImages: patterns.optional(),
    excludeNamespaces: patterns.optional(),
  })
  .describe('Which containers the policy speaks about');
export type ContainerSelector = z.infer<typeof ContainerSelector>;

/** Names of images with `*` as the only wildcard, with or without tag, in full or in Docker's short form, or a digest. */
export const ImageSelector = z.strictObject({ names: patterns.optional(), excludeNames: patterns.optional() }).describe('Which images the policy speaks about; an empty one selects every image');
export type ImageSelector = z.infer<typeof ImageSelector>;

export const ExecutionRule = z.strictObject({
  name: resourceName,
  on: z.literal('execution'),
  when: z.string().min(1).max(4096).describe('CEL over the facts of one execution'),
  actions: z.strictObject({ run: z.enum(runActions) }),
});
export type ExecutionRule = z.infer<typeof ExecutionRule>;

export const ImageRule = z.strictObject({
  name: resourceName,
  on: z.literal('image'),
  when: z.string().min(1).max(4096).describe('CEL over the facts of one image; what it holds for is wrong'),
  actions: z
    .strictObject({ build: z.enum(buildActions).optional(), deploy: z.enum(deployActions).optional(), run: z.enum(runActions).optional() })
    .refine((actions) => Object.values(actions).some((one) => one !== undefined), 'needs an action for build, deploy or run'),
  fix: z.string().min(1).max(500).optional().describe('What to do about it, for whoever built the image; versions to upgrade to are said without it'),
});
export type ImageRule = z.infer<typeof ImageRule>;

export const PolicyRule = z.discriminatedUnion('on', [ExecutionRule, ImageRule]);
export type PolicyRule = z.infer<typeof PolicyRule>;

export const Policy = z.strictObject({
  apiVersion: z.literal('vedette.dev/v1alpha1'),
  kind: z.literal('Policy'),
  metadata: z.strictObject({
    name: resourceName,
    labels: z.record(z.string().max(128), z.string().max(256)).optional(),
  }),
  spec: z.strictObject({
    description: z.string().max(2000),
    severity: z.enum(severities),
    attack: z.array(z.string().regex(/^T\d{4}(\.\d{3})?$/, 'must be an ATT&CK technique such as T1059 or T1059.004')).max(20).optional(),
    mode: z.enum(policyModes).default('shadow'),
    scope: z.strictObject({ containers: ContainerSelector.optional(), images: ImageSelector.optional() }).default({}),
    whenPending: z
      .enum(['allow', 'kill'])
      .default('allow')
      .describe('While a container has no identity yet and the scope needs one: let it run and judge again, or kill'),
    rules: z.array(PolicyRule).min(1).max(50),
    message: z.string().max(1000).optional(),
  }),
});
export type Policy = z.infer<typeof Policy>;

/** Where the executed file came from; the same words in policies, events, the API and the console. */
export const fileOrigins = ['host', 'image', 'modified', 'dropped', 'memory', 'volume', 'unjudged'] as const;
export type FileOrigin = (typeof fileOrigins)[number];
