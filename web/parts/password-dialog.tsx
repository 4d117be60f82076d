/** The own password, changed in place: all other sessions of the person end. */
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChange } from '../data.ts';
import { Dialog, DialogActions } from './overlay.tsx';
import { FormProblem } from './problem.tsx';

const passwordLengthMin = 12;

export function PasswordDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
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
