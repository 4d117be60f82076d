/** What the kinds of integrations are called, what each is for, and the settings of one in a line. */
import type { IntegrationView } from '@vedette/model/api/origin';
import type { IntegrationKind } from '@vedette/model/origin';

export const kindWords: Readonly<Record<IntegrationKind, { readonly many: string; readonly one: string; readonly add: string }>> = {
  registry: { many: 'Registries', one: 'registry', add: 'Add a registry' },
  'cosign-key': { many: 'Signing keys', one: 'signing key', add: 'Add a key' },
  artifactory: { many: 'Artifactory', one: 'Artifactory', add: 'Add Artifactory' },
  xray: { many: 'Xray', one: 'Xray', add: 'Add Xray' },
  webhook: { many: 'Webhooks', one: 'webhook', add: 'Add a webhook' },
  slack: { many: 'Chats', one: 'chat', add: 'Add a chat' },
  smtp: { many: 'E-mail', one: 'mail server', add: 'Add a mail server' },
};

export const kindSentences: Readonly<Record<IntegrationKind, string>> = {
  registry: 'No registry may be asked. Without one, whether a tag has moved, whether the image still is there and who signed it stay unknown.',
  'cosign-key': 'There is no key to check signatures with. Give the public key of cosign (cosign.pub): who signed an image is unknown without it.',
  artifactory: 'No Artifactory is asked. It knows which build made a digest, from which commit, and who ran it.',
  xray: 'No Xray is asked. It knows issues and violations of its own policies.',
  webhook: 'No webhook is told. Playbooks send signed CloudEvents to one.',
  slack: 'No chat is told. Playbooks write to one that takes Slack’s incoming webhooks.',
  smtp: 'There is no mail server. Playbooks write e-mails through one.',
};

function trustWords(trusted: readonly string[] | null): string {
  if (trusted === null) return 'trust not said';
  if (trusted.length === 0) return 'not trusted';
  return trusted.includes('*') ? 'trusted' : `trusted: ${trusted.join(', ')}`;
}

export function settingsWords(one: IntegrationView): string {
  switch (one.kind) {
    case 'registry': return [one.settings.host, one.settings.plainHttp ? 'without TLS' : null, trustWords(one.settings.trusted), one.settings.user === null ? null : `as ${one.settings.user}`, one.settings.askEveryMinutes === null ? null : `asked every ${one.settings.askEveryMinutes} min`].filter((part) => part !== null).join(' · ');
    case 'cosign-key': return `ECDSA P-256 · ${one.settings.images.length === 0 ? 'for all images' : `for ${one.settings.images.join(', ')}`}`;
    case 'artifactory': return [one.settings.url, one.settings.projects.length === 0 ? null : `projects ${one.settings.projects.join(', ')}`].filter((part) => part !== null).join(' · ');
    case 'xray':
    case 'webhook': return one.settings.url;
    case 'slack': return 'its address is its secret';
    case 'smtp': return [`${one.settings.host}:${one.settings.port}`, one.settings.security === 'none' ? 'without TLS' : one.settings.security, `from ${one.settings.from}`, one.settings.user === null ? null : `as ${one.settings.user}`].filter((part) => part !== null).join(' · ');
    default: return one satisfies never;
  }
}

/** Text of a field with one or several names, by commas or lines → the names. */
export function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((one) => one !== '');
}
