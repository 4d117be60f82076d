/**
 * One e-mail by SMTP. A server that refuses before the message was handed over has not taken it; anything after that is unanswered, because SMTP has no
 * way to ask. The Message-ID is the effect's, so that a second copy would be seen as one by most programs.
 */
import nodemailer from 'nodemailer';
import type { Outcome } from './machine.ts';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** tls from the first byte; starttls required; none. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string | null;
  readonly from: string;
}

export interface Mail {
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** Before DATA: nothing was handed over. */
const before = new Set(['ECONNECTION', 'EDNS', 'ETLS', 'EAUTH', 'EENVELOPE', 'ECONNREFUSED', 'ENOAUTH']);

/** Connects and signs in, and sends nothing. */
export async function greet(settings: SmtpSettings, password: string | null, timeoutMs: number): Promise<Outcome> {
  const transport = transportTo(settings, password, timeoutMs);
  try {
    await transport.verify();
    return { kind: 'applied', detail: `${settings.host} lets us in`, evidence: null };
  } catch (error) {
    return { kind: 'failed', detail: `${settings.host}: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`, evidence: null };
  } finally {
    transport.close();
  }
}

function transportTo({ host, port, security, user }: SmtpSettings, password: string | null, timeoutMs: number): ReturnType<typeof nodemailer.createTransport> {
  return nodemailer.createTransport({
    host, port, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none', connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, disableFileAccess: true, disableUrlAccess: true,
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
  });
}

export async function sendMail(settings: SmtpSettings, password: string | null, mail: Mail, timeoutMs: number): Promise<Outcome> {
  const { host, from } = settings;
  const transport = transportTo(settings, password, timeoutMs);
  try {
    const domain = from.slice(from.lastIndexOf('@') + 1);
    const sent = await transport.sendMail({ from, to: [...mail.to], subject: mail.subject, text: mail.text, messageId: `<${mail.id}@${domain}>`, headers: { 'x-vedette-effect': mail.id, 'auto-submitted': 'auto-generated' } });
    const refused = sent.rejected.length;
    return { kind: 'applied', detail: `${host} took it for ${sent.accepted.length} of ${mail.to.length}${refused > 0 ? `, and refused ${refused}` : ''}`, evidence: { host, accepted: sent.accepted, rejected: sent.rejected } };
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
    const status = typeof error === 'object' && error !== null && 'responseCode' in error ? Number(error.responseCode) : 0;
    const detail = `${host}: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`;
    const evidence = { host, code };
    if (status >= 500) return { kind: 'refused', detail, evidence };
    return { kind: status >= 400 || before.has(code) ? 'failed' : 'unanswered', detail, evidence };
  } finally {
    transport.close();
  }
}
