/** Users, for administrators of the whole hub: who may sign in, with which roles where, and what can be done about them. */
import { useState, type ReactNode } from 'react';
import type { PersonView } from '@vedette/model/api/access-views';
import { useApi, useChange } from '../../data.ts';
import { usePlaces } from '../../parts/grants.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Dialog, DialogActions, Pop } from '../../parts/overlay.tsx';
import { Bone, BoneLines, Empty, Page } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { useMay, useSession } from '../../session.tsx';
import { grantsWords } from '../../view/grants.ts';
import { plural } from '../../view/numbers.ts';
import { EditRoles, NewPerson } from './edit.tsx';
import { PasswordShown } from './password-shown.tsx';
import './people.css';

export function PeoplePage(): ReactNode {
  const may = useMay('admin');
  const [making, setMaking] = useState(false);
  const button = may ? <button type="button" className="button is-main" onClick={() => setMaking(true)} data-testid="new-person"><Icon name="plus" size={14} />New user</button> : undefined;
  return (
    <Page title="Users" sentence={may ? <Sentence /> : 'Users are kept by administrators of the whole hub.'} actions={button} tall note={<p>Each role holds in a place: the whole hub, a cluster, or namespaces of one. For programs there are <Link to="/tokens">API tokens</Link>; who changed what is in the <Link to="/audit">audit log</Link>.</p>}>
      {may ? <People /> : <Empty title="Your role does not permit this"><p>Ask an administrator for what you need.</p></Empty>}
      {making ? <NewPerson onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function Sentence(): ReactNode {
  const { data } = useApi('listPeople', {});
  if (data === undefined) return <Bone width={260} height={18} />;
  const enabled = data.items.filter((one) => one.disabledAt === null);
  const administrators = enabled.filter((one) => one.grants.some(({ role, place }) => role === 'admin' && place === 'all')).length;
  return <><b>{plural(enabled.length, 'user')}</b> may sign in, {administrators === 1 ? 'one as administrator' : `${administrators} as administrators`}.</>;
}

type Act = 'roles' | 'password' | 'sessions' | 'disable' | 'remove';

function People(): ReactNode {
  const { data, error, refetch } = useApi('listPeople', {});
  const { names } = usePlaces();
  const [chosen, setChosen] = useState<{ readonly person: PersonView; readonly act: Act } | null>(null);
  if (data === undefined) return error === null ? <BoneLines count={4} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <>
      <ul className="people" aria-label="Users">
        {data.items.map((person) => (
          <li key={person.id} className={`person ${person.disabledAt === null ? '' : 'is-off'}`} data-testid="person-row" data-key={person.name}>
            <span className="person-name"><Icon name="person" size={14} /><span className="strong cut" title={person.name}>{person.name}</span>{person.disabledAt === null ? null : <span className="person-off">disabled</span>}</span>
            <span className={person.grants.length === 0 ? 'faint' : ''}>{grantsWords(person.grants, names)}</span>
            <span className="quiet small">{person.sessions === 0 ? 'not signed in' : <>{plural(person.sessions, 'session')}, <Time at={person.lastUsedAt} /></>}{person.tokens === 0 ? null : <> · made {plural(person.tokens, 'token')}</>}</span>
            <PersonActions person={person} choose={(act) => setChosen({ person, act })} />
          </li>
        ))}
      </ul>
      {chosen === null ? null : <Chosen {...chosen} onClose={() => setChosen(null)} />}
    </>
  );
}

function PersonActions({ person, choose }: { readonly person: PersonView; readonly choose: (act: Act) => void }): ReactNode {
  const enable = useChange('updatePerson', ['listPeople']);
  return (
    <span className="person-acts">
      <button type="button" className="button" onClick={() => choose('roles')}>Roles</button>
      <Pop label={`More about ${person.name}`} trigger={<span>More</span>} testId="person-more">
        {(close) => (
          <div className="menu">
            <button type="button" className="menu-item" onClick={() => { close(); choose('password'); }}>New password</button>
            {person.sessions === 0 ? null : <button type="button" className="menu-item" onClick={() => { close(); choose('sessions'); }}>End {plural(person.sessions, 'session')}</button>}
            {person.disabledAt === null
              ? <button type="button" className="menu-item" onClick={() => { close(); choose('disable'); }}>Disable</button>
              : <button type="button" className="menu-item" disabled={enable.isPending} onClick={() => { close(); enable.mutate({ params: { id: person.id }, body: { disabled: false } }); }}>Enable</button>}
            <button type="button" className="menu-item" onClick={() => { close(); choose('remove'); }}>Remove</button>
          </div>
        )}
      </Pop>
    </span>
  );
}

function Chosen({ person, act, onClose }: { readonly person: PersonView; readonly act: Act; readonly onClose: () => void }): ReactNode {
  switch (act) {
    case 'roles':
      return <EditRoles person={person} onClose={onClose} />;
    case 'password':
      return <NewPassword person={person} onClose={onClose} />;
    case 'sessions':
      return <EndSessions person={person} onClose={onClose} />;
    case 'disable':
      return <Disable person={person} onClose={onClose} />;
    case 'remove':
      return <Remove person={person} onClose={onClose} />;
    default:
      return act satisfies never;
  }
}

interface AboutProps {
  readonly person: PersonView;
  readonly onClose: () => void;
}

interface AskProps extends AboutProps {
  readonly title: string;
  readonly text: ReactNode;
  readonly word: string;
  readonly change: { readonly error: unknown; readonly isPending: boolean };
  readonly act: () => void;
}

function Ask({ title, text, word, change, act, onClose }: AskProps): ReactNode {
  return (
    <Dialog title={title} onClose={onClose}>
      {text}
      <FormProblem error={change.error as null} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-grave" disabled={change.isPending} onClick={act} data-testid="do-it">{word}</button>
      </DialogActions>
    </Dialog>
  );
}

function NewPassword({ person, onClose }: AboutProps): ReactNode {
  const reset = useChange('resetPassword', ['listPeople']);
  if (reset.data !== undefined) return <PasswordShown name={person.name} password={reset.data.password} onClose={onClose} />;
  return <Ask title={`A new password for ${person.name}?`} text={<p>The password of now stops working, and all sessions of {person.name} end. The new one is shown once.</p>} word="Make a new password" change={reset} act={() => reset.mutate({ params: { id: person.id } })} person={person} onClose={onClose} />;
}

function EndSessions({ person, onClose }: AboutProps): ReactNode {
  const { user } = useSession();
  const end = useChange('endSessionsOf', ['listPeople']);
  return <Ask title={`End the sessions of ${person.name}?`} text={<p>{person.name === user ? 'You are signed out too.' : `${person.name} can sign in again at once.`}</p>} word="End the sessions" change={end} act={() => end.mutate({ params: { id: person.id } }, { onSuccess: onClose })} person={person} onClose={onClose} />;
}

function Disable({ person, onClose }: AboutProps): ReactNode {
  const change = useChange('updatePerson', ['listPeople']);
  const text = <p>{person.name} is signed out and cannot sign in until enabled again.{person.tokens === 0 ? '' : ` ${plural(person.tokens, 'API token')} made by ${person.name} still ${person.tokens === 1 ? 'works' : 'work'}: revoke what should not.`}</p>;
  return <Ask title={`Disable ${person.name}?`} text={text} word={`Disable ${person.name}`} change={change} act={() => change.mutate({ params: { id: person.id }, body: { disabled: true } }, { onSuccess: onClose })} person={person} onClose={onClose} />;
}

function Remove({ person, onClose }: AboutProps): ReactNode {
  const remove = useChange('deletePerson', ['listPeople']);
  const text = <p>What {person.name} did stays in the audit log under this name. {person.tokens === 0 ? '' : `${plural(person.tokens, 'API token')} made by ${person.name} still ${person.tokens === 1 ? 'works' : 'work'}: revoke what should not. `}This cannot be undone; disabling can.</p>;
  return <Ask title={`Remove ${person.name}?`} text={text} word={`Remove ${person.name}`} change={remove} act={() => remove.mutate({ params: { id: person.id } }, { onSuccess: onClose })} person={person} onClose={onClose} />;
}
