/** People, their sessions, places that can be granted, and the audit log, as the API answers them. */
import { z } from 'zod';
import { GrantView } from './views.ts';

const Time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC');
const Count = z.int().min(0);

export const PersonView = z.object({
  id: z.string(),
  name: z.string(),
  grants: z.array(GrantView),
  createdAt: Time,
  disabledAt: Time.nullable(),
  lastUsedAt: Time.nullable().describe('Of the sessions that are open now'),
  sessions: Count.describe('Open now'),
  tokens: Count.describe('API tokens that this person made and that still work'),
});
export type PersonView = z.infer<typeof PersonView>;

/** A password that the hub made, shown in this answer and never again. */
export const PasswordView = z.object({ password: z.string() });

export const OwnSessionView = z.object({ id: z.string(), startedAt: Time, usedAt: Time, expiresAt: Time, address: z.string().nullable(), agent: z.string().nullable(), current: z.boolean() });
export type OwnSessionView = z.infer<typeof OwnSessionView>;

/** A cluster of which the caller sees all, or the namespaces that are named. */
export const PlaceView = z.object({ cluster: z.string(), name: z.string(), whole: z.boolean(), namespaces: z.array(z.string()).describe('Known and in scope') });
export type PlaceView = z.infer<typeof PlaceView>;

export const AuditView = z.object({
  id: z.string(),
  at: Time,
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  change: z.string(),
  cluster: z.string().nullable().describe('Name; null: it concerns the hub as a whole'),
  namespace: z.string().nullable(),
  detail: z.string().nullable().describe('JSON of what is kept beside the sentence'),
});
export type AuditView = z.infer<typeof AuditView>;
