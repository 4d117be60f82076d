/** The two lists of the Live page: containers with what is known of each, and processes with how they were started. */
import type { ReactNode } from 'react';
import type { ContainerView } from '@vedette/model/api/views';
import { useApi, usePages, type RowOf } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { VulnerabilityCounts } from '../../parts/counts.tsx';
import { ShareBar } from '../../parts/meters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Origin } from '../../parts/marks.tsx';
import { Empty } from '../../parts/page.tsx';
import { ProcessName, UserText } from '../../parts/process.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { ContainerText, ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { countWords } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import { identityWords } from '../../view/words.ts';
import type { Link as LinkTo, LiveFilters } from './filters.ts';

const containerKey = (row: ContainerView): string => row.id;

function containerColumns(link: LinkTo, severalHosts: boolean): readonly Column<ContainerView>[] {
  const columns: Column<ContainerView>[] = [
    { id: 'name', head: 'Container', minPx: 200, grow: 6, keep: 9, cell: (row) => <><Icon name="container" size={14} /><Link to={link({ open: row.id })} tabIndex={-1} className="plain-link strong cut" title={`${row.workload} ${row.name}`}><ContainerText workload={row.workload} name={row.name} id={row.id} /></Link>{row.podSandbox ? <Tip content="It only holds the pod's namespaces; its image is the node's choice and not the workload's."><span className="faint small">sandbox</span></Tip> : null}{row.endedAt === null ? null : <span className="faint small">ended</span>}</> },
    { id: 'image', head: 'Image', minPx: 156, grow: 3, keep: 7, cell: (row) => (row.image === null ? <NoImage row={row} /> : <ImageText image={row.image} />) },
    { id: 'host', head: 'Host', minPx: 116, grow: 1, keep: 3, cell: (row) => <span className="cut quiet">{row.hostname}</span> },
    { id: 'vulnerabilities', head: 'Vulnerabilities', minPx: 192, grow: 0, keep: 6, cell: (row) => <VulnerabilityCounts column counts={row.vulnerabilities} /> },
    { id: 'packages', head: 'Packages loaded', minPx: 164, grow: 0, keep: 4, end: true, cell: (row) => <PackagesLoaded row={row} /> },
    { id: 'processes', head: 'Processes', minPx: 80, grow: 0, keep: 5, end: true, cell: (row) => countWords(row.processes) },
    { id: 'started', head: 'Started', minPx: 88, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.startedAt} /> },
  ];
  return severalHosts ? columns : columns.filter((column) => column.id !== 'host');
}

function NoImage({ row }: { readonly row: ContainerView }): ReactNode {
  return <Tip content={row.identityReason ?? 'The container runtime has not told the image yet.'}><span className="hatched unknown-mark">{identityWords[row.identity]}</span></Tip>;
}

function PackagesLoaded({ row }: { readonly row: ContainerView }): ReactNode {
  if (row.packages === null) return <span className="faint">not scanned yet</span>;
  const { packages, packagesLoaded } = row;
  return <><ShareBar share={packagesLoaded === null ? null : packagesLoaded / Math.max(1, packages)} /><span className="share-words">{packagesLoaded === null ? '?' : countWords(packagesLoaded)} <span className="faint">of {countWords(packages)}</span></span></>;
}

