/**
 * Noise: which rules speak more often in a workload than the budget allows, and what would quieten one: exceptions that
 * the hub proposes, tried on what is stored. Below the list, the rule files that people gave to the sensors, each with
 * its way back.
 */
import { useMemo, useState, type FormEvent, type ReactNode } from 'react';
import type { NoiseView } from '@vedette/model/api/noise';
import { useApi, useChange, usePages } from '../../data.ts';
import { Choices, FilterBar, FilterText } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Severity } from '../../parts/marks.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Bone, Empty, Page, SidePanel } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { noisePlace } from '../../view/noise-words.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, oneOf, text } from '../../view/url.ts';
import { Proposal } from './proposal.tsx';
import { RuleFiles } from './rule-files.tsx';
import './noise.css';

const filters = { q: text(200), over: oneOf(['only'], undefined), days: oneOf(['1', '30'], undefined), rule: text(300), place: text(60) };
const noiseKey = (row: NoiseView): string => `${row.place}/${row.rule}`;

export function NoisePage(): ReactNode {
  const [{ q, over, days, rule, place }, set, link] = useFilters(filters);
  const inDays = days ?? '7';
  const query = { days: inDays, search: q, over };
  const list = usePages('listNoise', query);
  const linkOf = (row: NoiseView): string => link({ rule: row.rule, place: row.place });
  const columns = useMemo(() => noiseColumns(linkOf, Number(inDays)), [link, inDays]);
  const may = useMay('policy');
  const panel = rule === undefined ? null : (
    <SidePanel kind="Noise" icon="live" label={rule} closeTo={link({ rule: undefined, place: undefined })} wide>
      {may ? <Proposal rule={rule} place={place} days={Number(inDays)} /> : <p className="quiet">Exceptions hold in all clusters: a proposal is for who may change what holds everywhere.</p>}
    </SidePanel>
  );
  return (
    <Page title="Noise" sentence={<Sentence />} panel={panel} actions={may ? <Budget /> : undefined} above={<Link to="/incidents" className="back-link"><Icon name="back" size={12} />Incidents</Link>} note="All detections are counted here, also those that were stored as one with alike ones. A rule that speaks all day is not read when it matters.">
      <FilterBar>
        <FilterText label="Rule, workload or host" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="Budget" options={[{ id: 'any', label: 'All', to: link({ over: undefined }), chosen: over === undefined }, { id: 'only', label: 'Over the budget', to: link({ over: 'only' }), chosen: over !== undefined }]} />
        <Choices label="Time" options={([['1', '1 day'], ['7', '7 days'], ['30', '30 days']] as const).map(([id, label]) => ({ id, label, to: link({ days: id === '7' ? undefined : id }), chosen: inDays === id }))} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Rates" kind="noise" noun={['rule in a workload', 'rules in workloads']} list={list} columns={columns} keyOf={noiseKey} linkOf={linkOf} openKey={rule === undefined ? undefined : `${place}/${rule}`} empty={<NoNoise isNarrowed={q !== undefined || over !== undefined} />} />
      {list.rows === undefined && list.failure === null ? null : <RuleFiles />}
    </Page>
  );
}

function Sentence(): ReactNode {
  const list = useApi('listNoise', { query: { days: 7, limit: 1 } }).data;
  if (list === undefined) return <Bone width={360} height={18} />;
  const { over, total, budget } = list;
  if (total === 0) return <>No rule has reported anything in the last 7 days.</>;
  if (over === 0) return <><b>No rule is over</b> the budget of {plural(budget.perDay, 'detection')} a day in any workload.</>;
  return <><b>{countWords(over)} of {plural(total ?? over, 'rule in a workload', 'rules in workloads')}</b> {over === 1 ? 'is' : 'are'} over the budget of {plural(budget.perDay, 'detection')} a day.</>;
}

function noiseColumns(linkOf: (row: NoiseView) => string, days: number): readonly Column<NoiseView>[] {
  return [
    { id: 'over', head: 'Budget', minPx: 64, grow: 0, keep: 9, cell: (row) => (row.over ? <span className="noise-over">over</span> : <span className="faint">within</span>) },
    { id: 'last', head: 'Last day', minPx: 84, grow: 0, keep: 10, end: true, cell: (row) => <span className={row.over ? 'strong' : ''}>{countWords(row.lastDay)}</span> },
    ...(days === 1 ? [] : [{ id: 'total', head: `${days} days`, minPx: 84, grow: 0, keep: 6, end: true, cell: (row: NoiseView) => countWords(row.total) }]),
    { id: 'peak', head: 'Loudest hour', minPx: 100, grow: 0, keep: 4, end: true, cell: (row) => countWords(row.peakHour) },
    { id: 'rule', head: 'Rule', minPx: 200, grow: 4, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.rule}>{row.rule}</Link> },
    { id: 'where', head: 'Where', minPx: 170, grow: 2, keep: 8, cell: (row) => <><Icon name={row.workload === null ? 'host' : 'container'} size={14} /><span className="cut" title={noisePlace(row)}>{noisePlace(row)}</span></> },
    { id: 'cluster', head: 'Cluster', minPx: 90, grow: 1, keep: 3, cell: (row) => <span className="cut quiet">{row.cluster}</span> },
    { id: 'severity', head: 'Severity', minPx: 92, grow: 0, keep: 5, cell: (row) => <Severity severity={row.severity} /> },
    { id: 'incidents', head: 'Incidents', minPx: 84, grow: 0, keep: 2, cell: (row) => <Link to={hrefOf('/incidents', { source: row.rule, state: 'all' })} tabIndex={-1}>show</Link> },
  ];
}

function NoNoise({ isNarrowed }: { readonly isNarrowed: boolean }): ReactNode {
  if (isNarrowed) return <Empty title="Nothing matches" action={<Link to="/noise" className="button">Clear the filters</Link>}><p>What is within the budget, or has another name, may be there.</p></Empty>;
  return <Empty title="No rule has reported anything" action={<Link to="/incidents" className="button">Incidents</Link>}><p>Here stands how often each rule speaks in each workload, the loudest first, and what would quieten it without hiding what was real.</p></Empty>;
}

function Budget(): ReactNode {
  const [asking, setAsking] = useState(false);
  const { data } = useApi('noiseBudget', {});
  return <><button type="button" className="button" disabled={data === undefined} onClick={() => setAsking(true)} data-testid="noise-budget">Budget</button>{asking && data !== undefined ? <BudgetDialog perDay={data.perDay} onClose={() => setAsking(false)} /> : null}</>;
}

function BudgetDialog({ perDay, onClose }: { readonly perDay: number; readonly onClose: () => void }): ReactNode {
  const [value, setValue] = useState(String(perDay));
  const change = useChange('setNoiseBudget', ['noiseBudget', 'listNoise']);
  const next = /^\d{1,7}$/.test(value.trim()) && Number(value) >= 1 ? Number(value) : null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (next !== null) change.mutate({ body: { perDay: next } }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Noise budget" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p>So many detections of one rule in one workload within 24 hours are still read. What is louder stands above, and a proposal says how to quieten it. Nothing is dropped by it.</p>
        <label><span className="label">Detections a day, of a rule in a workload</span><input className="input" inputMode="numeric" value={value} onChange={(event) => setValue(event.target.value)} data-testid="noise-budget-value" /></label>
        <FormProblem error={change.error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={next === null || change.isPending}>Set</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
