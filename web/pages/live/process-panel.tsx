/** One live process beside the list: the whole command, where it runs, and who started it. */
import type { ReactNode } from 'react';
import { useApi } from '../../data.ts';
import { Empty, SidePanel } from '../../parts/page.tsx';
import { fullCommand, ProcessFields } from '../../parts/process.tsx';
import { BoneLines } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Link } from '../../router.tsx';
import { baseName } from '../../view/cut.ts';
import { hrefOf } from '../../view/url.ts';
import type { Link as LinkTo, LiveFilters } from './filters.ts';

/** The contract has no single process, so it is looked up among the processes of its host. */
const lookedThrough = 200;

export function ProcessPanel({ processKey, filters, closeTo, link }: { readonly processKey: string; readonly filters: LiveFilters; readonly closeTo: string; readonly link: LinkTo }): ReactNode {
  const slash = processKey.indexOf('/');
  const [node, key] = [processKey.slice(0, slash), processKey.slice(slash + 1)];
  const { data, error } = useApi('listProcesses', { query: { node, search: filters.q, container: filters.container, limit: lookedThrough } });
  const found = data?.items.find((one) => one.key === key);
  const parent = data?.items.find((one) => one.key === found?.parentKey);
  return (
    <SidePanel kind="Process" icon="process" label={found === undefined ? key : baseName(found.path)} closeTo={closeTo}>
      {error !== null && data === undefined ? <ProblemBox error={error} /> : null}
      {error === null && data === undefined ? <BoneLines count={8} /> : null}
      {data !== undefined && found === undefined ? <Empty title="It is no longer running"><p>Or it is not among the first {lookedThrough} processes of this list. Search for it by its path.</p></Empty> : null}
      {found === undefined ? null : (
        <>
          <h2 className="panel-title panel-lead">{baseName(found.path)}</h2>
          <ProcessFields execution={found} more={[
            ['Host', <Link key="host" to={link({ node: found.node })}>{found.hostname}</Link>],
            ['Container', found.containerId === null ? 'none: it runs on the host itself' : <Link key="container" to={hrefOf('/live', { open: found.containerId })}>{found.containerName ?? found.containerId.slice(0, 12)}</Link>],
            ['Started by', parent === undefined ? <span key="parent" className="faint">not among these processes</span> : <Link key="parent" to={link({ process: `${node}/${parent.key}` })} className="wrap-anywhere mono">{fullCommand(parent)}</Link>],
          ]} />
        </>
      )}
    </SidePanel>
  );
}