export function ContainerTable({ filters, link }: { readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  const query = { node: filters.node, image: filters.image, search: filters.q, ended: filters.ended ?? 'exclude', sandboxes: filters.sandboxes ?? 'exclude' };
  const list = usePages('listContainers', query);
  const filtered = filters.q !== undefined || filters.image !== undefined || filters.sandboxes === 'only';
  return (
    <Table
      key={JSON.stringify(query)} label="Containers" kind="container" noun={['container', 'containers']} list={list} columns={containerColumns(link, filters.node === undefined)} keyOf={containerKey}
      linkOf={(row) => link({ open: row.id })} openKey={filters.open}
      empty={filtered ? <NothingMatches clearTo={link({ q: undefined, image: undefined, sandboxes: undefined })} /> : <NoContainers link={link} />}
    />
  );
}

function NothingMatches({ clearTo }: { readonly clearTo: string }): ReactNode {
  return <Empty title="Nothing that runs now matches" action={<Link to={clearTo} className="button">Clear the filter</Link>}><p>The search looks at names, images, ids, paths and arguments of what runs at this moment.</p></Empty>;
}

function NothingWatched(): ReactNode {
  return (
    <Empty title="No sensor has joined yet" action={<AddHostLink />}>
      <p>Here stands everything that runs: each host, its containers, their processes, and the packages these have loaded.</p>
      <p>For that a host needs a sensor. It takes one command on the host and about a minute.</p>
    </Empty>
  );
}

function NoProcesses(): ReactNode {
  const hosts = useApi('risk', {}).data?.counts.hosts;
  if (hosts === 0) return <NothingWatched />;
  return <Empty title="No process is known here"><p>Every process that runs is listed with its arguments, its user and where its file came from. What ended is gone from this list.</p></Empty>;
}

function NoContainers({ link }: { readonly link: LinkTo }): ReactNode {
  const hosts = useApi('risk', {}).data?.counts.hosts;
  if (hosts === 0) return <NothingWatched />;
  return (
    <Empty title="No container runs here" action={<Link to={link({ view: 'processes' })} className="button">Show processes</Link>}>
      <p>Each container is listed with its image, its packages and which of them are loaded. containerd, CRI-O, Docker, Podman and runc are recognised by their cgroup.</p>
      <p>Try it: <code className="mono">docker run -d nginx</code> appears here within a second.</p>
    </Empty>
  );
}

type ProcessRow = RowOf<'listProcesses'>;
const processKey = (row: ProcessRow): string => `${row.node}/${row.key}`;

function processColumns(severalHosts: boolean): readonly Column<ProcessRow>[] {
  const columns: Column<ProcessRow>[] = [
    { id: 'name', head: 'Process', minPx: 200, grow: 6, keep: 9, cell: (row) => <ProcessName execution={row} /> },
    { id: 'origin', head: 'File from', minPx: 96, grow: 0, keep: 8, cell: (row) => <Origin origin={row.origin} /> },
    { id: 'user', head: 'User', minPx: 120, grow: 1, keep: 6, cell: (row) => <UserText execution={row} /> },
    { id: 'container', head: 'Container', minPx: 150, grow: 3, keep: 5, cell: (row) => (row.containerId === null ? <span className="faint">on the host</span> : <Link to={hrefOf('/live', { open: row.containerId })} tabIndex={-1} className="cut"><ContainerText workload={row.workload} name={row.containerName} id={row.containerId} /></Link>) },
    { id: 'host', head: 'Host', minPx: 96, grow: 1, keep: 3, cell: (row) => <span className="cut quiet">{row.hostname}</span> },
    { id: 'pid', head: 'Pid', minPx: 68, grow: 0, keep: 4, end: true, cell: (row) => <span className="quiet">{row.pid}</span> },
    { id: 'started', head: 'Started', minPx: 92, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.startedAt} /> },
  ];
  return severalHosts ? columns : columns.filter((column) => column.id !== 'host');
}

export function ProcessTable({ filters, link }: { readonly filters: LiveFilters; readonly link: LinkTo }): ReactNode {
  const query = { node: filters.node, container: filters.container, search: filters.q };
  const list = usePages('listProcesses', query);
  return (
    <Table
      key={JSON.stringify(query)} label="Processes" kind="process" noun={['process', 'processes']} list={list} columns={processColumns(filters.node === undefined)} keyOf={processKey}
      linkOf={(row) => link({ process: processKey(row) })} openKey={filters.process}
      empty={filters.q === undefined ? <NoProcesses /> : <NothingMatches clearTo={link({ q: undefined })} />}
    />
  );
}
