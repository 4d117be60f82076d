/** The longer parts of a container's panel: its process tree, its packages with the loaded fact, its executions by hour. */
import type { ReactNode } from 'react';
import type { ContainerView, ExecutionCountView, PackageView } from '@vedette/model/api/views';
import { useApi, usePages } from '../../data.ts';
import { Choices, FilterBar, FilterText } from '../../parts/filters.tsx';
import { LoadedMark, Origin } from '../../parts/marks.tsx';
import { BoneLines, Empty } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { CutMiddle, ProcessForest } from '../../parts/process.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { baseName, visible } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { pathOf } from '../../view/url.ts';
import { userWords } from '../../view/words.ts';
import type { Link as LinkTo, LiveFilters } from './filters.ts';

export function ContainerProcesses({ id, node }: { readonly id: string; readonly node: string }): ReactNode {
  const { data, error, refetch } = useApi('listProcesses', { query: { container: id, node, limit: 200 } });
  if (data === undefined) return error === null ? <BoneLines count={6} /> : <ProblemBox error={error} again={() => void refetch()} />;
  if (data.items.length === 0) return <Empty title="No process runs in it"><p>The container has ended, or its processes have not been reported yet.</p></Empty>;
  return (
    <>
      <ProcessForest processes={data.items} />
      <p className="small faint table-foot">{data.next === null ? `${data.items.length > 1 ? 'All ' : ''}${plural(data.items.length, 'process', 'processes')}` : `The first ${countWords(data.items.length)} of ${data.total === null ? 'more' : countWords(data.total)}`}</p>
    </>
  );
}

const packageKey = (row: PackageView): string => `${row.ecosystem}/${row.name}@${row.version}${row.path ?? ''}`;

const packageColumns: readonly Column<PackageView>[] = [
  { id: 'name', head: 'Package', minPx: 150, grow: 3, keep: 9, cell: (row) => <Tip content={<span className="tip-lines"><span>{row.ecosystem}</span>{row.path === null ? null : <span className="mono">{row.path}</span>}</span>}><span className="package-name"><CutMiddle text={visible(row.name)} className="strong" tailLength={10} /><span className="quiet cut">{visible(row.version)}</span></span></Tip> },
  { id: 'loaded', head: 'Loaded', minPx: 150, grow: 1, keep: 8, cell: (row) => <LoadedMark loaded={row.loaded} /> },
  { id: 'ecosystem', head: 'Kind', minPx: 84, grow: 0, keep: 2, cell: (row) => <span className="cut faint">{row.ecosystem}</span> },
  { id: 'vulnerabilities', head: 'Vulnerabilities', minPx: 152, grow: 1, keep: 7, cell: (row) => <PackageVulnerabilities ids={row.vulnerabilities} /> },
];

function PackageVulnerabilities({ ids }: { readonly ids: readonly string[] }): ReactNode {
  const [first] = ids;
  if (first === undefined) return <span className="faint">none known</span>;
  return <><Link to={pathOf('/vulnerabilities/:id', { id: first })} className="cut">{first}</Link>{ids.length === 1 ? null : <Tip content={ids.join(', ')}><span className="quiet nowrap">+{ids.length - 1}</span></Tip>}</>;
}

interface PackagesProps {
  readonly container: ContainerView;
  readonly filters: LiveFilters;
  readonly link: LinkTo;
  readonly set: (change: Partial<LiveFilters>, options?: { readonly replace?: boolean }) => void;
}

export function ContainerPackages({ container, filters, link, set }: PackagesProps): ReactNode {
  const query = { loaded: filters.loaded, search: filters.package };
  const list = usePages('listContainerPackages', query, { params: { id: container.id } });
  const options = [['all', undefined, 'All'], ['yes', 'yes', 'Loaded'], ['not-seen', 'not-seen', 'Not seen yet'], ['no', 'no', 'Not loaded'], ['unknown', 'unknown', 'Unknown']] as const;
  return (
    <>
      <FilterBar>
        <FilterText label="Package" value={filters.package} onChange={(value) => set({ package: value }, { replace: true })} />
        <Choices label="Loaded" options={options.map(([id, loaded, label]) => ({ id, label, to: link({ loaded }), chosen: filters.loaded === loaded }))} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Packages" kind="package" noun={['package', 'packages']} list={list} columns={packageColumns} keyOf={packageKey}
        empty={container.packages === null
          ? <Empty title="Not scanned yet"><p>The packages are read from the container's own files by a short-lived, niced process, one image at a time. It usually takes less than a minute.</p></Empty>
          : <Empty title="No package matches"><p>{container.packages === 0 ? 'No package was found in this container.' : <>This container has {plural(container.packages, 'package')}; none fits the filter.</>}</p></Empty>} />
    </>
  );
}

const executionKey = (row: ExecutionCountView): string => `${row.hour}${row.path}\n${row.parentPath}\n${row.uid}${row.origin}${row.identityPending}`;

const executionColumns: readonly Column<ExecutionCountView>[] = [
  { id: 'file', head: 'File', minPx: 150, grow: 4, keep: 9, cell: (row) => <Tip content={<code className="mono">{visible(row.path)}</code>} className="process-name"><CutMiddle text={visible(row.path)} className="mono" /></Tip> },
  { id: 'parent', head: 'Started by', minPx: 100, grow: 2, keep: 4, cell: (row) => <Tip content={<code className="mono">{visible(row.parentPath)}</code>}><span className="mono quiet cut">{baseName(row.parentPath)}</span></Tip> },
  { id: 'origin', head: 'File from', minPx: 96, grow: 0, keep: 7, cell: (row) => <Origin origin={row.origin} /> },
  { id: 'user', head: 'User', minPx: 72, grow: 0, keep: 3, cell: (row) => <span className="quiet">{userWords(row.uid)}</span> },
  { id: 'count', head: 'Times', minPx: 64, grow: 0, keep: 8, end: true, cell: (row) => countWords(row.count) },
  { id: 'last', head: 'Last', minPx: 88, grow: 0, keep: 5, end: true, cell: (row) => <Time at={row.lastSeen} /> },
];

export function ContainerExecutions({ id, node }: { readonly id: string; readonly node: string }): ReactNode {
  const list = usePages('listExecutions', { container: id, node });
  return <Table label="Executions by hour" kind="execution" noun={['line', 'lines, one for each hour, file, parent and user']} list={list} columns={executionColumns} keyOf={executionKey} empty={<Empty title="Nothing was executed while it was watched"><p>Every program that is started in this container is counted here by the hour, with who started it and where its file came from.</p></Empty>} />;
}
