/**
 * Fleet by clusters: how each is reached and what is not seen of it; below, every sensor with what it sees and has lost,
 * and every node that has none. Clusters and hosts are added here.
 */
import { useMemo, type ReactNode } from 'react';
import type { ClusterView } from '@vedette/model/api/cluster-views';
import type { NodeView, SensorView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, wholeList } from '../../data.ts';
import { FilterBar, FilterText, Chips, Choices } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { CoverageScale, FillBar } from '../../parts/meters.tsx';
import { Bone, BoneLines, Empty, Page, SidePanel } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useMay, useSeesHosts } from '../../session.tsx';
import { clusterNeeds } from '../../view/clusters.ts';
import { hooksMissing, lostRecords, mechanismWords, sensorNeeds } from '../../view/fleet.ts';
import { bytesWords, countWords, percentWords, plural, shortCount } from '../../view/numbers.ts';
import { oneOf, pathOf, text } from '../../view/url.ts';
import { AddCluster } from './add-cluster.tsx';
import { AddHost } from './add-host.tsx';
import { ClusterCards } from './clusters.tsx';
import { SensorDetail } from './detail.tsx';
import { UnwatchedNode } from './unwatched.tsx';
import './fleet.css';

const filters = { q: text(200), cluster: text(100), show: oneOf(['needs'], undefined), open: text(300), add: oneOf(['host', 'cluster'], undefined) };

const note = 'Each sensor says what it sees, what it cannot see and why, and what it has lost.';

/** A sensor, or a node without one. */
type Row = { readonly id: string; readonly hostname: string; readonly cluster: string; readonly clusterName: string; readonly kernel: string; readonly distribution: string; readonly sensor: SensorView | null; readonly node: NodeView | null };
const rowKey = (row: Row): string => row.id;

function rowsOf(sensors: readonly SensorView[] | undefined, nodes: readonly NodeView[] | undefined): readonly Row[] | undefined {
  if (sensors === undefined || nodes === undefined) return undefined;
  const common = ({ id, hostname, cluster, clusterName, kernel, distribution }: SensorView | NodeView): Omit<Row, 'sensor' | 'node'> => ({ id, hostname, cluster, clusterName, kernel, distribution });
  return [...nodes.map((node) => ({ ...common(node), sensor: null, node })), ...sensors.map((sensor) => ({ ...common(sensor), sensor, node: null }))];
}

