/** Images that run or were checked: where each came from, in short, and what is wrong with that. What nobody was asked about is said to be unknown. */
import { useMemo, type ReactNode } from 'react';
import type { ImageView } from '@vedette/model/api/origin';
import { integrityKinds } from '@vedette/model/origin';
import { useApi, usePages } from '../../data.ts';
import { Choices, FilterBar, FilterText } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Bone, Empty, Page } from '../../parts/page.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { ImageText, Time } from '../../parts/text.tsx';
import { Tip } from '../../parts/tip.tsx';
import '../../parts/verdict.css';
import { Link, useFilters } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { shortDigest } from '../../view/cut.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { standingOf, unknownOf, verdictWords, violatedOf } from '../../view/origin.ts';
import { oneOf, pathOf, text } from '../../view/url.ts';

const filters = { q: text(200), verdict: oneOf(integrityKinds, undefined), state: oneOf(['running'], undefined) };
const imageKey = (row: ImageView): string => row.id;
const imagePath = (row: ImageView): string => pathOf('/images/:id', { id: row.id });

export function ImagesPage(): ReactNode {
  const [{ q, verdict, state }, set, link] = useFilters(filters);
  const query = { search: q, verdict, state: state ?? 'all' };
  const list = usePages('listImages', query);
  const columns = useMemo(() => imageColumns(), []);
  const verdictOptions = [{ id: 'any', label: 'Any', to: link({ verdict: undefined }), chosen: verdict === undefined }, ...integrityKinds.map((kind) => ({ id: kind, label: verdictWords[kind], to: link({ verdict: kind }), chosen: verdict === kind }))];
  return (
    <Page title="Images" sentence={<Sentence />} note="Where what runs came from: registry, build, commit, signer. Each answer has its source and its age; no answer is never a good one.">
      <FilterBar>
        <FilterText label="Reference or digest" value={q} onChange={(value) => set({ q: value }, { replace: true })} />
        <Choices label="Which images" options={[{ id: 'all', label: 'All', to: link({ state: undefined }), chosen: state === undefined }, { id: 'running', label: 'Running', to: link({ state: 'running' }), chosen: state === 'running' }]} />
        <Choices label="Violated" options={verdictOptions} />
      </FilterBar>
      <Table key={JSON.stringify(query)} label="Images" kind="image" noun={['image', 'images']} list={list} columns={columns} keyOf={imageKey} linkOf={imagePath} empty={<NoImages filtered={q !== undefined || verdict !== undefined || state !== undefined} />} />
    </Page>
  );
}

function Sentence(): ReactNode {
  const { data } = useApi('listImages', { query: { state: 'running', limit: 200 } });
  if (data === undefined) return <Bone width={420} height={18} />;
  const total = data.total ?? data.items.length;
  if (total === 0) return <>No image is known to run.</>;
  const standing = Map.groupBy(data.items, standingOf);
  const wrong = (standing.get('violated')?.length ?? 0) + (standing.get('conflict')?.length ?? 0);
  const open = (standing.get('unknown')?.length ?? 0) + (standing.get('unasked')?.length ?? 0);
  const known = wrong === 0 ? <>Nothing is known to be wrong with {plural(total, 'running image')}</> : <>Something is wrong with <b>{countWords(wrong)} of {plural(total, 'running image')}</b></>;
  return <>{known}{open === 0 ? '.' : <>; <b>{countWords(open)}</b> {open === 1 ? 'is' : 'are'} not wholly known.</>}</>;
}

