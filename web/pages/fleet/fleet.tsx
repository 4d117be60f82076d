/** Fleet: the sensors, what each sees and has lost, what needs a person, and how to add a host. */
import { useMemo, type ReactNode } from 'react';
import type { SensorView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, wholeList } from '../../data.ts';
import { FilterBar, FilterText, Choices } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { CoverageScale, FillBar } from '../../parts/meters.tsx';
import { Bone, Empty, Page, SidePanel } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useMay, useSeesHosts } from '../../session.tsx';
import { hooksMissing, lostRecords, mechanismWords, sensorNeeds } from '../../view/fleet.ts';
import { bytesWords, countWords, percentWords, plural, shortCount } from '../../view/numbers.ts';
import { oneOf, pathOf, text } from '../../view/url.ts';
import { AddHost } from './add-host.tsx';
import { SensorDetail } from './detail.tsx';
import './fleet.css';

const filters = { q: text(200), show: oneOf(['needs'], undefined), open: text(100), add: oneOf(['host'], undefined) };
const sensorKey = (row: SensorView): string => row.id;

export function FleetPage(): ReactNode {
  return useSeesHosts() ? <Fleet /> : <NoHosts />;
}

function NoHosts(): ReactNode {
  return (
    <Page title="Fleet" sentence="Your role reaches namespaces, not hosts.">
      <Empty title="Hosts and sensors belong to clusters as a whole" action={<Link to="/coverage" className="button is-main">What is not seen, and why</Link>}>
        <p>Whether the hosts under your pods are seen stands on the coverage page. For more, ask an administrator for a role in the whole cluster.</p>
      </Empty>
    </Page>
  );
}

function Fleet(): ReactNode {
  const query = useApi('listSensors', {});
  const now = useNow();
  const [{ q, show, open, add }, set, link] = useFilters(filters);
  const may = useMay('fleet');
  const sensors = query.data?.items;
  const rows = useMemo(() => sensors?.filter((sensor) => (q === undefined || `${sensor.hostname} ${sensor.clusterName} ${sensor.kernel} ${sensor.distribution}`.toLowerCase().includes(q.toLowerCase())) && (show === undefined || sensorNeeds(sensor, now).length > 0)), [sensors, q, show, now]);
  const linkOf = (row: SensorView): string => link({ open: row.id });
  const columns = useMemo(() => sensorColumns(linkOf, now), [link, now]);
  const addButton = may ? <Link to={link({ add: 'host' })} className="button is-main" data-testid="add-host"><Icon name="plus" size={14} />Add a host</Link> : null;
  const panel = open === undefined ? null : (
    <SidePanel kind="Sensor" icon="fleet" label={sensors?.find((one) => one.id === open)?.hostname ?? open} closeTo={link({ open: undefined })} fullTo={pathOf('/fleet/:id', { id: open })} wide>
      <SensorDetail id={open} afterRemoval="/fleet" />
    </SidePanel>
  );
  return (
    <Page title="Fleet" sentence={<Sentence sensors={sensors} now={now} />} panel={panel} actions={addButton} note="Each sensor says what it sees, what it cannot see and why, and what it has lost.">
      <FilterBar>
        <FilterText label="Host, cluster or kernel" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="Which sensors" options={[{ id: 'all', label: 'All', to: link({ show: undefined }), chosen: show === undefined }, { id: 'needs', label: 'Needing attention', to: link({ show: 'needs' }), chosen: show === 'needs' }]} />
      </FilterBar>
      <Table label="Sensors" kind="sensor" noun={['sensor', 'sensors']} list={wholeList(rows, query)} columns={columns} keyOf={sensorKey} linkOf={linkOf} openKey={open} skeletonRows={6} empty={<NoSensors any={(sensors?.length ?? 0) > 0} addButton={addButton} />} />
      {add === 'host' ? <AddHost onClose={() => set({ add: undefined }, { replace: true })} /> : null}
    </Page>
  );
}

