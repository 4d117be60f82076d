/** What a playbook would have done about what has happened, or about one event: steps, targets, limits. Nothing is sent. */
import { useEffect, type ReactNode } from 'react';
import type { TriedEventView } from '@vedette/model/api/responses';
import { useChange } from '../../data.ts';
import { BoneLines } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { plural } from '../../view/numbers.ts';
import { kindWords } from '../../view/response-words.ts';
import './responses.css';

export function Tried({ yaml, event }: { readonly yaml: string; readonly event?: string }): ReactNode {
  const { data, error, mutate } = useChange('tryPlaybook', []);
  useEffect(() => {
    mutate({ body: { yaml, ...(event === undefined ? {} : { event }) } });
  }, [yaml, event, mutate]);
  if (error !== null) return <FormProblem error={error} />;
  if (data === undefined) return <BoneLines count={3} />;
  return (
    <div className="tried" data-testid="tried-result">
      {event === undefined ? <p><b>{plural(data.matched, data.trigger)}</b> of the newest {data.asked} would have been answered{data.asked === 0 ? ': nothing of this kind has happened yet' : ''}.</p> : null}
      <ul className="stack">{data.events.map((one) => <li key={`${one.id} ${one.cluster} ${one.workload ?? ''}`}><TriedEvent event={one} named={event === undefined} /></li>)}</ul>
    </div>
  );
}

function TriedEvent({ event, named }: { readonly event: TriedEventView; readonly named: boolean }): ReactNode {
  return (
    <article className="tried-event">
      {named ? <p className="strong">{event.title}</p> : null}
      {named ? <p className="faint small">{[event.cluster, event.namespace, event.workload].filter((one) => one !== null).join(' / ')}</p> : null}
      {event.answer === 'unknown' ? <p className="unknown-mark hatched">The condition has no answer: {event.missing} is not known. It would not run.</p> : null}
      {event.stopped === null ? null : <p className="timeline-reason">It would be stopped: {event.stopped}.</p>}
      <ol className="plan">
        {event.steps.map((step) => (
          <li key={step.name}><span className="strong">{step.name}</span> <span className="quiet">{kindWords[step.kind]}</span>{step.approver === null ? null : <span className="small"> after approval by {step.approver}</span>}
            <p className={step.targets.length === 0 ? 'timeline-reason' : 'small'}>{step.targets.length === 0 ? `It could not: ${step.reason ?? ''}` : step.targets.join(', ')}</p>
          </li>
        ))}
      </ol>
    </article>
  );
}
