/**
 * One incident: what, where, since, state and what can be done with it; the process tree; why it matters; the evidence,
 * event by event; what to do; and its history. Used beside the list and as a page of its own.
 */
import { useMemo, useState, type ReactNode } from 'react';
import type { FindingEventView, IncidentDetailView } from '@vedette/model/api/views';
import { useApi } from '../../data.ts';
import { OutcomeMark, Severity } from '../../parts/marks.tsx';
import { Bone, BoneLines, NextAction, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { ProcessTree } from '../../parts/process-tree.tsx';
import { Code, ContainerText, CopyButton, Digest, Fields, ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { usersWords } from '../../view/admission-words.ts';
import { visible } from '../../view/cut.ts';
import { fieldsInOrder } from '../../view/event-fields.ts';
import { countWords, plural } from '../../view/numbers.ts';
import type { Chain } from '../../view/process-tree.ts';
import { absoluteTime, gapWords } from '../../view/time.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { modeWords, outcomeSentences, stateWords } from '../../view/words.ts';
import { RespondButton, ResponsesOf, useResponsesKnown } from '../responses/respond.tsx';
import { IncidentActions } from './actions.tsx';
import './incidents.css';

interface Props {
  readonly id: string;
  readonly event: string | undefined;
  readonly eventTo: (event: string | undefined) => string;
  /** The page around it already says the title. */
  readonly titled?: boolean;
}

export function IncidentDetail({ id, event, eventTo, titled = false }: Props): ReactNode {
  const { data, error, refetch } = useApi('getIncident', { params: { id } });
  const isKnown = useResponsesKnown('incident', id);
  if (data !== undefined && isKnown) return <Loaded incident={data} event={event} eventTo={eventTo} titled={titled} />;
  if (error !== null) return <ProblemBox error={error} again={() => void refetch()} />;
  return <div className="stack"><Bone width="70%" height={18} /><Bone width="45%" /><BoneLines count={10} /></div>;
}

function Loaded({ incident, event, eventTo, titled = false }: { readonly incident: IncidentDetailView } & Omit<Props, 'id'>): ReactNode {
  const chains = useMemo(() => incident.events.map((one): Chain => ({ eventId: one.id, outcome: one.outcome, tree: one.tree })).filter((chain) => chain.tree.length > 0), [incident.events]);
  const chosen = incident.events.find((one) => one.id === event) ?? incident.events[0];
  return (
    <article data-testid="incident" data-key={incident.id}>
      <Head incident={incident} titled={titled} />
      <Section title="Process tree" aside={chains.length === 0 ? undefined : `time to the right, ${plural(chains.length, 'event')}`} id="incident-tree">
        {chains.length === 0 ? <p className="quiet">No process tree came with these events: the sensor did not know the process.</p> : <ProcessTree chains={chains} chosen={event} />}
      </Section>
      <Section title="Why it matters"><Why incident={incident} /></Section>
      <Section title="Evidence" aside={incident.events.length < incident.count ? `the newest ${incident.events.length} of ${countWords(incident.count)} events` : plural(incident.events.length, 'event')}>
        <Events events={incident.events} chosen={event} eventTo={eventTo} />
        {chosen === undefined ? null : <EventFields event={chosen} />}
      </Section>
      <Section title="Where"><WhereFields incident={incident} /></Section>
      <Section title="History"><History incident={incident} /></Section>
    </article>
  );
}

function Head({ incident, titled }: { readonly incident: IncidentDetailView; readonly titled: boolean }): ReactNode {
  const mayRespond = useMay('policy', incident.place);
  return (
    <header className="incident-head">
      <div className="wrap-flow"><Severity severity={incident.severity} /><OutcomeMark outcome={incident.outcome} /><span className="quiet">{stateWords[incident.state]}{incident.assignee === null ? ', nobody has it' : `, ${incident.assignee} has it`}{incident.verdict === null ? '' : incident.verdict === 'confirmed' ? ', confirmed' : ', a false positive'}</span></div>
      {titled ? null : <h2 className="panel-title">{incident.title}</h2>}
      <p className="quiet wrap-flow">
        <Where incident={incident} />
        {incident.count === 1 ? <span>once, <Time at={incident.lastSeen} /></span> : <><span>{countWords(incident.count)} times</span><span>first <Time at={incident.firstSeen} /></span><span>last <Time at={incident.lastSeen} /></span></>}
        <span>{incident.kind === 'verdict' ? <>by policy {incident.source === 'baseline' ? <Link to="/baselines">the baseline</Link> : <Link to={pathOf('/policies/:name', { name: incident.source })}>{incident.source}</Link>}</> : <>by rule <Link to={hrefOf('/noise', { rule: incident.source })}>{incident.source}</Link></>}</span>
      </p>
      <NextAction><p className="strong">{incident.nextAction}</p><IncidentActions incident={incident} more={mayRespond ? <RespondButton trigger="incident" event={incident.id} /> : null} /><ResponsesOf trigger="incident" event={incident.id} /></NextAction>
    </header>
  );
}

function Where({ incident }: { readonly incident: IncidentDetailView }): ReactNode {
  const host = <Link to={hrefOf('/live', { node: incident.node })}>{incident.hostname}</Link>;
  if (incident.containerId === null) return <span>on host {host}</span>;
  return <span>in container <Link to={hrefOf('/live', { open: incident.containerId, ended: 'include' })}><ContainerText workload={incident.workload} name={incident.containerName} id={incident.containerId} /></Link> on {host}{incident.containers > 1 ? ` and in ${plural(incident.containers - 1, 'other container')} of this workload` : ''}</span>;
}

/** The title is of the first event; the summary is of the newest, which may be about another program. */
function Why({ incident }: { readonly incident: IncidentDetailView }): ReactNode {
  return (
    <>
      <p>{incident.count === 1 ? incident.summary : <>{countWords(incident.count)} times. The last: {incident.summary}</>}</p>
      <p className="quiet">{outcomeSentences[incident.outcome]}</p>
    </>
  );
}

const eventsShown = 5;

function Events({ events, chosen, eventTo }: { readonly events: readonly FindingEventView[]; readonly chosen: string | undefined; readonly eventTo: (event: string | undefined) => string }): ReactNode {
  const [all, setAll] = useState(false);
  const chosenAt = events.findIndex((event) => event.id === chosen);
  const shown = all || chosenAt >= eventsShown ? events : events.slice(0, eventsShown);
  return (
    <div>
      {shown.map((event) => (
        <Link key={event.id} to={eventTo(event.id === chosen ? undefined : event.id)} replace className="event" data-testid="event" data-key={event.id} {...(event.id === chosen ? { 'aria-current': 'true' as const } : {})}>
          <span><Time at={event.at} /></span><OutcomeMark outcome={event.outcome} /><span className="event-output mono">{event.count === 1 ? null : <b>{countWords(event.count)} times: </b>}{visible(event.output)}</span>
        </Link>
      ))}
      {shown.length === events.length ? null : <button type="button" className="button is-bare events-more" onClick={() => setAll(true)}>Show {events.length - shown.length} more</button>}
    </div>
  );
}

function EventFields({ event }: { readonly event: FindingEventView }): ReactNode {
  const names = fieldsInOrder(Object.keys(event.fields));
  return (
    <div className="stack" data-testid="event-fields">
      <Fields items={[
        ['Event', <Code key="id" text={event.id} what="event id" max={48} />],
        ['Seen', <span key="at"><span className="mono">{absoluteTime(event.at, 'UTC')}</span> UTC<span className="quiet">, <Time at={event.at} />; at the hub {gapWords(Date.parse(event.receivedAt) - Date.parse(event.at))}</span></span>],
        event.count === 1 ? null : ['Alike', <span key="alike">{countWords(event.count)} counted as one, of which this is the first{event.lastAt === null ? '' : <>, the last <Time at={event.lastAt} /></>}</span>],
        event.varied.length === 0 ? null : ['Not the same in all', event.varied.join(', ')],
        event.mode === null ? null : ['Policy was', `${modeWords[event.mode]}${event.generation === null ? '' : `, generation ${event.generation}`}`],
        event.identityPending ? ['Identity', 'pending: the container was not yet known when this was decided'] : null,
        ...names.map(({ name, label }): readonly [string, ReactNode] => {
          const value = event.fields[name] ?? null;
          return [label, value === null ? <Tip key={name} content="This event has no such value, or the sensor could not read it."><span className="faint">none</span></Tip> : <Code key={name} text={value} what={name} max={160} />];
        }),
      ]} />
    </div>
  );
}

function cameIn({ events }: IncidentDetailView): string | null {
  return usersWords(events[0]?.tree.at(-1)?.kubernetesUsers);
}

function WhereFields({ incident }: { readonly incident: IncidentDetailView }): ReactNode {
  return (
    <Fields items={[
      ['Host', <Link key="host" to={hrefOf('/live', { node: incident.node })}>{incident.hostname}</Link>],
      ['Container', incident.containerId === null ? 'none: it ran on the host itself' : <span key="container" className="row-flow"><Link to={hrefOf('/live', { open: incident.containerId, ended: 'include' })}><ContainerText workload={incident.workload} name={incident.containerName} id={incident.containerId} /></Link><CopyButton text={incident.containerId} what="container id" /></span>],
      cameIn(incident) === null ? null : ['Came in by exec', <span key="users" className="strong" data-testid="kubernetes-user">{visible(cameIn(incident) ?? '')}</span>],
      ['Workload', incident.workload ?? <span key="workload" className="faint">none</span>],
      ['Image', incident.image === null ? <span key="image" className="faint">not known</span> : <span key="image" className="row-flow"><ImageText image={incident.image} whole /><CopyButton text={incident.image} what="image" /></span>],
      ['Digest', incident.platformDigest === null ? <span key="digest" className="faint">not known</span> : <Digest key="digest" digest={incident.platformDigest} />],
      ['ATT&CK', incident.attack.length === 0 ? <span key="attack" className="faint">none named</span> : <span key="attack" className="wrap-flow">{incident.attack.map((technique) => <Link key={technique} to={hrefOf('/incidents', { q: technique, state: 'all' })}>{technique}</Link>)}</span>],
      ['Incident', <Code key="id" text={incident.id} what="incident id" />],
    ]} />
  );
}

function History({ incident }: { readonly incident: IncidentDetailView }): ReactNode {
  if (incident.history.length === 0) return <p className="quiet">Nothing has been done with it yet.</p>;
  return <ol className="history">{incident.history.map((step) => <li key={`${step.at}${step.change}`}><Time at={step.at} /><span><span className="strong">{step.actor}</span> {step.change}</span></li>)}</ol>;
}