function needsOf(row: Row, now: number): readonly string[] {
  return row.sensor === null ? ['No sensor runs on this node: what happens there is not seen.'] : sensorNeeds(row.sensor, now);
}

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
  const unwatched = useApi('listNodes', { query: { sensor: 'without', limit: 200 } });
  const { data: listed, error: clustersFailure } = useApi('listClusters', {});
  const clusters = listed?.items;
  const now = useNow();
  const [{ q, cluster, show, open, add }, set, link] = useFilters(filters);
  const may = useMay('fleet');
  const [sensors, nodes] = [query.data?.items, unwatched.data?.items];
  const all = useMemo(() => rowsOf(sensors, nodes), [sensors, nodes]);
  const rows = useMemo(() => all?.filter((row) => (cluster === undefined || row.cluster === cluster) && (q === undefined || `${row.hostname} ${row.clusterName} ${row.kernel} ${row.distribution}`.toLowerCase().includes(q.toLowerCase())) && (show === undefined || needsOf(row, now).length > 0)), [all, cluster, q, show, now]);
  const linkOf = (row: Row): string => link({ open: row.id });
  const columns = useMemo(() => sensorColumns(linkOf, now), [link, now]);
  const addButtons = may ? <><Link to={link({ add: 'cluster' })} className="button" data-testid="add-cluster"><Icon name="plus" size={14} />Add a cluster</Link><Link to={link({ add: 'host' })} className="button is-main" data-testid="add-host"><Icon name="plus" size={14} />Add a host</Link></> : null;
  const opened = all?.find((one) => one.id === open);
  const panel = open === undefined ? null : opened?.node !== undefined && opened.node !== null ? (
    <SidePanel kind="Node" icon="host" label={opened.hostname} closeTo={link({ open: undefined })} wide><UnwatchedNode node={opened.node} /></SidePanel>
  ) : (
    <SidePanel kind="Sensor" icon="fleet" label={opened?.hostname ?? open} closeTo={link({ open: undefined })} fullTo={pathOf('/fleet/:id', { id: open })} wide>
      {all === undefined ? <BoneLines count={10} /> : <SensorDetail id={open} afterRemoval="/fleet" />}
    </SidePanel>
  );
  const chosen = clusters?.find((one) => one.id === cluster);
  const unlisted = (unwatched.data?.total ?? 0) - (nodes?.length ?? 0);
  // What stands above decides where the table begins: nothing is painted that would be pushed down.
  if (clusters === undefined) return <Page title="Fleet" sentence={<Bone width={400} height={18} />} actions={addButtons} note={note}>{clustersFailure === null ? <BoneLines count={10} /> : <ProblemBox error={clustersFailure} />}</Page>;
  const close = (): void => set({ add: undefined }, { replace: true });
  return (
    <Page title="Fleet" sentence={<Sentence sensors={sensors} clusters={clusters} now={now} />} panel={panel} actions={addButtons} note={note}>
      {isWorthCards(clusters) ? <ClusterCards clusters={clusters} chosen={cluster} narrowTo={(id) => link({ cluster: id, open: undefined })} /> : null}
      <FilterBar>
        <FilterText label="Host, cluster or kernel" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="Which sensors" options={[{ id: 'all', label: 'All', to: link({ show: undefined }), chosen: show === undefined }, { id: 'needs', label: 'Needing attention', to: link({ show: 'needs' }), chosen: show === 'needs' }]} />
        <Chips chips={cluster === undefined ? [] : [{ id: 'cluster', name: 'cluster', value: chosen?.name ?? cluster, withoutTo: link({ cluster: undefined }) }]} clearTo={link({ cluster: undefined })} />
      </FilterBar>
      <Table label="Sensors and nodes without one" kind="sensor" noun={['host', 'hosts']} list={wholeList(rows, query)} columns={columns} keyOf={rowKey} linkOf={linkOf} openKey={open} skeletonRows={6} empty={<NoSensors any={(all?.length ?? 0) > 0} addButtons={addButtons} />} />
      {unlisted > 0 ? <p className="quiet">{unlisted} more nodes without sensor are not listed here; the page of their cluster lists them all.</p> : null}
      {add === 'host' ? <AddHost onClose={close} /> : null}
      {add === 'cluster' ? <AddCluster onClose={close} /> : null}
    </Page>
  );
}

/** One group of plain hosts needs no card: the table says all of it. */
function isWorthCards(clusters: readonly ClusterView[]): boolean {
  return clusters.length > 1 || clusters.some((cluster) => cluster.kind === 'kubernetes');
}

function Sentence({ sensors, clusters, now }: { readonly sensors: readonly SensorView[] | undefined; readonly clusters: readonly ClusterView[] | undefined; readonly now: number }): ReactNode {
  if (sensors === undefined || clusters === undefined) return <Bone width={400} height={18} />;
  const needy = clusters.filter((cluster) => clusterNeeds(cluster, now).length > 0).length;
  const kubernetes = clusters.filter((cluster) => cluster.kind === 'kubernetes').length;
  const ofClusters = needy === 0 ? null : <> <b>{needy === kubernetes ? (needy === 1 ? 'Its cluster' : `All ${needy} clusters`) : `${needy} of ${plural(kubernetes, 'cluster')}`}</b> {needy === 1 ? 'needs' : 'need'} attention.</>;
  if (sensors.length === 0) return <>No sensor has joined yet.{ofClusters}</>;
  const connected = sensors.filter((sensor) => sensor.connected).length;
  const needing = sensors.filter((sensor) => sensorNeeds(sensor, now).length > 0).length;
  return <><b>{connected} of {plural(sensors.length, 'sensor')}</b> connected{needing === 0 ? ', none needs attention.' : <>; <b>{needing}</b> {needing === 1 ? 'needs' : 'need'} attention.</>}{ofClusters}</>;
}

