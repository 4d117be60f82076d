/**
 * What the hub does itself: a signed CloudEvent by HTTP, a Slack-shaped message, an e-mail, a property in Artifactory. Each answers with how it ended and
 * never throws: refused by the other side, failed before it could arrive, or unanswered, which may have arrived. Settings and secrets are
 * those of the named integration at the moment of the call; no secret is in an answer, in evidence or in a log.
 */
import { createHmac } from 'node:crypto';
import type { Outcome } from './machine.ts';
import type { HubCall } from './engine.ts';
import { setProperty, type PropertyStore } from './artifactory.ts';
import { sendMail, type SmtpSettings } from './email.ts';

export interface IntegrationHeld {
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secret: string | null;
  /** Why it cannot be used; null: it can. */
  readonly problem: string | null;
}

export interface CallDoors {
  readonly integration: (name: string) => Promise<IntegrationHeld | undefined>;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  /** Address of the hub: the source of its events. */
  readonly source: string;
}

const words = 300;
const refuse = (detail: string): Outcome => ({ kind: 'refused', detail, evidence: null });

export async function callFor(doors: CallDoors, call: HubCall): Promise<Outcome> {
  try {
    return await dispatch(doors, call);
  } catch (error) {
    return { kind: 'unanswered', detail: `a fault of the hub: ${error instanceof Error ? error.message.slice(0, words) : 'unknown'}`, evidence: null };
  }
}

async function dispatch(doors: CallDoors, call: HubCall): Promise<Outcome> {
  const { order } = call;
  if (!('integration' in order)) return refuse('this is not done by the hub');
  const held = await doors.integration(order.integration);
  const kind = order.kind === 'artifactory-property' ? 'artifactory' : order.kind === 'email' ? 'smtp' : order.kind;
  if (held === undefined) return refuse(`there is no integration ${order.integration}: make one of the kind ${kind} in the settings`);
  if (held.kind !== kind) return refuse(`the integration ${order.integration} is of the kind ${held.kind}, and this needs ${kind}`);
  if (held.problem !== null) return refuse(held.problem);
  switch (order.kind) {
    case 'webhook':
      return sendEvent(doors, held, cloudEvent(call, doors.source)!);
    case 'slack':
      return post(doors, held.secret ?? '', JSON.stringify(slackMessage(order.text)), { 'content-type': 'application/json' }, 'the Slack-shaped receiver');
    case 'email':
      return sendMail(held.settings as unknown as SmtpSettings, held.secret, { id: call.id, to: order.to, subject: order.subject, text: order.text }, doors.timeoutMs);
    case 'artifactory-property': {
      const store: PropertyStore = { url: String(held.settings['url'] ?? ''), token: held.secret, fetch: doors.fetch, timeoutMs: doors.timeoutMs };
      return setProperty(store, order, call.undo, call.before, call.note);
    }
    default:
      return order satisfies never;
  }
}

/** What a call would send, for a dry run. */
export function wouldCall(call: HubCall, source: string): unknown {
  const { order } = call;
  switch (order.kind) {
    case 'webhook':
      return cloudEvent(call, source);
    case 'slack':
      return slackMessage(order.text);
    case 'email':
      return { to: order.to, subject: order.subject, text: order.text };
    default:
      return order;
  }
}

interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly [name: string]: unknown;
}

/** Structured mode. The same bytes for the same effect, in every life of the hub: id and time are the effect's. */
export function cloudEvent(call: HubCall, source: string): CloudEvent | undefined {
  const { order } = call;
  if (order.kind !== 'webhook') return undefined;
  return { specversion: '1.0', id: call.id, source, type: 'dev.vedette.response.v1', subject: order.subject.slice(0, words), time: call.at.toISOString(), datacontenttype: 'application/json', data: order.data };
}

/** Over `timestamp.body`, so that neither can be replaced; the form that other senders of signed webhooks use. */
export function signature(secret: string, timestampSeconds: number, body: string): string {
  return `t=${timestampSeconds},v1=${createHmac('sha256', secret).update(`${timestampSeconds}.${body}`).digest('hex')}`;
}

async function sendEvent(doors: CallDoors, held: IntegrationHeld, event: CloudEvent): Promise<Outcome> {
  const body = JSON.stringify(event);
  const seconds = Math.floor(Date.parse(String(event['time'])) / 1000);
  const headers: Record<string, string> = { 'content-type': 'application/cloudevents+json; charset=utf-8', 'idempotency-key': event.id };
  if (held.secret !== null) headers['vedette-signature'] = signature(held.secret, seconds, body);
  return post(doors, String(held.settings['url'] ?? ''), body, headers, 'the webhook');
}

/** Marks of Slack's own language are taken for text: names of files come from whoever made them. */
function slackMessage(text: string): object {
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return { text: safe, blocks: [{ type: 'section', text: { type: 'mrkdwn', text: safe } }] };
}

/** Codes of a connection that was never made. */
const unreached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID']);

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : error instanceof Error ? error.name : 'unknown';
}

async function post(doors: CallDoors, url: string, body: string, headers: Readonly<Record<string, string>>, whom: string): Promise<Outcome> {
  if (!URL.canParse(url)) return refuse(`${whom} has no address that can be used`);
  const { host } = new URL(url);
  try {
    const response = await doors.fetch(url, { method: 'POST', body, headers: { 'user-agent': 'vedette', ...headers }, redirect: 'manual', signal: AbortSignal.timeout(doors.timeoutMs) });
    await response.body?.cancel();
    const { status } = response;
    const evidence = { status, host };
    if (status >= 200 && status <= 299) return { kind: 'applied', detail: `${whom} took it (${status})`, evidence };
    const later = status === 408 || status === 429 || status >= 500;
    return { kind: later ? 'failed' : 'refused', detail: `${whom} answered ${status}`, evidence };
  } catch (error) {
    const code = codeOf(error);
    return { kind: unreached.has(code) ? 'failed' : 'unanswered', detail: unreached.has(code) ? `${whom} at ${host} could not be reached (${code})` : `${whom} at ${host} did not answer (${code})`, evidence: { host } };
  }
}
