/**
 * Integrations as people see and change them: settings checked, secrets sealed before they are stored and never shown again. A secret stays with the
 * address that it was given for: who changes the address gives it anew, so that nobody has a kept password sent elsewhere. Those that were declared in
 * a file at the start are changed in the file.
 */
import { ArtifactorySettings, CosignKeySettings, IntegrationInput, IntegrationTestView, type IntegrationView, RegistrySettings, SlackSettings, SmtpSettings, WebhookSettings, XraySettings } from '@vedette/model/api/origin';
import { parsePublicKey } from '@vedette/origin/cosign/key';
import { z } from 'zod';
import type { Database, Transaction } from '../store/database.ts';
import { deleteIntegration, listIntegrations, lockIntegration, putIntegration, type IntegrationRow } from '../store/integrations.ts';
import type { Seal } from './seal.ts';

export function integrationView(row: IntegrationRow): IntegrationView {
  const held = {
    name: row.name, hasSecret: row.secret !== null, declared: row.declared, updatedAt: row.updated_at.toISOString(), updatedBy: row.updated_by,
    test: row.test === null || row.test === undefined ? null : IntegrationTestView.parse(row.test),
  };
  switch (row.kind) {
    case 'registry': return { ...held, kind: 'registry', settings: RegistrySettings.parse(row.settings) };
    case 'cosign-key': return { ...held, kind: 'cosign-key', settings: CosignKeySettings.parse(row.settings) };
    case 'artifactory': return { ...held, kind: 'artifactory', settings: ArtifactorySettings.parse(row.settings) };
    case 'xray': return { ...held, kind: 'xray', settings: XraySettings.parse(row.settings) };
    case 'webhook': return { ...held, kind: 'webhook', settings: WebhookSettings.parse(row.settings) };
    case 'slack': return { ...held, kind: 'slack', settings: SlackSettings.parse(row.settings) };
    case 'smtp': return { ...held, kind: 'smtp', settings: SmtpSettings.parse(row.settings) };
    default: throw new Error(`an integration of kind ${row.kind} is stored, which this hub does not know`);
  }
}

/** Where a secret is sent: the same as before, or it is given anew. */
function placeOf(kind: string, settings: object): string {
  const of = settings as { host?: string; plainHttp?: boolean; url?: string; user?: string | null };
  return JSON.stringify([kind, of.host ?? '', of.plainHttp ?? false, of.url ?? '']);
}

export type Put = { readonly row: IntegrationRow; readonly before: IntegrationRow | undefined } | { readonly problem: string };

/** In the caller's transaction, with its audit row. */
export async function put(db: Transaction, seal: Seal, name: string, input: IntegrationInput, by: { readonly actor: string; readonly declared: boolean }, now: Date): Promise<Put> {
  const before = await lockIntegration(db, name);
  if (before?.declared === true && !by.declared) return { problem: `${name} is declared in the file that the hub was started with: change it there.` };
  if (input.kind === 'cosign-key') {
    const key = parsePublicKey(input.settings.pem, name);
    if ('problem' in key) return { problem: `This cannot be used as a key: ${key.problem}.` };
  }
  const given = input.kind === 'cosign-key' ? null : input.secret;
  if (given === undefined && before?.secret != null && placeOf(before.kind, before.settings) !== placeOf(input.kind, input.settings)) {
    return { problem: 'The address is another one than the secret was given for: give the secret again, or say that there is none.' };
  }
  const secret = given === undefined ? (before?.secret ?? null) : given === null ? null : seal.close(name, given);
  if (input.kind === 'registry' && input.settings.user !== null && secret === null) return { problem: 'A user was given without a password.' };
  await putIntegration(db, { name, kind: input.kind, settings: input.settings, secret, declared: by.declared }, by.actor, now);
  return { row: (await lockIntegration(db, name))!, before };
}

const declaredMax = 500;
const Declared = z.strictObject({ integrations: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/), IntegrationInput).refine((all) => Object.keys(all).length <= declaredMax, `at most ${declaredMax}`) });

/** The text of the file → integrations by name, or what is wrong with it; never what stands in it. */
export function parseDeclared(text: string): ReadonlyMap<string, IntegrationInput> | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'it is no JSON' };
  }
  const parsed = Declared.safeParse(json);
  if (!parsed.success) return { problem: parsed.error.issues.map((one) => `${one.path.join('.') || 'the document'}: ${one.message}`).slice(0, 3).join('; ') };
  return new Map(Object.entries(parsed.data.integrations));
}

/** Makes what is stored follow the file: what is declared no more is removed, what people made stays. Answers problems, one a name. */
export async function followDeclared(database: Database, seal: Seal, declared: ReadonlyMap<string, IntegrationInput>, now: Date): Promise<readonly string[]> {
  return database.transaction(async (db) => {
    const problems: string[] = [];
    for (const held of await listIntegrations(db)) if (held.declared && !declared.has(held.name)) await deleteIntegration(db, held.name);
    for (const [name, input] of declared) {
      const held = await lockIntegration(db, name);
      if (held !== undefined && isSame(held, seal, input)) continue;
      const done = await put(db, seal, name, input.kind === 'cosign-key' ? input : { ...input, secret: input.secret ?? null }, { actor: 'the declaration', declared: true }, now);
      if ('problem' in done) problems.push(`${name}: ${done.problem}`);
    }
    return problems;
  });
}

function isSame(held: IntegrationRow, seal: Seal, input: IntegrationInput): boolean {
  const secret = held.secret === null ? null : seal.open(held.name, held.secret);
  const given = input.kind === 'cosign-key' ? null : (input.secret ?? null);
  return held.declared && held.kind === input.kind && secret === given && stable(held.settings) === stable(input.settings);
}

/** The store keeps the fields of an object in an order of its own. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one));
}
