/** The coverage page below its gaps: each class of events, whose records were lost, rules, tables with their bounds, feeds, and what waits for an identity. */
import type { ReactNode } from 'react';
import type { CoverageDetailView } from '@vedette/model/api/views';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { FillBar } from '../../parts/meters.tsx';
import { BoneLines, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Code, Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { attachedWords, boundWords, canaryWords, causeWords, classOrder, fillOf, reachWords } from '../../view/coverage.ts';
import { bytesWords, countWords, plural } from '../../view/numbers.ts';
import { ageWords } from '../../view/time.ts';
import { hrefOf } from '../../view/url.ts';

type Detail = CoverageDetailView;

export function CoverageDetails(): ReactNode {
  const { data, error, refetch } = useApi('coverageDetail', {});
  if (data === undefined) return error === null ? <BoneLines count={12} /> : <ProblemBox error={error} again={() => void refetch()} />;
  return (
    <>
      <Classes detail={data} />
      <Owners owners={data.owners} />
      <Rules rules={data.rules} />
      <Pending pending={data.pending} />
      <Tables tables={data.tables} />
      <Feeds feeds={data.feeds} />
    </>
  );
}

function canariesAside({ sensors, alarms, oldestAt }: Detail['canaries']): ReactNode {
  if (sensors === 0) return 'no sensor does canaries';
  return <>{alarms === 0 ? 'every canary arrives' : <span className="strong">{plural(alarms, 'alarm')} of canaries</span>}, last round <Time at={oldestAt} absent="not yet" /></>;
}

function Classes({ detail }: { readonly detail: Detail }): ReactNode {
  if (detail.classes.length === 0) return null;
  return (
    <Section title="Classes of events" aside={canariesAside(detail.canaries)} id="classes">
      <p className="quiet">Every few minutes each sensor does one harmless act of each class. What does not come back through the kernel, the sensor and the link in its time is an alarm. What a hook misses by its nature lies outside of the percentage: nothing counts what nobody sees.</p>
      <table className="plain-table coverage-classes">
        <thead><tr><th>Class</th><th>Hook</th><th>What it misses</th><th className="number">Lost</th><th>Canary</th></tr></thead>
        <tbody>{classOrder(detail.classes).map((row) => <ClassRow key={row.eventClass} row={row} />)}</tbody>
      </table>
    </Section>
  );
}

function ClassRow({ row }: { readonly row: Detail['classes'][number] }): ReactNode {
  const whole = row.attached === row.sensors;
  const lost = row.losses.reduce((sum, one) => sum + one.count, 0);
  return (
    <tr data-testid="class-row" data-class={row.eventClass}>
      <td><span className="hook-class nowrap">{whole ? <Icon name="check" size={12} /> : <span className="hatched hook-off" aria-hidden="true" />}<span className={whole ? '' : 'strong'}>{row.eventClass}</span></span></td>
      <td><span className="mono quiet">{row.hooks.join(', ')}</span>{whole && row.sensors === 1 ? null : <div className={whole ? 'quiet' : 'strong'}>{attachedWords(row)}</div>}{row.reasons.map((reason) => <div key={reason} className="quiet">{reason}</div>)}</td>
      <td>{row.misses.length === 0 ? <span className="faint">nothing known</span> : row.misses.join('; ')}</td>
      <td className="number">{lost === 0 ? <span className="faint">none</span> : <><span className="strong">{countWords(lost)}</span>{row.losses.map((one) => <div key={one.cause} className="quiet">{row.losses.length === 1 ? '' : `${countWords(one.count)} `}{causeWords(one.cause)}</div>)}</>}</td>
      <td><Canary row={row} /></td>
    </tr>
  );
}

function Canary({ row }: { readonly row: Detail['classes'][number] }): ReactNode {
  const { tone, words } = canaryWords(row.canaries);
  if (tone === 'none') return <span className="faint">none</span>;
  return <span className={`canary is-${tone}`} data-testid="canary" data-tone={tone}>{words}{tone === 'alarm' ? <span className="quiet">, last seen <Time at={row.canarySeenAt} /></span> : null}</span>;
}

function Owners({ owners }: { readonly owners: Detail['owners'] }): ReactNode {
  return (
    <Section title="Whose records were lost" aside="since the kernel programs were loaded" id="owners">
      {owners.length === 0 ? <p className="quiet">Nobody’s.</p> : (
        <table className="plain-table">
          <thead><tr><th>Container or cgroup</th><th>Class</th><th className="number">Lost</th><th>Why</th><th>On</th></tr></thead>
          <tbody>{owners.map((one) => (
            <tr key={`${one.sensor}${one.containerId}${one.cgroupPath}${one.eventClass}${one.cause}`} data-testid="owner-row">
              <td>{one.containerId === null ? <span className="mono">{one.cgroupPath ?? <span className="faint">not known</span>}</span> : one.container ?? <Code text={one.containerId} what="container id" max={24} />}</td>
              <td>{one.eventClass}</td><td className="number strong">{countWords(one.count)}</td><td>{causeWords(one.cause)}</td>
              <td><Link to={hrefOf('/fleet', { open: one.sensor })}>{one.hostname}</Link></td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </Section>
  );
}

const rulesShown = 40;

function Rules({ rules }: { readonly rules: Detail['rules'] }): ReactNode {
  const told = rules.filter((one) => one.state !== 'note');
  return (
    <Section title="Rules that cannot do all that they say" aside={told.length === 0 ? undefined : plural(told.length, 'sentence')} id="rules">
      {told.length === 0 ? <p className="quiet">Every loaded rule can fire on every sensor, and every check of it is decided.</p> : (
        <table className="plain-table">
          <thead><tr><th>Rule</th><th>It</th><th>Why</th><th className="number">Sensors</th></tr></thead>
          <tbody>{told.slice(0, rulesShown).map((one) => <tr key={`${one.state}${one.rule}${one.reason}`} data-testid="rule-row"><td>{one.rule}</td><td className={`nowrap ${one.state === 'in-part' ? 'quiet' : 'strong'}`}>{reachWords(one.state)}</td><td>{one.reason}</td><td className="number">{countWords(one.sensors)}</td></tr>)}</tbody>
        </table>
      )}
      {told.length > rulesShown ? <p className="quiet">And {plural(told.length - rulesShown, 'more sentence')}: GET /api/v1/coverage/detail has all.</p> : null}
    </Section>
  );
}

function Pending({ pending }: { readonly pending: Detail['pending'] }): ReactNode {
  const nothing = pending.containers === 0 && pending.detections === 0;
  return (
    <Section title="Identities that are waited for" id="pending">
      <p className={nothing ? 'quiet' : ''}>{pending.containers === 0 ? 'Every container is known.' : `${plural(pending.containers, 'container')} of which the runtime has not said what ${pending.containers === 1 ? 'it is' : 'they are'}.`} {pending.detections === 0 ? 'No decision was made without an identity.' : `${plural(pending.detections, 'decision')} made before the container was known: exceptions by image or name could not be applied.`}</p>
    </Section>
  );
}

function Tables({ tables }: { readonly tables: Detail['tables'] }): ReactNode {
  if (tables.length === 0) return null;
  return (
    <Section title="Tables and their bounds" aside={boundWords(tables)} id="tables">
      <table className="plain-table coverage-tables">
        <thead><tr><th>Table</th><th>In</th><th>Filled</th><th className="number">At most</th><th>Forgotten or refused</th><th>Fullest on</th></tr></thead>
        <tbody>{tables.map((one) => <TableLine key={`${one.place}${one.name}`} table={one} />)}</tbody>
      </table>
    </Section>
  );
}

function TableLine({ table }: { readonly table: Detail['tables'][number] }): ReactNode {
  const fill = fillOf(table);
  return (
    <tr data-testid="table-row">
      <td>{table.name}</td><td className="quiet">{table.place}</td>
      <td>{fill === null ? <span className="faint">not counted</span> : <span className="row-flow"><FillBar value={fill.value} max={fill.max} label={`${table.name}, filled`} />{fill.words}</span>}</td>
      <td className="number">{bytesWords(table.bytesMax)}</td>
      <td>{table.dropped === 0 ? <span className="faint">none</span> : <span className="strong">{countWords(table.dropped)}</span>}</td>
      <td><Link to={hrefOf('/fleet', { open: table.sensor })}>{table.hostname}</Link></td>
    </tr>
  );
}

function Feeds({ feeds }: { readonly feeds: Detail['feeds'] }): ReactNode {
  return (
    <Section title="Age of the advisories" aside={<Link to="/advisories">Advisories</Link>} id="feeds">
      {feeds.length === 0 ? <p className="quiet">No feed is in the advisory store: vulnerabilities are unknown, not absent.</p> : (
        <table className="plain-table coverage-sensors"><tbody>{feeds.map((one) => <tr key={one.ecosystem}><td>{one.ecosystem}</td><td className="quiet">read {ageWords(one.ageSeconds * 1000)} ago</td><td className="quiet">newest <Time at={one.newest} absent="not known" /></td></tr>)}</tbody></table>
      )}
    </Section>
  );
}
