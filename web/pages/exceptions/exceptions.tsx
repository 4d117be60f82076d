/**
 * Exceptions from policies: what is accepted, why, whose it is, until when, and whether it counts. Made by one person, approved by another;
 * what has expired or waits for approval stands first, since it does not do what somebody thinks it does.
 */
import { useState, type ReactNode } from 'react';
import type { ExceptionView } from '@vedette/model/api/checks';
import { useApi, useChange } from '../../data.ts';
import { Choices, FilterBar } from '../../parts/filters.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Bone, BoneLines, Empty, Page } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { Fields, Time } from '../../parts/text.tsx';
import { go, useFilters } from '../../router.tsx';
import { useMay, useSession } from '../../session.tsx';
import { exceptionOrder, exceptionParts, exceptionWords } from '../../view/stage-words.ts';
import { hrefOf, oneOf, text } from '../../view/url.ts';
import { NewException } from './new-exception.tsx';
import './exceptions.css';

const filters = { make: text(100), ended: oneOf(['include'], undefined) };

export function ExceptionsPage(): ReactNode {
  const [{ make, ended }] = useFilters(filters);
  const { data, error, refetch } = useApi('listExceptions', { query: { ended: ended === 'include' ? 'include' : 'exclude' } });
  const [making, setMaking] = useState(make !== undefined);
  const may = useMay('policy');
  const button = may ? <button type="button" className="button is-main" onClick={() => setMaking(true)} data-testid="new-exception"><Icon name="plus" size={14} />New exception</button> : undefined;
  const rows = data?.items.toSorted((a, b) => exceptionOrder.indexOf(a.state) - exceptionOrder.indexOf(b.state) || a.spec.expiresAt.localeCompare(b.spec.expiresAt));
  const close = (): void => {
    setMaking(false);
    if (make !== undefined) go('/exceptions', { replace: true });
  };
  return (
    <Page title="Exceptions" sentence={<Sentence items={data?.items} />} actions={button} note="An exception is accepted risk with an owner and an end. It counts at build, at deployment and at run time alike.">
      <FilterBar><Choices label="Ended ones" options={[{ id: 'in-use', label: 'In use', to: '/exceptions', chosen: ended === undefined }, { id: 'all', label: 'With ended', to: hrefOf('/exceptions', { ended: 'include' }), chosen: ended !== undefined }]} /></FilterBar>
      {rows === undefined ? (error === null ? <BoneLines count={5} height={72} /> : <ProblemBox error={error} again={() => void refetch()} />) : null}
      {rows?.length === 0 ? <Empty title="There is no exception" action={button}><p>Where a policy is right but its answer must wait, an exception accepts named vulnerabilities, packages or a whole rule, for named images, until a day. Another person approves it.</p></Empty> : null}
      <ul className="exceptions">{rows?.map((one) => <Card key={`${one.name}${one.createdAt}`} exception={one} />)}</ul>
      {making ? <NewException policy={make ?? null} onClose={close} /> : null}
    </Page>
  );
}

function Sentence({ items }: { readonly items: readonly ExceptionView[] | undefined }): ReactNode {
  if (items === undefined) return <Bone width={320} height={18} />;
  const [first, ...others] = exceptionParts(items.map((one) => one.state));
  return <><b>{first}</b>{others.map((part) => `, ${part}`).join('')}.</>;
}

