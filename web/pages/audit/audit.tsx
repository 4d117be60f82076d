/** The audit log: who changed what, when and where; narrowed by a click on what stands in it, and taken along as CSV. */
import { useMemo, type ReactNode } from 'react';
import type { AuditView } from '@vedette/model/api/access-views';
import { usePages } from '../../data.ts';
import { Chips, FilterBar, FilterText, type Chip } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Empty, Page, SidePanel } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Code, Fields, Moment, Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { useSession } from '../../session.tsx';
import { scopeFor } from '@vedette/model/access';
import { hrefOf, text } from '../../view/url.ts';
import './audit.css';

const filters = { actor: text(300), action: text(100), object: text(300), open: text(20) };
type LinkTo = (change: Partial<{ actor: string | undefined; action: string | undefined; object: string | undefined; open: string | undefined }>) => string;
const auditKey = (row: AuditView): string => row.id;

export function AuditPage(): ReactNode {
  const [{ actor, action, object, open }, set, link] = useFilters(filters);
  const seesAll = scopeFor(useSession().grants, 'view').kind === 'all';
  const list = usePages('listAudit', { actor, action, object });
  const linkOf = (row: AuditView): string => link({ open: row.id });
  const columns = useMemo(() => auditColumns(link, linkOf), [link]);
  const opened = list.rows?.find((row) => row.id === open);
  const isNarrowed = actor !== undefined || action !== undefined || object !== undefined;
  const download = <a className="button" href={hrefOf('/api/v1/audit.csv', { actor, action, object })} download="vedette-audit.csv" data-testid="audit-csv"><Icon name="down" size={14} />CSV</a>;
  const panel = opened === undefined ? null : <SidePanel kind="Change" icon="clock" label={opened.action} closeTo={link({ open: undefined })}><Change row={opened} link={link} /></SidePanel>;
  return (
    <Page title="Audit" sentence={seesAll ? <><b>Every change</b>, the newest first.</> : <><b>Changes in what you may see</b>, the newest first.</>} panel={panel} actions={download} note={seesAll ? 'What people and programs did with this hub. Rows are only ever added.' : 'What concerns the hub as a whole (users, policies, sign-ins) is shown to those who see all of it.'}>
      <FilterBar>
        <FilterText label="Object, or its beginning" value={object} onChange={(value) => set({ object: value }, { replace: true })} />
        <Chips chips={chipsOf({ actor, action }, link)} clearTo={link({ actor: undefined, action: undefined })} />
      </FilterBar>
      <Table label="Changes" kind="audit" noun={['change', 'changes']} list={list} columns={columns} keyOf={auditKey} linkOf={linkOf} openKey={open} empty={<Nothing isNarrowed={isNarrowed} />} />
    </Page>
  );
}

function Nothing({ isNarrowed }: { readonly isNarrowed: boolean }): ReactNode {
  if (isNarrowed) return <Empty title="No change matches" action={<Link to="/audit" className="button">Clear the filters</Link>}><p>An actor is matched exactly; action and object by their beginning.</p></Empty>;
  return <Empty title="Nothing has been changed yet"><p>Each change stands here with who made it: incidents that were triaged, sensors that were removed, policies that were switched.</p></Empty>;
}

/** `incident.update` as the family `incident.`: what a click narrows to. */
function familyOf(action: string): string {
  return action.includes('.') ? action.slice(0, action.indexOf('.') + 1) : action;
}

function auditColumns(link: LinkTo, linkOf: (row: AuditView) => string): readonly Column<AuditView>[] {
  return [
    { id: 'at', head: 'When', minPx: 76, grow: 0, keep: 9, cell: (row) => <Time at={row.at} /> },
    { id: 'actor', head: 'Who', minPx: 84, grow: 1, keep: 8, cell: (row) => <Link to={link({ actor: row.actor })} tabIndex={-1} className="plain-link cut" title={`Only ${row.actor}`}>{row.actor}</Link> },
    { id: 'change', head: 'What', minPx: 108, grow: 4, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={row.change}>{row.change}</Link> },
    { id: 'object', head: 'Of', minPx: 140, grow: 2, keep: 7, cell: (row) => <Link to={link({ object: row.object })} tabIndex={-1} className="plain-link cut quiet" title={row.object}>{row.object}</Link> },
    { id: 'action', head: 'Kind', minPx: 120, grow: 1, keep: 5, cell: (row) => <Link to={link({ action: familyOf(row.action) })} tabIndex={-1} className="plain-link cut quiet" title={`Only ${familyOf(row.action)}`}>{row.action}</Link> },
    { id: 'place', head: 'Where', minPx: 110, grow: 1, keep: 4, cell: (row) => <span className="cut quiet">{whereWords(row)}</span> },
  ];
}

function whereWords({ cluster, namespace }: AuditView): string {
  if (cluster === null) return 'the hub';
  return namespace === null ? cluster : `${namespace} in ${cluster}`;
}

function chipsOf({ actor, action }: { readonly actor: string | undefined; readonly action: string | undefined }, link: LinkTo): readonly Chip[] {
  const chips: Chip[] = [];
  if (actor !== undefined) chips.push({ id: 'actor', name: 'who', value: actor, withoutTo: link({ actor: undefined }) });
  if (action !== undefined) chips.push({ id: 'action', name: 'kind', value: action, withoutTo: link({ action: undefined }) });
  return chips;
}

/** Where the object can be looked at; what has no page of its own has none. */
function pageOfObject(object: string): string | null {
  const [kind, ...rest] = object.split(':');
  const name = rest.join(':');
  switch (kind) {
    case 'incident':
      return `/incidents/${encodeURIComponent(name)}`;
    case 'policy':
      return `/policies/${encodeURIComponent(name)}`;
    case 'person':
      return '/users';
    default:
      return null;
  }
}

function Change({ row, link }: { readonly row: AuditView; readonly link: LinkTo }): ReactNode {
  const page = pageOfObject(row.object);
  return (
    <div className="stack">
      <p className="strong">{row.change}</p>
      <Fields items={[
        ['When', <Moment key="at" at={row.at} />],
        ['Who', <Link key="who" to={link({ actor: row.actor })}>{row.actor}</Link>],
        ['Of', page === null ? row.object : <Link key="of" to={page}>{row.object}</Link>],
        ['Kind', <Link key="kind" to={link({ action: row.action })}>{row.action}</Link>],
        ['Where', whereWords(row)],
        ['Row', <Code key="row" text={row.id} what="number of the row" />],
      ]} />
      {row.detail === null ? null : <pre className="audit-detail mono">{detailWords(row.detail)}</pre>}
    </div>
  );
}

function detailWords(detail: string): string {
  try {
    return JSON.stringify(JSON.parse(detail), null, 2).replaceAll('\\n', '\n');
  } catch {
    return detail;
  }
}
