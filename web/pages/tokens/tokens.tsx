/** API tokens, for administrators: what exists and when it was last used, a new one (its secret is shown once), revoke. */
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Grant } from '@vedette/model/access';
import type { TokenView } from '@vedette/model/api/views';
import { useApi, useChange } from '../../data.ts';
import { GrantsEditor, usePlaces } from '../../parts/grants.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Bone, BoneLines, Empty, Page } from '../../parts/page.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { useMay } from '../../session.tsx';
import { grantsProblem, grantsWords } from '../../view/grants.ts';
import { plural } from '../../view/numbers.ts';

export function TokensPage(): ReactNode {
  const may = useMay('admin');
  const [making, setMaking] = useState(false);
  const button = may ? <button type="button" className="button is-main" onClick={() => setMaking(true)} data-testid="new-token"><Icon name="plus" size={14} />New token</button> : undefined;
  return (
    <Page title="API tokens" sentence={may ? <Sentence /> : 'API tokens are kept by administrators.'} actions={button} note="A token acts with its roles through the API and the vedette command, without a session.">
      {may ? <Tokens /> : <Empty title="Your role does not permit this"><p>Ask an administrator for a token, or for the role.</p></Empty>}
      {making ? <NewToken onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function Sentence(): ReactNode {
  const { data } = useApi('listTokens', {});
  if (data === undefined) return <Bone width={260} height={18} />;
  return data.items.length === 0 ? <>There is no API token.</> : <><b>{plural(data.items.length, 'token')}</b> can use the API.</>;
}

function Tokens(): ReactNode {
  const { data, error, refetch } = useApi('listTokens', {});
  const { names } = usePlaces();
  const [revoking, setRevoking] = useState<TokenView | null>(null);
  if (data === undefined) return error === null ? <BoneLines count={4} /> : <ProblemBox error={error} again={() => void refetch()} />;
  if (data.items.length === 0) return <Empty title="No token yet"><p>Tokens are for programs: the pipeline that asks for a verdict, the script that reads incidents. People sign in instead.</p></Empty>;
  return (
    <>
      <table className="plain-table is-stacking">
        <thead><tr><th>Name</th><th>Roles</th><th>Last used</th><th>Made</th><th>Ends</th><th><span className="unseen">Revoke</span></th></tr></thead>
        <tbody>
          {data.items.map((token) => (
            <tr key={token.id} data-testid="token" data-key={token.id}>
              <td className="strong">{token.name}</td><td>{grantsWords(token.grants, names)}</td><td data-head="Last used"><Time at={token.lastUsedAt} /></td><td data-head="Made"><Time at={token.createdAt} /></td><td data-head="Ends"><Time at={token.expiresAt} /></td>
              <td className="number"><button type="button" className="button is-bare" onClick={() => setRevoking(token)}>Revoke</button></td>
            </tr>
          ))}
        </tbody>
      </table>
      {revoking === null ? null : <Revoke token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function Revoke({ token, onClose }: { readonly token: TokenView; readonly onClose: () => void }): ReactNode {
  const revoke = useChange('revokeToken', ['listTokens']);
  return (
    <Dialog title={`Revoke ${token.name}?`} onClose={onClose}>
      <p>Whatever uses it is refused from now on. This cannot be undone; make a new token instead.</p>
      <FormProblem error={revoke.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Keep it</button>
        <button type="button" className="button is-grave" disabled={revoke.isPending} onClick={() => revoke.mutate({ params: { id: token.id } }, { onSuccess: onClose })}>Revoke {token.name}</button>
      </DialogActions>
    </Dialog>
  );
}

const lifetimes = [[30, '30 days'], [90, '90 days'], [365, '1 year'], [null, 'until it is revoked']] as const;

function NewToken({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer', place: 'all' }]);
  const [days, setDays] = useState<number | null>(90);
  const make = useChange('createToken', ['listTokens']);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    make.mutate({ body: { name, grants: [...grants], expiresInDays: days } });
  };
  if (make.data !== undefined) {
    return (
      <Dialog title={`Token ${make.data.name}`} onClose={onClose} wide>
        <Command text={make.data.secret} />
        <p>This secret is shown only now. Keep it where the program that needs it keeps its secrets.</p>
        <DialogActions><button type="button" className="button is-main" onClick={onClose}>Done</button></DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title="New token" onClose={onClose} wide>
      <form className="stack" onSubmit={submit}>
        <label><span className="label">What is it for</span><input className="input" required maxLength={300} value={name} placeholder="ci pipeline" onChange={(event) => setName(event.target.value)} /></label>
        <GrantsEditor grants={grants} onChange={setGrants} />
        <label><span className="label">It works for</span><select className="input" value={String(days)} onChange={(event) => setDays(event.target.value === 'null' ? null : Number(event.target.value))}>{lifetimes.map(([value, word]) => <option key={word} value={String(value)}>{word}</option>)}</select></label>
        <FormProblem error={make.error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={make.isPending || name.trim() === '' || grants.length === 0 || grantsProblem(grants) !== null}>Make the token</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