function Card({ exception }: { readonly exception: ExceptionView }): ReactNode {
  const { spec, state, stateReason, approval, ended } = exception;
  const accepts = [...(spec.scope.vulnerabilities ?? []), ...(spec.scope.packages ?? [])];
  return (
    <li className={`exception is-${state}`} data-testid="exception" data-key={exception.name} data-state={state}>
      <div className="exception-head">
        <span className="exception-state">{exceptionWords[state]}</span>
        <span className="strong wrap-anywhere">{exception.name}</span>
        <Actions exception={exception} />
      </div>
      <p className="wrap-anywhere">{spec.reason}</p>
      {stateReason === null || state === 'ended' ? null : <p className="exception-why">It does not count: {stateReason}.</p>}
      <Fields items={[
        ['Policies', spec.scope.policies?.join(', ') ?? 'none'],
        ['Accepts', accepts.length === 0 ? 'the whole rule' : accepts.join(', ')],
        ['Images', spec.scope.images === undefined ? 'every image' : spec.scope.images.join(', ')],
        spec.scope.stages === undefined ? null : ['Stages', spec.scope.stages.join(', ')],
        ['Owner', spec.owner],
        ['Until', spec.expiresAt],
        ['Written', <span key="written">by {exception.author}, <Time at={exception.updatedAt} /></span>],
        ['Approved', approval === null ? <span key="approved" className="faint">by nobody yet</span> : <span key="approved">by {approval.by}, <Time at={approval.at} />{approval.reference === null ? '' : `, ${approval.reference}`}</span>],
        ended === null ? null : ['Ended', <span key="ended">by {ended.by}, <Time at={ended.at} /></span>],
      ]} />
    </li>
  );
}

function Actions({ exception }: { readonly exception: ExceptionView }): ReactNode {
  const may = useMay('policy');
  const { user } = useSession();
  const [asking, setAsking] = useState<'approve' | 'end' | 'edit' | null>(null);
  if (!may || exception.state === 'ended') return null;
  const isOwn = exception.author === user;
  const close = (): void => setAsking(null);
  return (
    <span className="exception-actions">
      {exception.approval !== null ? null : <button type="button" className="button is-small" disabled={isOwn} title={isOwn ? 'You wrote it: another person must approve it' : undefined} onClick={() => setAsking('approve')} data-testid="approve-exception">{isOwn ? 'Another person approves' : 'Approve'}</button>}
      <button type="button" className="button is-bare is-small" onClick={() => setAsking('edit')}>Change</button>
      <button type="button" className="button is-bare is-small" onClick={() => setAsking('end')} data-testid="end-exception">End</button>
      {asking === 'approve' ? <Approve exception={exception} onClose={close} /> : null}
      {asking === 'end' ? <End exception={exception} onClose={close} /> : null}
      {asking === 'edit' ? <NewException policy={null} yaml={exception.yaml} onClose={close} /> : null}
    </span>
  );
}

function Approve({ exception, onClose }: { readonly exception: ExceptionView; readonly onClose: () => void }): ReactNode {
  const [reference, setReference] = useState('');
  const approve = useChange('approveException', ['listExceptions']);
  const submit = (): void => approve.mutate({ params: { name: exception.name }, body: { updatedAt: exception.updatedAt, ...(reference.trim() === '' ? {} : { reference: reference.trim() }) } }, { onSuccess: onClose });
  return (
    <Dialog title={`Approve ${exception.name}?`} onClose={onClose}>
      <p>From then on, until {exception.spec.expiresAt}, what it accepts no longer fails a build, refuses a workload or raises a violation. {exception.author} wrote it: {exception.spec.reason}</p>
      <label><span className="label">Ticket or decision (may be empty)</span><input className="input" maxLength={500} value={reference} onChange={(event) => setReference(event.target.value)} /></label>
      <FormProblem error={approve.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-main" disabled={approve.isPending} onClick={submit} data-testid="approve">Approve</button>
      </DialogActions>
    </Dialog>
  );
}

function End({ exception, onClose }: { readonly exception: ExceptionView; readonly onClose: () => void }): ReactNode {
  const end = useChange('endException', ['listExceptions']);
  return (
    <Dialog title={`End ${exception.name}?`} onClose={onClose}>
      <p>What it accepted counts again from now on. It stays in the list of ended ones.</p>
      <p className="quiet">To undo: make it again; another person must approve it.</p>
      <FormProblem error={end.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Keep it</button>
        <button type="button" className="button is-grave" disabled={end.isPending} onClick={() => end.mutate({ params: { name: exception.name } }, { onSuccess: onClose })}>End {exception.name}</button>
      </DialogActions>
    </Dialog>
  );
}
