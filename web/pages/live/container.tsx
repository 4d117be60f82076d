/** A container's panel: what it is, what runs in it, what is installed and loaded, and what it has executed. */
import type { ReactNode } from 'react';
import type { ContainerView } from '@vedette/model/api/views';
import { shortId } from '@vedette/model/api/short-id';
import { useApi } from '../../data.ts';
import { VulnerabilityCounts } from '../../parts/counts.tsx';
import { BoneLines, Section, SidePanel, Tabs } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Code, ContainerText, CopyButton, Digest, Fields, ImageText, Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { visible } from '../../view/cut.ts';
import { countWords } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import { containerWords } from '../../view/words.ts';
import { ContainerExecutions, ContainerPackages, ContainerProcesses } from './container-tabs.tsx';
import type { Link as LinkTo, LiveFilters } from './filters.ts';

interface Props {
  readonly id: string;
  readonly filters: LiveFilters;
  readonly link: LinkTo;
  readonly set: (change: Partial<LiveFilters>, options?: { readonly replace?: boolean }) => void;
  readonly closeTo: string;
}

export function ContainerPanel({ id, filters, link, set, closeTo }: Props): ReactNode {
  const { data, error, refetch } = useApi('getContainer', { params: { id } });
  return (
    <SidePanel kind="Container" icon="container" label={data === undefined ? shortId(id) : containerWords(data).title} closeTo={closeTo}>
      {data === undefined ? error === null ? <BoneLines count={10} /> : <ProblemBox error={error} again={() => void refetch()} /> : <Loaded container={data} filters={filters} link={link} set={set} />}
    </SidePanel>
  );
}

function Loaded({ container, filters, link, set }: { readonly container: ContainerView } & Pick<Props, 'filters' | 'link' | 'set'>): ReactNode {
  const { tab } = filters;
  return (
    <>
      <h2 className="panel-title"><ContainerText workload={container.workload} name={container.name} id={container.id} /></h2>
      <p className="quiet panel-lead">
        {container.endedAt === null ? <>Started <Time at={container.startedAt} /></> : <>Ended <Time at={container.endedAt} /></>} on <Link to={link({ node: container.node })}>{container.hostname}</Link>
        {container.seenFromStart ? ', watched from its start.' : ', started before the sensor: what it did until then was not seen.'}
      </p>
      <Tabs label="Of this container" chosen={tab} tabs={[
        { id: 'overview', label: 'Overview', to: link({ tab: 'overview' }) },
        { id: 'processes', label: 'Processes', count: countWords(container.processes), to: link({ tab: 'processes' }) },
        { id: 'packages', label: 'Packages', count: container.packages === null ? null : countWords(container.packages), to: link({ tab: 'packages' }) },
        { id: 'executions', label: 'Executions', to: link({ tab: 'executions' }) },
      ]} />
      {tab === 'overview' ? <Overview container={container} link={link} /> : null}
      {tab === 'processes' ? <ContainerProcesses id={container.id} node={container.node} /> : null}
      {tab === 'packages' ? <ContainerPackages container={container} filters={filters} link={link} set={set} /> : null}
      {tab === 'executions' ? <ContainerExecutions id={container.id} node={container.node} /> : null}
    </>
  );
}

function Overview({ container, link }: { readonly container: ContainerView; readonly link: LinkTo }): ReactNode {
  const unknown = <span className="faint">not known{container.identityReason === null ? '' : `: ${container.identityReason}`}</span>;
  return (
    <>
      <Fields items={[
        ['Image', container.image === null ? unknown : <span key="image" className="row-flow"><ImageText image={container.image} whole /><CopyButton text={container.image} what="image" /><Link to={link({ image: container.image, open: undefined })} className="small nowrap">all of it</Link></span>],
        ['Platform digest', container.platformDigest === null ? unknown : <Digest key="platform" digest={container.platformDigest} />],
        ['Index digest', container.indexDigest === null ? <span key="index" className="faint">none, or not known</span> : <Digest key="index" digest={container.indexDigest} />],
        ['Origin', <Link key="origin" to={hrefOf('/trace', { container: container.id })} data-testid="trace-container">registry, build, commit, signer</Link>],
        ['Vulnerabilities', <span key="vulnerabilities" className="row-flow"><VulnerabilityCounts counts={container.vulnerabilities} />{container.vulnerabilities === null ? null : <Link to={hrefOf('/vulnerabilities', { container: container.id })} className="small">list</Link>}</span>],
        ['Packages', container.packages === null ? <span key="packages" className="faint">not scanned yet</span> : <Link key="packages" to={link({ tab: 'packages' })}>{countWords(container.packages)}, of which {container.packagesLoaded === null ? 'an unknown number is loaded' : container.packagesLoaded === 0 ? 'none is loaded yet' : `${countWords(container.packagesLoaded)} ${container.packagesLoaded === 1 ? 'is' : 'are'} loaded`}</Link>],
        ['Incidents', <Link key="incidents" to={hrefOf('/incidents', { container: container.id, state: 'all' })}>of this container</Link>],
        ['Id', <Code key="id" text={container.id} what="container id" max={28} />],
        ['Workload', container.workload],
        container.podName === null ? null : ['Pod', `${container.podNamespace ?? '?'} / ${container.podName}`],
        ['Runtime', container.runtime],
        ['Privileged', container.privileged ? <span key="privileged"><span className="strong">yes</span><span className="quiet">: what gets out of a program in it has the whole host</span></span> : 'no'],
        ['Root filesystem', container.rootFilesystem === null ? <span key="root" className="faint">not known</span> : <span key="root">{container.rootFilesystem}{container.rootFilesystem === 'overlay' ? null : <span className="quiet">: where files came from cannot be judged</span>}</span>],
      ]} />
      {container.inventoryProblems.length === 0 ? null : <Section title="What could not be read"><ul className="plain-list">{container.inventoryProblems.map((problem) => <li key={problem}>{problem}</li>)}</ul></Section>}
      <Mounts mounts={container.mounts} />
      <Labels labels={container.labels} />
    </>
  );
}

function Mounts({ mounts }: { readonly mounts: ContainerView['mounts'] }): ReactNode {
  return (
    <Section title="Mounts" aside={mounts.length === 0 ? undefined : countWords(mounts.length)}>
      {mounts.length === 0 ? <p className="quiet">None beside the image.</p> : (
        <table className="plain-table"><thead><tr><th>In the container</th><th>From</th><th>Kind</th><th>Access</th></tr></thead>
          <tbody>{mounts.map((mount) => <tr key={mount.destination}><td className="mono">{visible(mount.destination)}</td><td className="mono quiet">{visible(mount.source)}</td><td className="nowrap">{mount.kind}</td><td className={`nowrap ${mount.readOnly ? 'quiet' : ''}`}>{mount.readOnly ? 'read only' : 'writable'}</td></tr>)}</tbody>
        </table>
      )}
    </Section>
  );
}

function Labels({ labels }: { readonly labels: ContainerView['labels'] }): ReactNode {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Section title="Labels" aside={entries.length === 0 ? undefined : countWords(entries.length)}>
      {entries.length === 0 ? <p className="quiet">None.</p> : <table className="plain-table is-pairs"><tbody>{entries.map(([name, value]) => <tr key={name}><td className="mono">{visible(name)}</td><td className="mono quiet">{visible(value)}</td></tr>)}</tbody></table>}
    </Section>
  );
}
