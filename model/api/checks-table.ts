/** The part of the API about checked images, exceptions and explanations; table.ts takes it in. */
import { z } from 'zod';
import { CheckDetailView, CheckReport, CheckSetView, CheckView, ExceptionView, PolicyExplanationView, checkReportBytesMax } from './checks.ts';
import { pageQuery } from './page-query.ts';
import type { Endpoint } from './table.ts';
import { pageOf } from './views.ts';

const text = z.string().min(1).max(300);
const name = z.object({ name: text });
const id = z.object({ id: text });

export const checkEndpoints = {
  explainPolicy: { method: 'GET', path: '/api/v1/policies/{name}/explain', summary: 'What a policy says of one image at each stage, and why', permission: 'view', params: name, query: z.object({ image: text.describe('Digest of the image for its platform, or of its index') }), output: PolicyExplanationView },

  checkSet: { method: 'GET', path: '/api/v1/checks/set', summary: 'Policies and exceptions that a pipeline checks with', permission: 'check', output: CheckSetView },
  recordCheck: { method: 'POST', path: '/api/v1/checks', summary: 'Keep what a pipeline found in an image; the same run says the same image once', permission: 'check', body: CheckReport, bodyBytesMax: checkReportBytesMax, output: z.object({ id: z.string(), isNew: z.boolean() }), status: 201 },
  listChecks: { method: 'GET', path: '/api/v1/checks', summary: 'Images that pipelines checked, the latest first', permission: 'view', query: z.object({ ...pageQuery, digest: text.optional().describe('Of the platform or of the index'), verdict: z.enum(['pass', 'fail']).optional(), repository: text.optional(), commit: text.optional(), search: z.string().max(200).optional() }), output: pageOf(CheckView) },
  getCheck: { method: 'GET', path: '/api/v1/checks/{id}', summary: 'One check: verdicts, facts, and which layer brought which package', permission: 'view', params: id, output: CheckDetailView },

  listExceptions: { method: 'GET', path: '/api/v1/exceptions', summary: 'Exceptions from policies and whether they count', permission: 'view', query: z.object({ ended: z.enum(['include', 'exclude']).default('exclude') }), output: z.object({ items: z.array(ExceptionView) }) },
  putException: { method: 'PUT', path: '/api/v1/exceptions/{name}', summary: 'Make or replace an exception from its YAML; it counts once another person has approved it', permission: 'policy', params: name, body: z.strictObject({ yaml: z.string().max(65536) }), output: ExceptionView },
  approveException: { method: 'PUT', path: '/api/v1/exceptions/{name}/approval', summary: 'Approve an exception that somebody else wrote', permission: 'policy', params: name, body: z.strictObject({ updatedAt: z.string().max(40).describe('Of the text that is approved; refused when it changed meanwhile'), reference: z.string().min(1).max(500).optional() }), output: ExceptionView },
  endException: { method: 'DELETE', path: '/api/v1/exceptions/{name}', summary: 'End an exception; it stays in the list of ended ones', permission: 'policy', params: name, output: z.null(), status: 204 },
} as const satisfies Record<string, Endpoint>;
