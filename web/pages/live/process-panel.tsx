/** One live process beside the list: the whole command, where it runs, and who started it. */
import type { ReactNode } from 'react';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Empty, SidePanel } from '../../parts/page.tsx';
import { fullCommand, ProcessFields } from '../../parts/process.tsx';
import { BoneLines } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { ContainerText } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { baseName } from '../../view/cut.ts';
import { hrefOf } from '../../view/url.ts';
import type { Link as LinkTo } from './filters.ts';

export function ProcessPanel({ processKey, closeTo, link }: { readonly processKey: string; readonly closeTo: string; readonly link: LinkTo }): ReactNode {
  const slash = processKey.indexOf('/');
  const [node, key] = [processKey.slice(0, slash), processKey.slice(slash + 1)];
  const { data, error } = useApi('listProcesses', { query: { node, key, limit: 1 } });
  const found = data?.items[0];
  const parentKey = found?.parentKey ?? null;
  const parents = useApi('listProcesses', { query: { node, key: parentKey ?? '', limit: 1 } }, { enabled: parentKey !== null }).data;
  const parent = parents?.items[0];
  return (
    <SidePanel kind="Process" icon="process" label={found === undefined ? key : baseName(found.path)} closeTo={closeTo}>
      {error !== null && data === undefined ? <ProblemBox error={error} /> : null}
      {error === null && data === undefined ? <BoneLines count={8} /> : null}
      {data !== undefined && found === undefined ? <Empty title="It is no longer running"><p>What ended is gone from the list of processes. That it ran is counted among the executions of its container, and kept with an incident that it was part of.</p></Empty> : null}
      {found === undefined ? null : (
        <>
          <h2 className="panel-title panel-lead">{baseName(found.path)}</h2>
          <ProcessFields execution={found} more={[
            ['Host', <Link key="host" to={link({ node: found.node })}>{found.hostname}</Link>],
            ['Container', found.containerId === null ? 'none: it runs on the host itself' : <Link key="container" to={hrefOf('/live', { open: found.containerId })}><ContainerText workload={found.workload} name={found.containerName} id={found.containerId} /></Link>],
            ['Started by', parent === undefined ? <span key="parent" className="faint">{parentKey === null ? 'not known' : parents === undefined ? '…' : 'a process that has ended'}</span> : <Link key="parent" to={link({ process: `${node}/${parent.key}` })} className="wrap-anywhere mono">{fullCommand(parent)}</Link>],
          ]} />
          <p className="panel-after"><Link to={hrefOf('/trace', { process: found.key, node })} className="button" data-testid="trace-process"><Icon name="image" size={14} />Where it came from</Link></p>
        </>
      )}
    </SidePanel>
  );
}
