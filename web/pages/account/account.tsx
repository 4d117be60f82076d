/** The own account: what one sees and may do, the own sessions, the own password. */
import { useState, type ReactNode } from 'react';
import type { OwnSessionView } from '@vedette/model/api/access-views';
import { useApi, useChange } from '../../data.ts';
import { Effect } from '../../parts/grants.tsx';
import { BoneLines, Page } from '../../parts/page.tsx';
import { PasswordDialog } from '../../parts/password-dialog.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Time } from '../../parts/text.tsx';
import { useSession } from '../../session.tsx';
import { browserWords } from '../../view/browser-words.ts';
import '../people/people.css';

export function AccountPage(): ReactNode {
  const { user, grants } = useSession();
  const [changing, setChanging] = useState(false);
  return (
    <Page title="Account" sentence={<>You are signed in as <b>{user}</b>.</>} actions={<button type="button" className="button" onClick={() => setChanging(true)}>Change password</button>}>
      <section className="section">
        <div className="section-head"><h2>What you see and may do</h2></div>
        <Effect grants={grants} />
      </section>
      <section className="section">
        <div className="section-head"><h2>Where you are signed in</h2></div>
        <Sessions />
      </section>
      {changing ? <PasswordDialog onClose={() => setChanging(false)} /> : null}
    </Page>
  );
}

function Sessions(): ReactNode {
  const { data, error, refetch } = useApi('listSessions', {});
  const end = useChange('endSession', ['listSessions']);
  if (data === undefined) return error === null ? <BoneLines count={2} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <>
      <ul className="people" aria-label="Sessions">{data.items.map((session) => <Session key={session.id} session={session} pending={end.isPending} end={() => end.mutate({ params: { id: session.id } })} />)}</ul>
      <FormProblem error={end.error} />
    </>
  );
}

function Session({ session, pending, end }: { readonly session: OwnSessionView; readonly pending: boolean; readonly end: () => void }): ReactNode {
  return (
    <li className="person" data-testid="session">
      <span className="strong" title={session.agent ?? undefined}>{browserWords(session.agent)}</span>
      <span className="quiet">{session.address === null ? 'from an address that was not kept' : `from ${session.address}`}, since <Time at={session.startedAt} /></span>
      <span className="quiet small">used <Time at={session.usedAt} /></span>
      <span className="person-acts">{session.current ? <span className="quiet small">this one</span> : <button type="button" className="button" disabled={pending} onClick={end}>End</button>}</span>
    </li>
  );
}
