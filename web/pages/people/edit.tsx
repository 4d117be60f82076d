/** A new user, and the roles of one: both show in words what the person will see and may do. */
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Grant } from '@vedette/model/access';
import type { PersonView } from '@vedette/model/api/access-views';
import { useChange } from '../../data.ts';
import { GrantsEditor } from '../../parts/grants.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { grantsProblem } from '../../view/grants.ts';
import { PasswordShown } from './password-shown.tsx';

/** The contract's lists are its own; what the editor holds is read only. */
export function ownGrants(grants: readonly Grant[]): Grant[] {
  return [...grants];
}

export function NewPerson({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer', place: 'all' }]);
  const make = useChange('createPerson', ['listPeople']);
  const problem = grantsProblem(grants);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    make.mutate({ body: { name: name.trim(), grants: ownGrants(grants) } });
  };
  if (make.data !== undefined) return <PasswordShown name={make.data.name} password={make.data.password} onClose={onClose} />;
  return (
    <Dialog title="New user" onClose={onClose} wide>
      <form className="stack" onSubmit={submit}>
        <label><span className="label">Name to sign in with, one word</span><input className="input" required maxLength={100} autoComplete="off" spellCheck={false} value={name} placeholder="ada" onChange={(event) => setName(event.target.value)} data-testid="person-name" /></label>
        <GrantsEditor grants={grants} onChange={setGrants} />
        <p className="quiet small">A password is made and shown once.</p>
        <FormProblem error={make.error} />
        <DialogActions>
          {problem === null ? null : <span className="quiet">{problem}</span>}
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={make.isPending || name.trim() === '' || problem !== null} data-testid="make-person">Add the user</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function EditRoles({ person, onClose }: { readonly person: PersonView; readonly onClose: () => void }): ReactNode {
  const [grants, setGrants] = useState<readonly Grant[]>(person.grants);
  const change = useChange('updatePerson', ['listPeople', 'session']);
  const problem = grantsProblem(grants);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate({ params: { id: person.id }, body: { grants: ownGrants(grants) } }, { onSuccess: onClose });
  };
  return (
    <Dialog title={`Roles of ${person.name}`} onClose={onClose} wide>
      <form className="stack" onSubmit={submit}>
        <GrantsEditor grants={grants} onChange={setGrants} />
        <p className="quiet small">It holds from the next click of {person.name} on.</p>
        <FormProblem error={change.error} />
        <DialogActions>
          {problem === null ? null : <span className="quiet">{problem}</span>}
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={change.isPending || problem !== null} data-testid="save-roles">Save the roles</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
