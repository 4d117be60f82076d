/** Makes or changes one integration. A kept secret is left alone unless another is given; the fields are those of its kind. */
import { useState, type FormEvent, type ReactNode } from 'react';
import type { IntegrationView } from '@vedette/model/api/origin';
import type { IntegrationKind } from '@vedette/model/origin';
import type { Input } from '@vedette/model/api/table';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { kindWords, namesIn } from './words.ts';

type Body = Input<'putIntegration'>['body'];
type Held = IntegrationView | null;
interface FieldsProps {
  readonly held: Held;
  readonly set: (fields: Readonly<Record<string, string | boolean>>) => void;
  readonly values: Readonly<Record<string, string | boolean>>;
}

export function IntegrationDialog({ kind, held, onClose }: { readonly kind: IntegrationKind; readonly held: Held; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState(held?.name ?? '');
  const [values, setValues] = useState(() => startOf(held));
  const put = useChange('putIntegration', ['listIntegrations', 'listImages', 'getImage']);
  const test = useChange('testIntegration', ['listIntegrations']);
  const set = (fields: Readonly<Record<string, string | boolean>>): void => setValues((old) => ({ ...old, ...fields }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    put.mutate({ params: { name }, body: bodyOf(kind, values, held) }, { onSuccess: () => { onClose(); test.mutate({ params: { name } }); } });
  };
  return (
    <Dialog title={held === null ? kindWords[kind].add : `Change ${held.name}`} onClose={onClose} wide={kind === 'cosign-key'}>
      <form className="stack" onSubmit={submit}>
        <Field label="Name" value={name} set={setName} disabled={held !== null} required placeholder={placeholders[kind]} pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" />
        {kind === 'registry' ? <RegistryFields held={held} values={values} set={set} /> : null}
        {kind === 'cosign-key' ? <KeyFields held={held} values={values} set={set} /> : null}
        {kind === 'artifactory' || kind === 'xray' || kind === 'webhook' ? <Field label={`Address of ${kindWords[kind].one}`} value={String(values['url'] ?? '')} set={(url) => set({ url })} required placeholder="https://acme.example" /> : null}
        {kind === 'artifactory' ? <Field label="Projects whose builds may be asked for (beside the default one)" value={String(values['projects'] ?? '')} set={(projects) => set({ projects })} placeholder="shop, web" /> : null}
        {kind === 'smtp' ? <SmtpFields values={values} set={set} /> : null}
        {kind === 'cosign-key' ? null : <Field label={secretLabel(kind, held)} value={String(values['secret'] ?? '')} set={(secret) => set({ secret })} type="password" placeholder={held?.hasSecret === true ? 'the kept one stays' : ''} />}
        <FormProblem error={put.error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={put.isPending || name === ''} data-testid="save-integration">Save and test</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const placeholders: Readonly<Record<IntegrationKind, string>> = { registry: 'main-registry', 'cosign-key': 'release-key', artifactory: 'artifactory', xray: 'xray', webhook: 'siem', slack: 'security-chat', smtp: 'mail' };

const secretNames: Readonly<Partial<Record<IntegrationKind, string>>> = { registry: 'Password or token', webhook: 'Secret that signs', slack: 'Address of the incoming webhook', smtp: 'Password' };

function secretLabel(kind: IntegrationKind, held: Held): string {
  const what = secretNames[kind] ?? 'Token';
  return held?.hasSecret === true ? `${what} (kept; give another to replace it)` : what;
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
  readonly pattern?: string;
  readonly type?: 'text' | 'password' | 'number';
}

function Field({ label, value, set, required = false, disabled = false, placeholder, pattern, type = 'text' }: FieldProps): ReactNode {
  return <label><span className="label">{label}</span><input className="input" type={type} autoComplete={type === 'password' ? 'new-password' : 'off'} spellCheck={false} required={required} disabled={disabled} value={value} placeholder={placeholder} pattern={pattern} onChange={(event) => set(event.target.value)} /></label>;
}

function RegistryFields({ values, set }: FieldsProps): ReactNode {
  return (
    <>
      <Field label="Host, as image references name it" value={String(values['host'] ?? '')} set={(host) => set({ host })} required placeholder="registry.example:5000" />
      <label className="row-flow"><input type="checkbox" checked={values['plainHttp'] === true} onChange={(event) => set({ plainHttp: event.target.checked })} />Ask without TLS</label>
      <label><span className="label">Trust in its images</span>
        <select className="input" value={String(values['trust'] ?? 'unsaid')} onChange={(event) => set({ trust: event.target.value })}>
          <option value="unsaid">Not said: other registries say what is trusted</option>
          <option value="all">All of it is trusted</option>
          <option value="some">Some folders are trusted</option>
          <option value="none">Nothing of it is trusted</option>
        </select>
      </label>
      {values['trust'] === 'some' ? <Field label="Trusted folders" value={String(values['folders'] ?? '')} set={(folders) => set({ folders })} required placeholder="team, shop/web" /> : null}
      <Field label="User (empty: the secret is a token)" value={String(values['user'] ?? '')} set={(user) => set({ user })} />
      <Field label="Ask for tags every … minutes (empty: as the hub is set)" type="number" value={String(values['every'] ?? '')} set={(every) => set({ every })} />
    </>
  );
}

function KeyFields({ values, set }: FieldsProps): ReactNode {
  return (
    <>
      <label><span className="label">Public key, as cosign.pub holds it</span><textarea className="input mono integration-key" required spellCheck={false} rows={6} value={String(values['pem'] ?? '')} placeholder="-----BEGIN PUBLIC KEY-----" onChange={(event) => set({ pem: event.target.value })} /></label>
      <Field label="For images in (empty: all)" value={String(values['images'] ?? '')} set={(images) => set({ images })} placeholder="registry.example/team" />
    </>
  );
}

function securityOf(text: string): 'tls' | 'starttls' | 'none' {
  return text === 'tls' || text === 'none' ? text : 'starttls';
}

function SmtpFields({ values, set }: { readonly values: Readonly<Record<string, string | boolean>>; readonly set: (fields: Readonly<Record<string, string>>) => void }): ReactNode {
  const of = (name: string): string => String(values[name] ?? '');
  return (
    <>
      <Field label="Server" value={of('host')} set={(host) => set({ host })} required placeholder="mail.example.org" />
      <Field label="Port" value={of('port')} set={(port) => set({ port })} placeholder="587" pattern="\d{1,5}" />
      <label><span className="label">Security</span><select className="input" value={of('security') === '' ? 'starttls' : of('security')} onChange={(event) => set({ security: event.target.value })}><option value="starttls">STARTTLS, required</option><option value="tls">TLS from the first byte</option><option value="none">none</option></select></label>
      <Field label="User (empty: none)" value={of('user')} set={(user) => set({ user })} />
      <Field label="From" value={of('from')} set={(from) => set({ from })} required placeholder="vedette@example.org" />
    </>
  );
}

function startOf(held: Held): Record<string, string | boolean> {
  if (held === null) return { trust: 'unsaid' };
  switch (held.kind) {
    case 'registry': {
      const { host, plainHttp, trusted, user, askEveryMinutes } = held.settings;
      const trust = trusted === null ? 'unsaid' : trusted.length === 0 ? 'none' : trusted.includes('*') ? 'all' : 'some';
      return { host, plainHttp, trust, folders: (trusted ?? []).filter((one) => one !== '*').join(', '), user: user ?? '', every: askEveryMinutes === null ? '' : String(askEveryMinutes) };
    }
    case 'cosign-key': return { pem: held.settings.pem, images: held.settings.images.join(', ') };
    case 'artifactory': return { url: held.settings.url, projects: held.settings.projects.join(', ') };
    case 'xray':
    case 'webhook': return { url: held.settings.url };
    case 'slack': return {};
    case 'smtp': return { host: held.settings.host, port: String(held.settings.port), security: held.settings.security, user: held.settings.user ?? '', from: held.settings.from };
    default: return held satisfies never;
  }
}

/** What the form has no field for stays as it is held. */
function bodyOf(kind: IntegrationKind, values: Readonly<Record<string, string | boolean>>, held: Held): Body {
  const text = (field: string): string => String(values[field] ?? '').trim();
  const secret = text('secret') === '' ? {} : { secret: String(values['secret']) };
  switch (kind) {
    case 'registry': {
      const trust = text('trust');
      const trusted = trust === 'unsaid' ? null : trust === 'all' ? ['*'] : trust === 'none' ? [] : namesIn(text('folders'));
      return { kind, settings: { host: text('host'), plainHttp: values['plainHttp'] === true, user: text('user') === '' ? null : text('user'), trusted, askEveryMinutes: text('every') === '' ? null : Number(text('every')) }, ...secret };
    }
    case 'cosign-key': return { kind, settings: { pem: text('pem'), images: namesIn(text('images')) } };
    case 'artifactory': return { kind, settings: { ...(held?.kind === 'artifactory' ? held.settings : {}), url: text('url'), projects: namesIn(text('projects')) }, ...secret };
    case 'xray':
    case 'webhook': return { kind, settings: { url: text('url') }, ...secret };
    case 'slack': return { kind, settings: {}, ...secret };
    case 'smtp': return { kind, settings: { host: text('host'), port: Number(text('port') === '' ? '587' : text('port')), security: securityOf(text('security')), user: text('user') === '' ? null : text('user'), from: text('from') }, ...secret };
    default: return kind satisfies never;
  }
}
