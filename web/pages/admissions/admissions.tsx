/**
 * What admission answered when the API servers asked: denied first, and beside it what was let in without being judged. Repeats of one
 * decision are one row. Beside it who came into containers by kubectl exec or attach.
 */
import { useCallback, useMemo, type ReactNode } from 'react';
import type { AdmissionView, ExecSessionView } from '@vedette/model/api/admissions';
import { useApi, usePages } from '../../data.ts';
import { Chips, Choices, FilterBar, FilterText } from '../../parts/filters.tsx';
import { ModeMark } from '../../parts/marks.tsx';
import { Bone, Empty, NextAction, Page, Section, SidePanel, Tabs, Tiles, type Tile } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Digest, Fields, ImageText, Time } from '../../parts/text.tsx';
import { Link, useFilters } from '../../router.tsx';
import { admissionOutcomes, outcomeLong, outcomeShort, saidOf, shortUser } from '../../view/admission-words.ts';
import { visible } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { pathOf } from '../../view/url.ts';
import { lengthWords } from '../../view/time.ts';
import { admissionFilters } from './filters.ts';

const keyOf = (row: { readonly id: string }): string => row.id;

export function AdmissionsPage(): ReactNode {
  const [filters, set, link] = useFilters(admissionFilters);
  const { show, outcome, policy, namespace, user, follow, q, open } = filters;
  const sessionsOf = useCallback((one: string | undefined) => link({ show: 'sessions', user: one, open: undefined }), [link]);
  const query = { outcome, policy, namespace, search: q, followUps: follow ?? 'exclude' } as const;
  const list = usePages('listAdmissions', query);
  const linkOf = (row: AdmissionView): string => link({ open: row.id });
  const columns = useMemo(() => admissionColumns(linkOf), [link]);
  const chosen = list.rows?.find((row) => row.id === open);
  const filtered = [outcome, policy, namespace, q].some((one) => one !== undefined);
  const panel = open === undefined ? null : (
    <SidePanel kind="Admission" icon="admissions" label={open} closeTo={link({ open: undefined })} wide>{chosen === undefined ? <Bone width="60%" height={18} /> : <Detail row={chosen} />}</SidePanel>
  );
  return (
    <Page title="Admissions" sentence={<Sentence />} panel={panel} note={<span>Cluster parts judge what is applied before it runs. What is repeated, as by a controller, is one row.</span>}>
      <Tabs label="Admissions" chosen={show} tabs={([['decisions', 'Decisions'], ['sessions', 'Who came in']] as const).map(([id, label]) => ({ id, label, to: link({ show: id, user: undefined, open: undefined }) }))} />
      {show === 'sessions' ? <Sessions user={user} link={sessionsOf} /> : <>
      <OutcomeTiles query={{ policy, namespace, search: q, followUps: query.followUps }} chosen={outcome} link={(value) => link({ outcome: value })} />
      <FilterBar><FilterText label="Workload, person, image or reason" value={q} onChange={(value) => set({ q: value }, { replace: true })} /><FollowUps query={{ outcome, policy, namespace, search: q }} follow={follow} link={(value) => link({ follow: value })} /></FilterBar>
      <Table key={JSON.stringify(query)} label="Admissions" kind="admission" noun={['decision', 'decisions']} list={list} columns={columns} keyOf={keyOf} linkOf={linkOf} openKey={open} empty={<NoAdmissions filtered={filtered} />} />
      </>}
    </Page>
  );
}

function Sentence(): ReactNode {
  const facets = useApi('listAdmissions', { query: { limit: 1, followUps: 'exclude' } }, { keep: true }).data?.facets;
  if (facets === undefined) return <Bone width={380} height={18} />;
  const open = facets['failed-open'];
  return <><b>{plural(facets.denied, 'workload')}</b> {facets.denied === 1 ? 'was' : 'were'} denied{open === 0 ? '' : <>, and <b>{countWords(open)}</b> let in without being judged</>}.</>;
}

interface Narrowed {
  readonly policy?: string | undefined;
  readonly namespace?: string | undefined;
  readonly search?: string | undefined;
}

/** What a Deployment makes is asked about again as a ReplicaSet and as a Pod: where the answer is the same it is one act, and the number that is not listed is said. */
function FollowUps({ query, follow, link }: { readonly query: Narrowed & { readonly outcome?: AdmissionView['outcome'] | undefined }; readonly follow: 'include' | undefined; readonly link: (value: 'include' | undefined) => string }): ReactNode {
  const all = useApi('listAdmissions', { query: { ...query, limit: 1 } }, { keep: true }).data?.total ?? 0;
  const own = useApi('listAdmissions', { query: { ...query, limit: 1, followUps: 'exclude' } }, { keep: true }).data?.total ?? 0;
  if (all <= own && follow === undefined) return null;
  return <Choices label="What followed" options={[{ id: 'hidden', label: follow === undefined ? `${countWords(all - own)} that followed hidden` : 'Hide what followed', to: link(undefined), chosen: follow === undefined }, { id: 'shown', label: 'Shown', to: link('include'), chosen: follow === 'include' }]} />;
}

