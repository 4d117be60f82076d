/** Policies: what each decides, in which mode, on how many sensors it is in force, and what it has decided so far. */
import { useState, type ReactNode } from 'react';
import type { PolicyView } from '@vedette/model/api/views';
import { useNow } from '../../clock.ts';
import { useApi, wholeList } from '../../data.ts';
import { FilterBar, FilterText } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { ModeMark, Severity } from '../../parts/marks.tsx';
import { Bone, Empty, Page } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { countedWords, modeParts } from '../../view/policy-words.ts';
import { pathOf, text } from '../../view/url.ts';
import { NewPolicy } from './new-policy.tsx';
import { StageMarks } from './stages.tsx';
import './policies.css';

const filters = { q: text(200) };
const policyKey = (row: PolicyView): string => row.name;
const linkOf = (row: PolicyView): string => pathOf('/policies/:name', { name: row.name });

export function PoliciesPage(): ReactNode {
  const query = useApi('listPolicies', {});
  const [{ q }, set] = useFilters(filters);
  const [making, setMaking] = useState(false);
  const may = useMay('policy');
  const rows = query.data?.items.filter((policy) => q === undefined || `${policy.name} ${policy.description} ${policy.attack.join(' ')}`.toLowerCase().includes(q.toLowerCase()));
  const make = may ? <button type="button" className="button is-main" onClick={() => setMaking(true)} data-testid="new-policy"><Icon name="plus" size={14} />New policy</button> : null;
  return (
    <Page title="Policies" sentence={<Sentence policies={query.data?.items} />} actions={make} note="Rules report what they see. Policies decide, when an image is built, when it is deployed, and in the kernel while it runs.">
      <FilterBar><FilterText label="Name, text or technique" value={q} onChange={(value) => set({ q: value }, { replace: true })} /></FilterBar>
      <Table label="Policies" kind="policy" noun={['policy', 'policies']} list={wholeList(rows, query)} columns={columns} keyOf={policyKey} linkOf={linkOf} skeletonRows={6}
        empty={q === undefined
          ? <Empty title="There is no policy" action={make}><p>A policy says which images and which executions are wrong, and what to do at each stage. It starts in shadow, where it only records what it would have done.</p></Empty>
          : <Empty title="No policy matches" action={<Link to="/policies" className="button">Clear the filter</Link>}><p>The filter looks at names, descriptions and techniques.</p></Empty>} />
      {making ? <NewPolicy onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function Sentence({ policies }: { readonly policies: readonly PolicyView[] | undefined }): ReactNode {
  const now = useNow();
  if (policies === undefined) return <Bone width={380} height={18} />;
  if (policies.length === 0) return <>There is no policy, so nothing is decided.</>;
  const [enforcing, ...others] = modeParts(policies.map((policy) => policy.mode));
  const killed = policies.reduce((sum, policy) => sum + policy.verdicts.killed, 0);
  const counted = countedWords(policies[0]!.verdicts.since, now);
  return <><b>{enforcing}</b>{others.map((part) => `, ${part}`).join('')}. In {counted} {killed === 0 ? 'nothing was killed.' : <><b>{plural(killed, 'execution')}</b> {killed === 1 ? 'was' : 'were'} killed.</>}</>;
}

const columns: readonly Column<PolicyView>[] = [
  { id: 'mode', head: 'Mode', minPx: 88, grow: 0, keep: 9, cell: (row) => <ModeMark mode={row.mode} /> },
  { id: 'name', head: 'Policy', minPx: 210, grow: 2, keep: 10, cell: (row) => <><Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut">{row.name}</Link>{row.shipped ? <span className="faint small">shipped</span> : null}</> },
  { id: 'description', head: 'What it says', minPx: 180, grow: 5, keep: 3, cell: (row) => <span className="cut quiet" title={row.description}>{row.description}</span> },
  { id: 'stages', head: 'Stages', minPx: 150, grow: 0, keep: 4, cell: (row) => <StageMarks stages={row.stages} /> },
  { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 5, cell: (row) => <Severity severity={row.severity} /> },
  { id: 'force', head: 'In force', minPx: 116, grow: 0, keep: 8, cell: (row) => <InForce policy={row} /> },
  { id: 'killed', head: 'Killed', minPx: 64, grow: 0, keep: 6, end: true, cell: (row) => !row.stages.includes('run') ? <span className="faint">–</span> : <span className={row.verdicts.killed === 0 ? 'faint' : 'strong'}>{countWords(row.verdicts.killed)}</span> },
  { id: 'would', head: 'Would have killed', minPx: 116, grow: 0, keep: 7, end: true, cell: (row) => !row.stages.includes('run') ? <span className="faint">–</span> : <Tip content="Executions it would have killed in the last days, had it been enforced."><span className={row.verdicts.wouldHaveKilled === 0 ? 'faint' : ''}>{countWords(row.verdicts.wouldHaveKilled)}</span></Tip> },
  { id: 'updated', head: 'Changed', minPx: 88, grow: 0, keep: 2, end: true, cell: (row) => <Time at={row.updatedAt} /> },
];

export function InForce({ policy }: { readonly policy: PolicyView }): ReactNode {
  const { sensors, sensorsTotal, problems } = policy.inForce;
  if (policy.mode === 'off') return <span className="faint">off</span>;
  // No sensor holds what speaks about images: pipelines and admission ask the hub for it.
  if (!policy.stages.includes('run')) return <span className="quiet">where asked</span>;
  const words = `${countWords(sensors)} of ${plural(sensorsTotal, 'sensor')}`;
  if (problems.length === 0 && sensors === sensorsTotal) return <span>{words}</span>;
  const tip = <span className="tip-lines">{problems.length === 0 ? <span>Not every sensor has taken this generation yet.</span> : problems.map((problem) => <span key={problem}>{problem}</span>)}</span>;
  return <Tip content={tip}><span className="unknown-mark hatched">{words}</span></Tip>;
}
