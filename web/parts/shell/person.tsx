/** The person's menu: who is signed in and as what, the own password, API tokens for administrators, sign out. */
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { go, Link } from '../../router.tsx';
import { useHoldSession, useMay, useSession } from '../../session.tsx';
import { roleSentences } from '../../view/words.ts';
import { Icon } from '../icons.tsx';
import { Dialog, DialogActions, Pop } from '../overlay.tsx';
import { FormProblem } from '../problem.tsx';

const passwordLengthMin = 12;

export function PersonMenu(): ReactNode {
  const session = useSession();
  const mayAdmin = useMay('admin');
  const hold = useHoldSession();
  const [changing, setChanging] = useState(false);
  const signOut = useChange('signOut');
  const leave = (): void => {
    signOut.mutate({}, { onSettled: () => { hold(null); go('/sign-in', { replace: true }); } });
  };
  return (
    <>
      <Pop label="Signed in as" trigger={<><Icon name="person" /><span className="badge-word">{session.user}</span></>} testId="person">
        {(close) => (
          <div className="menu">
            <p className="menu-note"><span className="strong">{session.user}</span><br />{[...new Set(session.grants.map(({ role }) => role))].map((role) => <span key={role} className="quiet small">{role}: {roleSentences[role]}<br /></span>)}</p>
            <button type="button" className="menu-item" onClick={() => { close(); setChanging(true); }}>Change password</button>
            {mayAdmin ? <Link to="/tokens" className="menu-item" onClick={close}>API tokens</Link> : null}
            <button type="button" className="menu-item" onClick={leave} data-testid="sign-out">Sign out</button>
          </div>
        )}
      </Pop>
      {changing ? <PasswordDialog onClose={() => setChanging(false)} /> : null}
    </>
  );
}

function PasswordDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useChange('changePassword');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate({ body: { current, next } });
  };
  if (change.isSuccess) {
    return (
      <Dialog title="Password changed" onClose={onClose}>
        <p>All other sessions of yours have ended. This one goes on.</p>
        <DialogActions><button type="button" className="button is-main" onClick={onClose}>Done</button></DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title="Change password" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <label><span className="label">Current password</span><input className="input" type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} /></label>
        <label><span className="label">New password, at least {passwordLengthMin} characters</span><input className="input" type="password" autoComplete="new-password" required minLength={passwordLengthMin} value={next} onChange={(event) => setNext(event.target.value)} /></label>
        <p className="quiet">All your other sessions end.</p>
        <FormProblem error={change.error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={change.isPending || current === '' || next.length < passwordLengthMin}>Change password</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