function OutcomeTiles({ query, chosen, link }: { readonly query: Narrowed & { readonly followUps: 'include' | 'exclude' }; readonly chosen: AdmissionView['outcome'] | undefined; readonly link: (value: AdmissionView['outcome'] | undefined) => string }): ReactNode {
  const facets = useApi('listAdmissions', { query: { ...query, limit: 1 } }, { keep: true }).data?.facets;
  const tiles = admissionOutcomes.map((one): Tile => ({ id: one, label: outcomeShort[one], count: facets === undefined ? null : countWords(facets[one]), to: link(chosen === one ? undefined : one), chosen: chosen === one }));
  return <Tiles label="Decisions by outcome" tiles={tiles} />;
}

export function OutcomeText({ outcome }: { readonly outcome: AdmissionView['outcome'] }): ReactNode {
  return <span className={outcome === 'failed-open' ? 'unknown-mark hatched' : outcome === 'denied' ? 'strong' : 'quiet'}>{outcomeShort[outcome]}</span>;
}

function admissionColumns(linkOf: (row: AdmissionView) => string): readonly Column<AdmissionView>[] {
  return [
    { id: 'outcome', head: 'Answer', minPx: 124, grow: 0, keep: 9, cell: (row) => <OutcomeText outcome={row.outcome} /> },
    { id: 'workload', head: 'What', minPx: 170, grow: 2, keep: 10, cell: (row) => <Link to={linkOf(row)} tabIndex={-1} className="plain-link strong cut" title={`${row.kind} ${row.namespace}/${row.name}`}>{row.namespace}/{row.name}</Link> },
    { id: 'kind', head: 'Kind', minPx: 112, grow: 0, keep: 2, cell: (row) => <span className="cut quiet" title={kindWords(row)}>{row.kind}{row.followedBy.length === 0 ? null : <span className="faint"> +{row.followedBy.length}</span>}</span> },
    { id: 'said', head: 'Why', minPx: 220, grow: 6, keep: 8, cell: (row) => <span className="cut" title={saidOf(row)}>{visible(saidOf(row))}</span> },
    { id: 'user', head: 'Who', minPx: 150, grow: 2, keep: 5, cell: (row) => <span className="cut quiet" title={row.user}>{visible(shortUser(row.user))}</span> },
    { id: 'cluster', head: 'Cluster', minPx: 96, grow: 1, keep: 3, cell: (row) => <span className="cut quiet">{row.clusterName}</span> },
    { id: 'count', head: 'Times', minPx: 64, grow: 0, keep: 4, end: true, cell: (row) => <span className="number">{countWords(row.count)}</span> },
    { id: 'at', head: 'Last', minPx: 88, grow: 0, keep: 7, end: true, cell: (row) => <Time at={row.at} /> },
  ];
}

function kindWords({ kind, followedBy }: AdmissionView): string {
  return followedBy.length === 0 ? kind : `${kind} → ${followedBy.join(', ')}`;
}

function Detail({ row }: { readonly row: AdmissionView }): ReactNode {
  const fixes = [...new Set(row.images.flatMap((image) => image.findings.flatMap(({ fix, verdict, mode }) => (fix === null || verdict === 'accepted' || (row.outcome === 'denied' && mode !== 'enforce') ? [] : [fix]))))];
  return (
    <article data-testid="admission" data-key={row.id}>
      <header className="stack">
        <div className="wrap-flow"><OutcomeText outcome={row.outcome} /><span className="quiet">{row.operation === 'UPDATE' ? 'change' : 'creation'} asked by {visible(row.user)}</span></div>
        <h2 className="panel-title">{row.kind} {row.namespace}/{row.name}</h2>
        <p>{outcomeLong[row.outcome]}</p>
        {row.failedOpen === null ? null : <p className="quiet">{visible(row.failedOpen)}</p>}
        {fixes.length === 0 ? null : <NextAction><ul className="plain-list">{fixes.map((fix) => <li key={fix} className="strong">{visible(`${fix.charAt(0).toUpperCase()}${fix.slice(1)}`)}</li>)}</ul></NextAction>}
      </header>
      {row.message === null ? null : <Section title="As it was told"><p className="mono">{visible(row.message)}</p></Section>}
      {row.warnings.length === 0 ? null : <Section title="Warnings"><ul className="plain-list">{row.warnings.map((one) => <li key={one} className="mono">{visible(one)}</li>)}</ul></Section>}
      <Section title="Images">{row.images.map((image) => <Image key={image.reference} image={image} />)}</Section>
      <Section title="Where and when">
        <Fields items={[
          ['Cluster', row.clusterName], row.workload === `${row.kind}/${row.name}` ? null : ['Belongs to', row.workload], row.followedBy.length === 0 ? null : ['The same for', `what it made: ${row.followedBy.join(', ')}`],
          ['Asked', <span key="count">{plural(row.count, 'time')}, first <Time at={row.since} />, last <Time at={row.at} /></span>],
        ]} />
      </Section>
    </article>
  );
}