function Sentence({ sensors, now }: { readonly sensors: readonly SensorView[] | undefined; readonly now: number }): ReactNode {
  if (sensors === undefined) return <Bone width={400} height={18} />;
  if (sensors.length === 0) return <>No sensor has joined yet.</>;
  const connected = sensors.filter((sensor) => sensor.connected).length;
  const needing = sensors.filter((sensor) => sensorNeeds(sensor, now).length > 0).length;
  return <><b>{connected} of {plural(sensors.length, 'sensor')}</b> connected{needing === 0 ? ', none needs attention.' : <>; <b>{needing}</b> {needing === 1 ? 'needs' : 'need'} attention.</>}</>;
}

function sensorColumns(linkOf: (row: SensorView) => string, now: number): readonly Column<SensorView>[] {
  return [
    { id: 'host', head: 'Host', minPx: 150, grow: 3, keep: 10, cell: (row) => <><Icon name="host" size={14} /><Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut">{row.hostname}</Link></> },
    { id: 'state', head: 'State', minPx: 138, grow: 1, keep: 9, cell: (row) => <State sensor={row} now={now} /> },
    { id: 'coverage', head: 'Sees', minPx: 132, grow: 0, keep: 8, cell: (row) => <><CoverageScale percent={row.coveragePercent} ticks={16} height={10} /><span>{percentWords(row.coveragePercent)}</span></> },
    { id: 'hooks', head: 'Hooks missing', minPx: 96, grow: 0, keep: 4, end: true, cell: (row) => <Number count={hooksMissing(row)} /> },
    { id: 'lost', head: 'Lost', minPx: 72, grow: 0, keep: 7, end: true, cell: (row) => <Number count={lostRecords(row)} /> },
    { id: 'ring', head: 'Ring, fullest', minPx: 96, grow: 0, keep: 5, cell: (row) => <FillBar value={row.ringFillBytesMax} max={row.ringBytes} label={`Ring: at most ${bytesWords(row.ringFillBytesMax)} of ${bytesWords(row.ringBytes)}`} /> },
    { id: 'enforcement', head: 'Enforces by', minPx: 130, grow: 3, keep: 6, cell: (row) => <Tip content={row.enforcement.reason ?? mechanismWords(row.enforcement.mechanism)}><span className={`cut ${row.enforcement.mechanism === 'none' ? 'strong' : ''}`}>{mechanismWords(row.enforcement.mechanism)}</span></Tip> },
    { id: 'kernel', head: 'Kernel', minPx: 110, grow: 2, keep: 2, cell: (row) => <span className="cut quiet">{row.kernel}</span> },
    { id: 'cluster', head: 'Cluster', minPx: 80, grow: 1, keep: 1, cell: (row) => <span className="cut quiet">{row.clusterName}</span> },
    { id: 'seen', head: 'Last seen', minPx: 88, grow: 0, keep: 3, end: true, cell: (row) => <Time at={row.lastSeenAt} /> },
  ];
}

function State({ sensor, now }: { readonly sensor: SensorView; readonly now: number }): ReactNode {
  const needs = sensorNeeds(sensor, now);
  if (needs.length === 0) return <span className="quiet">connected</span>;
  return <Tip content={<span className="tip-lines">{needs.map((need) => <span key={need}>{need}</span>)}</span>}><span className="sensor-state strong"><Icon name="incidents" size={14} />{sensor.connected ? plural(needs.length, 'thing') : 'not connected'}</span></Tip>;
}

function Number({ count }: { readonly count: number }): ReactNode {
  return count === 0 ? <span className="faint">0</span> : <span className="strong" title={countWords(count)}>{shortCount(count)}</span>;
}

function NoSensors({ any, addButton }: { readonly any: boolean; readonly addButton: ReactNode }): ReactNode {
  if (any) return <Empty title="No sensor matches" action={<Link to="/fleet" className="button">Clear the filters</Link>}><p>Others exist; the filters above hide them.</p></Empty>;
  return (
    <Empty title="No sensor has joined yet" action={addButton}>
      <p>A sensor watches one host: every process, what it loads and where its files came from. Nothing is seen before the first one joins.</p>
      <p>Joining takes one command on the host and about a minute. It needs root, Linux 5.8 or later with BTF, and a way to this hub.</p>
    </Empty>
  );
}
