/** Sign in, and go back to where the reader was. Says how the first password came to be, and whether the hub is up. */
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Mark } from '../../parts/icons.tsx';
import { useTitle } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { ThemeSwitch } from '../../parts/shell/theme.tsx';
import { go, usePlace } from '../../router.tsx';
import { useHoldSession } from '../../session.tsx';
import { localPath } from '../../view/url.ts';
import './sign-in.css';

export function SignInPage(): ReactNode {
  useTitle('Sign in');
  const { search } = usePlace();
  const hold = useHoldSession();
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useChange('signIn');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate({ body: { user, password } }, {
      onSuccess: (session) => {
        hold(session);
        go(localPath(search['to']), { replace: true });
      },
    });
  };
  return (
    <main className="sign-in" data-testid="page-sign-in">
      <div className="sign-in-theme"><ThemeSwitch /></div>
      <form className="sign-in-form" onSubmit={submit}>
        <div className="sign-in-brand"><Mark size={40} /><h1>Vedette</h1></div>
        {search['to'] === undefined ? <p className="quiet">Sign in to see what runs.</p> : <p className="quiet">Sign in; then you are back where you were.</p>}
        <label><span className="label">User</span><input className="input" name="user" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus value={user} onChange={(event) => setUser(event.target.value)} data-testid="user" /></label>
        <label><span className="label">Password</span><input className="input" name="password" type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} data-testid="password" /></label>
        <button type="submit" className="button is-main" disabled={signIn.isPending} data-testid="sign-in">{signIn.isPending ? 'Signing in' : 'Sign in'}</button>
        <div className="sign-in-problem"><FormProblem error={signIn.error} /></div>
        <p className="quiet small">First time here? The first user and password were printed once, when the hub was started for the first time.</p>
      </form>
    </main>
  );
}
