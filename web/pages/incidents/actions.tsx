/** Acknowledge, close, reopen, assign, and say what it was: confirmed, or a false positive, which closes it. All of it can be taken back, so none of it asks first; the history keeps each step. */
import { useState, type FormEvent, type ReactNode } from 'react';
import type { IncidentView } from '@vedette/model/api/views';
import { useChange } from '../../data.ts';
import { FormProblem } from '../../parts/problem.tsx';
import { useMay, useSession } from '../../session.tsx';

export function IncidentActions({ incident, more }: { readonly incident: IncidentView; readonly more?: ReactNode }): ReactNode {
  const { user } = useSession();
  const may = useMay('triage', incident.place);
  const update = useChange('updateIncident', ['listIncidents', 'getIncident', 'risk']);
  const [assigning, setAssigning] = useState(false);
  if (!may) return <><p className="quiet small">Your role may look at this incident, not change it.</p>{more}</>;
  const change = (body: { state?: IncidentView['state']; assignee?: string | null; verdict?: IncidentView['verdict'] }): void => update.mutate({ params: { id: incident.id }, body });
  const button = (label: string, run: () => void, testId: string): ReactNode => <button type="button" className="button" disabled={update.isPending} onClick={run} data-testid={testId}>{label}</button>;
  return (
    <>
      <div className="incident-actions">
        {incident.state === 'open' ? button('Acknowledge', () => change({ state: 'acknowledged' }), 'acknowledge') : null}
        {incident.state === 'closed' ? button('Reopen', () => change({ state: 'open' }), 'reopen') : button('Close', () => change({ state: 'closed' }), 'close')}
        {incident.assignee === user ? button('Give it back', () => change({ assignee: null }), 'unassign') : button('Take it', () => change({ assignee: user }), 'take')}
        {incident.verdict === 'confirmed' ? button('Take confirmation back', () => change({ verdict: null }), 'unconfirm') : button('Confirm', () => change({ verdict: 'confirmed' }), 'confirm')}
        {incident.verdict === 'false-positive' ? button('Not a false positive', () => change({ verdict: null }), 'unfalse') : button('False positive', () => change({ verdict: 'false-positive', state: 'closed' }), 'false-positive')}
        {assigning ? <AssignForm assign={(assignee) => { change({ assignee }); setAssigning(false); }} /> : button('Assign to', () => setAssigning(true), 'assign')}
        {more}
      </div>
      <FormProblem error={update.error} />
    </>
  );
}

function AssignForm({ assign }: { readonly assign: (assignee: string) => void }): ReactNode {
  const [name, setName] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== '') assign(name.trim());
  };
  return (
    <form className="assign" onSubmit={submit}>
      <input className="input" aria-label="Assign to" placeholder="User name" autoFocus maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
      <button type="submit" className="button" disabled={name.trim() === ''}>Assign</button>
    </form>
  );
}
