/** The part of the API about people, sessions, places and the audit log; table.ts takes it in. */
import { z } from 'zod';
import { AuditView, OwnSessionView, PasswordView, PersonView, PlaceView } from './access-views.ts';
import { pageQuery } from './page-query.ts';
import type { Endpoint } from './table.ts';
import { GrantView, pageOf } from './views.ts';

const id = z.object({ id: z.string().regex(/^[1-9]\d{0,14}$/) });
const word = z.string().min(1).max(300);
const Grants = z.array(GrantView).max(100).describe('Roles, each in a place');
/** A name that stands in the audit log: one word, so that none looks like a sentence or like a token. */
const PersonName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,99}$/u, 'a name is one word of letters, digits and . _ @ + -, beginning with a letter or digit, of at most 100');

const auditQuery = {
  actor: word.optional().describe('Exactly'),
  action: word.optional().describe('Or its beginning, as policy.'),
  object: word.optional().describe('Or its beginning, as incident:'),
  cluster: word.optional().describe('Name of a cluster'),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
};

export const accessEndpoints = {
  listSessions: { method: 'GET', path: '/api/v1/sessions', summary: 'The own sessions', permission: 'self', output: z.object({ items: z.array(OwnSessionView) }) },
  endSession: { method: 'DELETE', path: '/api/v1/sessions/{id}', summary: 'End one of the own sessions', permission: 'self', params: z.object({ id: z.string().regex(/^[0-9a-f]{24}$/) }), output: z.null(), status: 204 },

  listPeople: { method: 'GET', path: '/api/v1/people', summary: 'People who may sign in, with their roles', permission: 'admin', output: z.object({ items: z.array(PersonView) }) },
  createPerson: { method: 'POST', path: '/api/v1/people', summary: 'Add a person; the password that is made for them is shown once', permission: 'admin', body: z.strictObject({ name: PersonName, grants: Grants }), output: PersonView.extend(PasswordView.shape), status: 201 },
  updatePerson: { method: 'PATCH', path: '/api/v1/people/{id}', summary: 'Change the roles of a person, disable or enable them', permission: 'admin', params: id, body: z.strictObject({ grants: Grants.optional(), disabled: z.boolean().optional() }), output: PersonView },
  resetPassword: { method: 'POST', path: '/api/v1/people/{id}/password', summary: 'Make a new password, shown once; ends all sessions of the person', permission: 'admin', params: id, output: PasswordView },
  endSessionsOf: { method: 'DELETE', path: '/api/v1/people/{id}/sessions', summary: 'End all sessions of a person', permission: 'admin', params: id, output: z.null(), status: 204 },
  deletePerson: { method: 'DELETE', path: '/api/v1/people/{id}', summary: 'Remove a person; what they did stays in the audit log', permission: 'admin', params: id, output: z.null(), status: 204 },

  listPlaces: { method: 'GET', path: '/api/v1/places', summary: 'Clusters and namespaces in scope', permission: 'view', output: z.object({ items: z.array(PlaceView) }) },

  listAudit: { method: 'GET', path: '/api/v1/audit', summary: 'Who changed what, the newest first', permission: 'view', query: z.object({ ...pageQuery, ...auditQuery }), output: pageOf(AuditView) },
  exportAudit: { method: 'GET', path: '/api/v1/audit.csv', summary: 'The same as CSV, at most 50,000 rows; a last row says when there are more', permission: 'view', query: z.object(auditQuery), output: z.string(), type: 'text/csv; charset=utf-8' },
} as const satisfies Record<string, Endpoint>;
