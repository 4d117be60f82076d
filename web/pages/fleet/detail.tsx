/**
 * One sensor: what needs a person, what it sees and misses hook by hook, what it lost and why, how it enforces, and
 * how it is doing. Used beside the list and as a page of its own.
 */
import { useState, type ReactNode } from 'react';
import type { SensorView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { CoverageScale, FillBar } from '../../parts/meters.tsx';
import { Bone, BoneLines, Section } from '../../parts/page.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Code, Fields, Time } from '../../parts/text.tsx';
import { go, Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { hookRows, hooksMissing, lossRows, lostRecords, mechanismWords, sensorNeeds, skewWords } from '../../view/fleet.ts';
import { bytesWords, countWords, percentWords, plural } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import './fleet.css';

/** `titled`: the page around it already says what it is. */
export function SensorDetail({ id, afterRemoval, titled = false }: { readonly id: string; readonly afterRemoval: string; readonly titled?: boolean }): ReactNode {
  const { data, error, refetch } = useApi('getSensor', { params: { id } });
  if (data !== undefined) return <Loaded sensor={data} afterRemoval={afterRemoval} titled={titled} />;
  if (error !== null) return <ProblemBox error={error} again={() => void refetch()} />;
  return <div className="stack"><Bone width="50%" height={18} /><BoneLines count={10} /></div>;
}

function Loaded({ sensor, afterRemoval, titled }: { readonly sensor: SensorView; readonly afterRemoval: string; readonly titled: boolean }): ReactNode {
  const needs = sensorNeeds(sensor, useNow());
  return (
    <article data-testid="sensor" data-key={sensor.id}>
      <header className="stack">
        {titled ? null : <h2 className="panel-title">{sensor.hostname}</h2>}
        <p className="wrap-flow quiet"><span>{sensor.connected ? 'connected' : 'not connected'}, last seen <Time at={sensor.lastSeenAt} /></span><span>{sensor.distribution === '' ? '' : `${sensor.distribution}, `}kernel {sensor.kernel}</span><Link to={hrefOf('/live', { node: sensor.node })}>what runs there</Link></p>
        <div className="sensor-coverage"><CoverageScale percent={sensor.coveragePercent} ticks={50} height={16} /><span><span className="strong">{percentWords(sensor.coveragePercent)}</span> of what its hooks can see</span></div>
      </header>
      {needs.length === 0 ? null : <Section title="Needs attention" id="sensor-needs"><ul className="plain-list">{needs.map((need) => <li key={need}>{need}</li>)}</ul></Section>}
      <Section title="Sees" aside={sensor.hooks.length === 0 ? undefined : hooksMissing(sensor) === 0 ? `all ${plural(sensor.hooks.length, 'hook')} attached` : `${hooksMissing(sensor)} of ${plural(sensor.hooks.length, 'hook')} not attached`} id="sensor-hooks"><Hooks sensor={sensor} /></Section>
      <Section title="Lost" aside="since the sensor was started"><Losses sensor={sensor} /></Section>
      <Section title="Enforces"><p><span className="strong">{mechanismWords(sensor.enforcement.mechanism)}</span></p>{sensor.enforcement.reason === null ? null : <p className="quiet">{sensor.enforcement.reason}</p>}</Section>
      <Section title="Condition"><Condition sensor={sensor} /></Section>
      <Remove sensor={sensor} afterRemoval={afterRemoval} />
    </article>
  );
}

function Hooks({ sensor }: { readonly sensor: SensorView }): ReactNode {
  if (sensor.hooks.length === 0) return <p className="quiet">It has not reported its hooks yet.</p>;
  return (
    <table className="plain-table hooks">
      <thead><tr><th>Event class</th><th>Hook</th><th>What it misses</th></tr></thead>
      <tbody>
        {hookRows(sensor.hooks).map((hook) => (
          <tr key={`${hook.eventClass}${hook.hooks.join()}`} data-attached={hook.attached}>
            <td><span className="hook-class nowrap">{hook.attached ? <Icon name="check" size={12} /> : <span className="hatched hook-off" aria-hidden="true" />}<span className={hook.attached ? '' : 'strong'}>{hook.eventClass}</span></span></td>
            <td className="mono quiet">{hook.hooks.map((name) => <span key={name} className="hook-name">{name}</span>)}</td>
            <td>{hook.attached ? hook.misses ?? <span className="faint">nothing known</span> : <span><span className="strong">Not attached</span>{hook.reason === null ? '' : `: ${hook.reason}`}{hook.misses === null ? '' : `. ${hook.misses}`}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Losses({ sensor }: { readonly sensor: SensorView }): ReactNode {
  if (sensor.reportedAt === null) return <p className="quiet">Not known: it has not reported yet.</p>;
  const rows = lossRows(sensor.losses);
  const seen = countWords(sensor.eventsSeen);
  if (rows.length === 0) return <p>No record was lost, of {seen} events seen.</p>;
  return (
    <>
      <p>{plural(lostRecords(sensor), 'record')} lost, beside {seen} events seen.</p>
      <table className="plain-table losses">
        <thead><tr><th>Event class</th><th>Lost</th><th>Why</th></tr></thead>
        <tbody>{rows.map((row) => <tr key={row.eventClass}><td>{row.eventClass}</td><td className="number strong">{countWords(row.count)}</td><td>{row.causes.map((cause) => `${countWords(cause.count)} ${cause.cause}`).join(', ')}</td></tr>)}</tbody>
      </table>
    </>
  );
}

function Condition({ sensor }: { readonly sensor: SensorView }): ReactNode {
  return <Fields items={[...(sensor.reportedAt === null ? [] : reportedFields(sensor)), ...knownFields(sensor)]} />;
}

type Field = readonly [string, ReactNode];

/** What only a report says; before the first one these would be zeros that mean nothing. */
function reportedFields(sensor: SensorView): readonly Field[] {
  return [
    ['Policies', sensor.policyGeneration === null ? 'none taken over yet' : `generation ${sensor.policyGeneration}`],
    ['Rules', `${countWords(sensor.rulesActive)} active`],
    ['Ring, fullest', <span key="ring" className="row-flow"><FillBar value={sensor.ringFillBytesMax} max={sensor.ringBytes} label="Ring fill" />{bytesWords(sensor.ringFillBytesMax)} of {bytesWords(sensor.ringBytes)}<span className="quiet">the mark is where the kernel part starts to refuse</span></span>],
    ['Processes known', <span key="processes" className="row-flow"><FillBar value={sensor.processesKnown} max={sensor.processesKnownMax} label="Process table fill" />{countWords(sensor.processesKnown)} of {countWords(sensor.processesKnownMax)}</span>],
    ['Waiting to be sent', sensor.spoolBytes === 0 ? 'nothing' : bytesWords(sensor.spoolBytes)],
    ['Batches dropped', sensor.telemetryBatchesDropped === 0 ? 'none' : `${countWords(sensor.telemetryBatchesDropped)} of telemetry, while the spool was full`],
    ['Commands refused', sensor.commandsRefused === 0 ? 'none' : countWords(sensor.commandsRefused)],
    ['Memory', bytesWords(sensor.rssBytes)],
    ['Watches', sensor.scopeCgroup === null ? 'the whole host' : <Code key="scope" text={sensor.scopeCgroup} what="cgroup" max={80} />],
  ];
}

function knownFields(sensor: SensorView): readonly Field[] {
  return [
    ['Clock', skewWords(sensor.clockSkewMs)],
    ['Certificate', <span key="certificate">ends <Time at={sensor.certificateExpiresAt} />, renews itself</span>],
    ['Reported', <Time key="reported" at={sensor.reportedAt} absent="not yet" />],
    ['Joined', <span key="joined"><Time at={sensor.joinedAt} /> to {sensor.clusterName}</span>],
    ['Version', sensor.version],
    ['Sensor id', <Code key="id" text={sensor.id} what="sensor id" max={40} />],
    ['Node id', <Code key="node" text={sensor.node} what="node id" max={40} />],
  ];
}

function Remove({ sensor, afterRemoval }: { readonly sensor: SensorView; readonly afterRemoval: string }): ReactNode {
  const may = useMay('fleet', { cluster: sensor.cluster, namespace: null });
  const [asking, setAsking] = useState(false);
  const remove = useChange('removeSensor', ['listSensors', 'coverage', 'risk', 'listNodes']);
  if (!may) return null;
  return (
    <div className="sensor-remove">
      <button type="button" className="button" onClick={() => setAsking(true)} data-testid="remove-sensor"><Icon name="bin" size={14} />Remove this sensor</button>
      {asking ? (
        <Dialog title={`Remove ${sensor.hostname}?`} onClose={() => setAsking(false)}>
          <p>Its certificate is refused from now on, and {sensor.hostname} is no longer counted in the coverage. Policies stop acting there when the sensor is stopped.</p>
          <p className="quiet">To undo: add the host again; it joins as a new sensor. What was seen until now is kept.</p>
          <FormProblem error={remove.error} />
          <DialogActions>
            <button type="button" className="button" onClick={() => setAsking(false)}>Keep it</button>
            <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { id: sensor.id } }, { onSuccess: () => go(afterRemoval) })}>Remove {sensor.hostname}</button>
          </DialogActions>
        </Dialog>
      ) : null}
    </div>
  );
}