/** Of a node without sensor nothing is known that a sensor would say. */
function ofSensor(cell: (sensor: SensorView) => ReactNode): (row: Row) => ReactNode {
  return (row) => (row.sensor === null ? <span className="faint">–</span> : cell(row.sensor));
}

function sensorColumns(linkOf: (row: Row) => string, now: number): readonly Column<Row>[] {
  return [
    { id: 'host', head: 'Host', minPx: 150, grow: 3, keep: 10, cell: (row) => <><Icon name="host" size={14} /><Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut">{row.hostname}</Link></> },
    { id: 'state', head: 'State', minPx: 138, grow: 1, keep: 9, cell: (row) => (row.sensor === null ? <Tip content={needsOf(row, now)[0]}><span className="hatched unknown-mark">no sensor</span></Tip> : <State sensor={row.sensor} now={now} />) },
    { id: 'coverage', head: 'Sees', minPx: 132, grow: 0, keep: 8, cell: (row) => <><CoverageScale percent={row.sensor?.coveragePercent ?? 0} ticks={16} height={10} /><span>{percentWords(row.sensor?.coveragePercent ?? 0)}</span></> },
    { id: 'hooks', head: 'Hooks missing', minPx: 96, grow: 0, keep: 4, end: true, cell: ofSensor((sensor) => <Number count={hooksMissing(sensor)} />) },
    { id: 'lost', head: 'Lost', minPx: 72, grow: 0, keep: 7, end: true, cell: ofSensor((sensor) => <Number count={lostRecords(sensor)} />) },
    { id: 'ring', head: 'Ring, fullest', minPx: 96, grow: 0, keep: 5, cell: ofSensor((sensor) => <FillBar value={sensor.ringFillBytesMax} max={sensor.ringBytes} label={`Ring: at most ${bytesWords(sensor.ringFillBytesMax)} of ${bytesWords(sensor.ringBytes)}`} />) },
    { id: 'enforcement', head: 'Enforces by', minPx: 130, grow: 3, keep: 6, cell: ofSensor((sensor) => <Tip content={sensor.enforcement.reason ?? mechanismWords(sensor.enforcement.mechanism)}><span className={`cut ${sensor.enforcement.mechanism === 'none' ? 'strong' : ''}`}>{mechanismWords(sensor.enforcement.mechanism)}</span></Tip>) },
    { id: 'kernel', head: 'Kernel', minPx: 110, grow: 2, keep: 2, cell: (row) => <span className="cut quiet">{row.kernel}</span> },
    { id: 'cluster', head: 'Cluster', minPx: 80, grow: 1, keep: 1, cell: (row) => <span className="cut quiet">{row.clusterName}</span> },
    { id: 'seen', head: 'Last seen', minPx: 88, grow: 0, keep: 3, end: true, cell: (row) => <Time at={row.sensor?.lastSeenAt ?? null} /> },
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

function NoSensors({ any, addButtons }: { readonly any: boolean; readonly addButtons: ReactNode }): ReactNode {
  if (any) return <Empty title="No host matches" action={<Link to="/fleet" className="button">Clear the filters</Link>}><p>Others exist; the filters above hide them.</p></Empty>;
  return (
    <Empty title="No sensor has joined yet" action={<span className="wrap-flow">{addButtons}</span>}>
      <p>A sensor watches one host: every process, what it loads and where its files came from. Nothing is seen before the first one joins. In Kubernetes the chart brings one to every node.</p>
      <p>Joining takes one command on the host and about a minute. It needs root, Linux 5.8 or later with BTF, and a way to this hub.</p>
    </Empty>
  );
}
