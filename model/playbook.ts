/**
 * The playbook object, `vedette.dev/v1alpha1`: what it waits for, a CEL condition over the facts of it, and steps in order, each with
 * approval, timeout and retry; how much it may touch; a mode. This file is its shape only; `policy/playbook.ts` reads the text
 * and checks the condition and the messages. Every scalar of the YAML arrives as text.
 */
import { z } from 'zod';
import { approverRoles, triggerKinds } from './playbook-words.ts';
import { policyModes, resourceName } from './policy.ts';

export * from './playbook-words.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const duration = (secondsMin: number, secondsMax: number) =>
  z
    .string()
    .regex(/^\d{1,6}[smhd]$/, 'must be a time such as 30s, 5m, 2h or 1d')
    .transform((text) => Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? 1))
    .refine((seconds) => seconds >= secondsMin && seconds <= secondsMax, `must be from ${secondsMin} s to ${secondsMax} s`);
const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const line = z.string().min(1).max(500).regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line');
const integration = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be the name of an integration');
const cidr = z.string().regex(/^[0-9a-fA-F.:]{2,45}\/\d{1,3}$/, 'must be a network such as 10.0.0.0/8');
const address = z.string().max(254).regex(/^[^\s@<>,;]+@[^\s@<>,;]+$/, 'must be an address of e-mail');

const nothing = z.strictObject({}).default({});
const timing = {
  name: resourceName,
  approval: z
    .union([z.enum(['none', 'required']), z.strictObject({ by: z.enum(approverRoles).describe('Role that may approve, in the place of the run'), notStarter: flag.default(true).describe('Whoever started the run by hand may not approve it'), timeout: duration(60, 30 * 86_400).default(86_400) })])
    .default('none')
    .transform((given) => (given === 'none' ? null : given === 'required' ? { by: 'operator' as const, notStarter: true, timeout: 86_400 } : given)),
  timeout: duration(1, 86_400).default(300).describe('From the begin of the step'),
  retry: z.strictObject({ times: count(0, 20), backoff: duration(1, 3600).default(5) }).default({ times: 3, backoff: 5 }),
  continueOnFailure: flag.default(false),
  dryRun: flag.default(false),
};

export const PlaybookStep = z.discriminatedUnion('kind', [
  z.strictObject({ ...timing, kind: z.literal('kill'), with: z.strictObject({ what: z.enum(['process', 'container']).default('process') }).default({ what: 'process' }) }),
  z.strictObject({ ...timing, kind: z.literal('freeze'), with: nothing }),
  z.strictObject({ ...timing, kind: z.literal('isolate-container'), with: z.strictObject({ allowCidrs: z.array(cidr).max(50).default([]) }).default({ allowCidrs: [] }) }),
  z.strictObject({ ...timing, kind: z.literal('isolate-pod'), with: nothing }),
  z.strictObject({ ...timing, kind: z.literal('scale-to-zero'), with: nothing }),
  z.strictObject({ ...timing, kind: z.literal('roll-back'), with: nothing }),
  z.strictObject({ ...timing, kind: z.literal('artifactory-property'), with: z.strictObject({ integration, property: z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,99}$/, 'must be the name of a property'), value: line }) }),
  z.strictObject({ ...timing, kind: z.literal('webhook'), with: z.strictObject({ integration }) }),
  z.strictObject({ ...timing, kind: z.literal('slack'), with: z.strictObject({ integration, text: z.string().min(1).max(3000) }) }),
  z.strictObject({ ...timing, kind: z.literal('email'), with: z.strictObject({ integration, to: z.array(address).min(1).max(50), subject: line, text: z.string().min(1).max(10_000) }) }),
]);
export type PlaybookStep = z.infer<typeof PlaybookStep>;

export const Playbook = z.strictObject({
  apiVersion: z.literal('vedette.dev/v1alpha1'),
  kind: z.literal('Playbook'),
  metadata: z.strictObject({ name: resourceName }),
  spec: z.strictObject({
    description: z.string().min(1).max(2000),
    mode: z.enum(policyModes).default('off').describe('off; shadow: every step is only tried; enforce'),
    trigger: z.strictObject({ on: z.enum(triggerKinds), when: z.string().min(1).max(4096).describe('CEL over the facts of what happened') }),
    dryRun: flag.default(false),
    blastRadius: z.strictObject({ maxTargets: count(1, 1000).default(1), perHour: count(1, 1000).default(10) }).default({ maxTargets: 1, perHour: 10 }),
    steps: z.array(PlaybookStep).min(1).max(20),
  }),
});
export type Playbook = z.infer<typeof Playbook>;