function Image({ image }: { readonly image: AdmissionView['images'][number] }): ReactNode {
  return (
    <div className="stack">
      <p className="wrap-flow"><ImageText image={image.reference} whole />{image.digest === null ? <span className="unknown-mark hatched">digest not known</span> : <Digest digest={image.digest} />}{image.factsAgeSeconds === null ? null : <span className="unknown-mark">by what was known {lengthWords(image.factsAgeSeconds)} before: the hub did not answer</span>}</p>
      {image.findings.length === 0 ? <p className="quiet">No policy has anything against it.</p> : (
        <ul className="plain-list">
          {image.findings.map((one) => (
            <li key={`${one.policy} ${one.rule} ${one.sentence}`} className="wrap-flow">
              <ModeMark mode={one.mode} /><Link to={pathOf('/policies/:name', { name: one.policy })}>{one.policy}</Link><span className={one.verdict === 'unknown' ? 'unknown-mark hatched' : 'quiet'}>{one.verdict}</span>
              <span>{visible(one.sentence)}</span>{one.exception === null ? null : <span className="quiet">accepted by {one.exception}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

const sessionColumns = (userTo: (user: string) => string): readonly Column<ExecSessionView>[] => [
  { id: 'user', head: 'Who', minPx: 130, grow: 1, keep: 10, cell: (row) => <Link to={userTo(row.user)} className="plain-link strong cut" title={`Only ${row.user}`}>{visible(shortUser(row.user))}</Link> },
  { id: 'pod', head: 'Pod', minPx: 170, grow: 2, keep: 9, cell: (row) => <span className="cut" title={`${row.namespace}/${row.pod}, container ${row.container}`}>{row.namespace}/{row.pod} <span className="faint">{row.container}</span></span> },
  { id: 'command', head: 'Command', minPx: 180, grow: 4, keep: 8, cell: (row) => (row.attached ? <span className="quiet">attached to what runs</span> : <span className="mono cut" title={row.command.join(' ')}>{visible(row.command.join(' '))}</span>) },
  { id: 'cluster', head: 'Cluster', minPx: 96, grow: 1, keep: 3, cell: (row) => <span className="cut quiet">{row.clusterName}</span> },
  { id: 'at', head: 'When', minPx: 88, grow: 0, keep: 7, end: true, cell: (row) => <Time at={row.at} /> },
];

function Sessions({ user, link }: { readonly user: string | undefined; readonly link: (user: string | undefined) => string }): ReactNode {
  const list = usePages('listExecSessions', { user });
  const columns = useMemo(() => sessionColumns(link), [link]);
  const chips = user === undefined ? [] : [{ id: 'user', name: 'person', value: user, withoutTo: link(undefined) }];
  return <>{chips.length === 0 ? null : <FilterBar><Chips chips={chips} clearTo={link(undefined)} /></FilterBar>}<Table key={user ?? ''} label="Sessions" kind="session" noun={['session', 'sessions']} list={list} columns={columns} keyOf={keyOf} empty={<Empty title="Nobody came in"><p>With admission on, everybody who comes into a container by kubectl exec or attach stands here, and in the incidents of what they did.</p></Empty>} /></>;
}

function NoAdmissions({ filtered }: { readonly filtered: boolean }): ReactNode {
  if (filtered) return <Empty title="No decision matches" action={<Link to="/admissions" className="button">Clear the filters</Link>}><p>Other decisions may exist; the filters above hide them.</p></Empty>;
  return <Empty title="Nothing was asked yet" action={<Link to="/fleet" className="button">Fleet</Link>}><p>Here stands what admission answered. It needs a cluster with its cluster part and admission on (chart value cluster.admission.enabled), and policies with rules about images at deployment.</p></Empty>;
}
