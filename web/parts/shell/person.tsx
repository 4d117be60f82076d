/** The person's menu: who is signed in and as what, the own account and password, users and API tokens for administrators, sign out. */
import { useState, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { go, Link } from '../../router.tsx';
import { useHoldSession, useMay, useSession } from '../../session.tsx';
import { grantsWords } from '../../view/grants.ts';
import { usePlaces } from '../grants.tsx';
import { Icon } from '../icons.tsx';
import { Pop } from '../overlay.tsx';
import { PasswordDialog } from '../password-dialog.tsx';

export function PersonMenu(): ReactNode {
  const session = useSession();
  const mayAdmin = useMay('admin');
  const { names } = usePlaces();
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
            <p className="menu-note"><span className="strong">{session.user}</span><br /><span className="quiet small">{grantsWords(session.grants, names)}</span></p>
            <Link to="/account" className="menu-item" onClick={close}>Account and sessions</Link>
            <button type="button" className="menu-item" onClick={() => { close(); setChanging(true); }}>Change password</button>
            {mayAdmin ? <Link to="/users" className="menu-item" onClick={close}>Users</Link> : null}
            {mayAdmin ? <Link to="/tokens" className="menu-item" onClick={close}>API tokens</Link> : null}
            <button type="button" className="menu-item" onClick={leave} data-testid="sign-out">Sign out</button>
          </div>
        )}
      </Pop>
      {changing ? <PasswordDialog onClose={() => setChanging(false)} /> : null}
    </>
  );
}
