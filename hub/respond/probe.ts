/** The test of a receiver: a webhook is sent a signed CloudEvent of a type of its own, a chat a line that says it is a test, a mail server is signed in to and sent nothing. */
import { randomUUID } from 'node:crypto';
import { callFor, type CallDoors, type IntegrationHeld } from './calls.ts';
import { greet, type SmtpSettings } from './email.ts';
import type { Outcome } from './machine.ts';

export interface Probed {
  readonly question: string;
  readonly ok: boolean;
  readonly status: number | null;
  readonly words: string;
  readonly action: string | null;
}

const note = async (): Promise<void> => undefined;

export async function probeReceiver(held: IntegrationHeld, doors: Omit<CallDoors, 'integration'>, now: Date): Promise<Probed[]> {
  const calling: CallDoors = { ...doors, integration: async () => held };
  const order = { integration: 'test' };
  const call = { id: randomUUID(), undo: false, at: now, before: null, note };
  switch (held.kind) {
    case 'webhook':
      return [probed('whether it takes a signed CloudEvent', await callFor(calling, { ...call, order: { ...order, kind: 'webhook', subject: 'test', data: { test: true } } }))];
    case 'slack':
      return [probed('whether it takes a message', await callFor(calling, { ...call, order: { ...order, kind: 'slack', text: 'Vedette: a test of this integration. Nothing has happened.' } }))];
    case 'smtp':
      return [probed('whether the server lets us in', await greet(held.settings as unknown as SmtpSettings, held.secret, doors.timeoutMs))];
    default:
      return [];
  }
}

function probed(question: string, outcome: Outcome): Probed {
  const ok = outcome.kind === 'applied';
  const status = typeof outcome.evidence === 'object' && outcome.evidence !== null && 'status' in outcome.evidence ? Number(outcome.evidence.status) : null;
  return { question, ok, status, words: outcome.detail, action: ok ? null : 'Check address and secret, and whether the network leads there from the hub.' };
}