function imageColumns(): readonly Column<ImageView>[] {
  return [
    { id: 'image', head: 'Image', minPx: 132, grow: 5, keep: 10, cell: (row) => <><Icon name="image" size={14} /><Link to={imagePath(row)} tabIndex={-1} className="plain-link strong image-cell">{row.problem === null ? <ImageText image={row.reference} /> : <span className="cut">{row.reference}</span>}</Link></> },
    { id: 'verdicts', head: 'Integrity', minPx: 186, grow: 2, keep: 9, cell: (row) => <Verdicts image={row} /> },
    { id: 'digest', head: 'Digest', minPx: 108, grow: 0, keep: 4, cell: (row) => (row.digest === null ? <span className="faint">tag only</span> : <Tip content={<code className="mono">{row.digest}</code>}><code className="mono">{shortDigest(row.digest)}</code></Tip>) },
    { id: 'places', head: 'Runs in', minPx: 92, grow: 0, keep: 8, end: true, cell: (row) => (row.containers === 0 ? <span className="faint">nowhere now</span> : <Tip content={`${plural(row.containers, 'container')} of ${plural(row.workloads, 'workload')}`}><span>{countWords(row.containers)}</span></Tip>) },
    { id: 'build', head: 'Build', minPx: 110, grow: 2, keep: 5, cell: (row) => <Known text={row.build} /> },
    { id: 'commit', head: 'Commit', minPx: 106, grow: 1, keep: 6, cell: (row) => (row.commit === null ? <Known text={null} /> : <code className="mono cut">{row.commit.slice(0, 12)}</code>) },
    { id: 'signer', head: 'Signer', minPx: 110, grow: 2, keep: 7, cell: (row) => <Known text={row.signer} /> },
    { id: 'checks', head: 'Checks', minPx: 64, grow: 0, keep: 2, end: true, cell: (row) => <span className={row.checks === 0 ? 'faint' : ''}>{countWords(row.checks)}</span> },
    { id: 'asked', head: 'Asked', minPx: 88, grow: 0, keep: 3, end: true, cell: (row) => (row.problem === null ? <Time at={row.askedAt} absent="not yet" /> : <span className="faint">cannot be</span>) },
  ];
}

function Known({ text: value }: { readonly text: string | null }): ReactNode {
  return value === null ? <span className="faint">not known</span> : <span className="cut" title={value}>{value}</span>;
}

function Verdicts({ image }: { readonly image: ImageView }): ReactNode {
  const violated = violatedOf(image.verdicts);
  const open = unknownOf(image.verdicts);
  const standing = standingOf(image);
  switch (standing) {
    case 'violated': return <Tip content={<span className="tip-lines">{violated.map((one) => <span key={one.kind}>{verdictWords[one.kind]}: {one.sentence}</span>)}</span>}><span className="verdict-cell"><span className="verdict-mark is-violated"><Icon name="cross" size={12} /><span className="cut">{verdictWords[violated[0]!.kind]}</span>{violated.length > 1 ? ` +${violated.length - 1}` : null}</span></span></Tip>;
    case 'conflict': return <Tip content={image.conflicts.join('; ')}><span className="verdict-cell verdict-mark is-violated"><Icon name="incidents" size={12} />sources contradict</span></Tip>;
    case 'unknown': return <Tip content={<span className="tip-lines">{open.map((one) => <span key={one.kind}>{verdictWords[one.kind]}: {one.sentence}</span>)}</span>}><span className="unknown-mark hatched">{plural(open.length, 'unknown', 'unknown')} of {image.verdicts.length}</span></Tip>;
    case 'unasked': return <Tip content={image.problem ?? 'Its turn to be asked about has not come yet.'}><span className="unknown-mark hatched">not asked</span></Tip>;
    case 'holds': return <span className="verdict-mark is-holding"><Icon name="check" size={12} />all hold</span>;
    default: return standing satisfies never;
  }
}

function NoImages({ filtered }: { readonly filtered: boolean }): ReactNode {
  const may = useMay('admin');
  if (filtered) return <Empty title="No image matches" action={<Link to="/images" className="button">Clear the filters</Link>}><p>Others exist; the filters above hide them.</p></Empty>;
  return (
    <Empty title="No image is known yet" action={may ? <Link to="/settings" className="button is-main">Integrations</Link> : undefined}>
      <p>An image appears here when a container of it runs under a sensor, when <code className="mono">vedette check --hub</code> keeps a result of it, or when admission asks for it.</p>
      <p>Registries, signing keys, Artifactory and Xray are asked only when they are configured.</p>
    </Empty>
  );
}
