/** Asks what is needed for a token that lets something join: the name of a cluster, and for how long the token works. */
import { useState, type FormEvent, type ReactNode } from 'react';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';

export interface JoinFormProps {
  readonly title: string;
  readonly about: string;
  readonly label: string;
  readonly name: string;
  readonly placeholder?: string;
  /** In minutes, each with its words. */
  readonly lifetimes: readonly (readonly [number, string])[];
  readonly busy: boolean;
  readonly error: unknown;
  readonly onMake: (name: string, validMinutes: number) => void;
  readonly onClose: () => void;
}

export function JoinForm({ title, about, label, name: first, placeholder, lifetimes, busy, error, onMake, onClose }: JoinFormProps): ReactNode {
  const [name, setName] = useState(first);
  const [minutes, setMinutes] = useState(60);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onMake(name.trim(), minutes);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p>{about}</p>
        <label><span className="label">{label}</span><input className="input" required maxLength={100} value={name} {...(placeholder === undefined ? {} : { placeholder })} onChange={(event) => setName(event.target.value)} data-testid="cluster-name" /></label>
        <label><span className="label">The token works for</span>
          <select className="input" value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>{lifetimes.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select>
        </label>
        <FormProblem error={error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={busy || name.trim() === ''} data-testid="make-token">Make the token</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
