/** From an event: which playbooks of its kind there are, what each would do here, and running one by hand. */
import { useState, type ReactNode } from 'react';
import type { TriggerKind } from '@vedette/model/playbook';
import { useApi, useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { BoneLines } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { go, Link } from '../../router.tsx';
import { pathOf } from '../../view/url.ts';
import { runWords, triggerWords } from '../../view/response-words.ts';
import { StateMark } from './marks.tsx';
import { Tried } from './tried.tsx';
import './responses.css';

export function RespondButton({ trigger, event }: { readonly trigger: TriggerKind; readonly event: string }): ReactNode {
  const [open, setOpen] = useState(false);
  return <><button type="button" className="button" onClick={() => setOpen(true)} data-testid="respond">Respond</button>{open ? <RespondDialog trigger={trigger} event={event} onClose={() => setOpen(false)} /> : null}</>;
}

function RespondDialog({ trigger, event, onClose }: { readonly trigger: TriggerKind; readonly event: string; readonly onClose: () => void }): ReactNode {
  const { data } = useApi('listPlaybooks', {});
  const playbooks = data?.items.filter((one) => one.trigger === trigger);
  const [chosen, setChosen] = useState<string | null>(null);
  const playbook = playbooks?.find((one) => one.name === chosen) ?? playbooks?.[0];
  const start = useChange('startResponse', ['listResponses']);
  const run = (dryRun: boolean): void => {
    if (playbook !== undefined) start.mutate({ body: { playbook: playbook.name, event, dryRun } }, { onSuccess: (made) => go(pathOf('/responses/:id', { id: made.id })) });
  };
  return (
    <Dialog title="Respond" onClose={onClose} wide>
      {playbooks === undefined ? <BoneLines count={4} /> : null}
      {playbooks?.length === 0 ? <p>No playbook answers to {triggerWords[trigger]}. <Link to="/playbooks">Make one</Link>.</p> : null}
      {playbook === undefined || playbooks === undefined ? null : (
        <>
          <label><span className="label">Playbook</span><select className="input" value={playbook.name} onChange={(change) => setChosen(change.target.value)} data-testid="choose-playbook">{playbooks.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}</select></label>
          <p className="quiet">{playbook.description}</p>
          <Tried key={playbook.name} yaml={playbook.yaml} event={event} />
        </>
      )}
      <FormProblem error={start.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button" disabled={playbook === undefined || start.isPending} onClick={() => run(true)} data-testid="dry-run">Dry run</button>
        <button type="button" className="button is-grave" disabled={playbook === undefined || start.isPending} onClick={() => run(false)} data-testid="run-now">Run it</button>
      </DialogActions>
    </Dialog>
  );
}

function useResponsesOf(trigger: TriggerKind, event: string): ReturnType<typeof useApi<'listResponses'>> {
  return useApi('listResponses', { query: { trigger, event, limit: 10 } });
}

/** Whether it is known which runs there are: an event is shown with them at once, since they stand above what is read. */
export function useResponsesKnown(trigger: TriggerKind, event: string): boolean {
  const { data, error } = useResponsesOf(trigger, event);
  return data !== undefined || error !== null;
}

/** Runs about one event, for its page. */
export function ResponsesOf({ trigger, event }: { readonly trigger: TriggerKind; readonly event: string }): ReactNode {
  const { data } = useResponsesOf(trigger, event);
  if (data === undefined || data.items.length === 0) return null;
  return <ul className="plain-list" data-testid="responses-of">{data.items.map((run) => <li key={run.id} className="row-flow"><StateMark state={runWords[run.state]} /><Link to={pathOf('/responses/:id', { id: run.id })}>{run.playbook}</Link>{run.dryRun ? <span className="faint small">dry run</span> : null}</li>)}</ul>;
}
