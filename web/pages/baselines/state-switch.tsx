/** Learn, watch, enforce. Enforcing says first what it stops and what it cannot; back to watching is one click. */
import { useState, type ReactNode } from 'react';
import type { BaselineDetailView } from '@vedette/model/api/baselines';
import { baselineStates, type BaselineState } from '@vedette/model/baseline-words';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { baselineStateWords, workloadWords } from '../../view/baseline-words.ts';
import { plural } from '../../view/numbers.ts';
import '../../parts/mode-switch.css';

export function StateSwitch({ baseline, may }: { readonly baseline: BaselineDetailView; readonly may: boolean }): ReactNode {
  const [asking, setAsking] = useState<BaselineState | null>(null);
  const change = useChange('setBaselineState', ['getBaseline', 'listBaselines']);
  const close = (): void => {
    setAsking(null);
    change.reset();
  };
  const set = (state: BaselineState): void => change.mutate({ params: { id: baseline.id }, body: { state } }, { onSuccess: () => setAsking(null) });
  const choose = (state: BaselineState): void => {
    if (state === baseline.state) return;
    // stepping back from enforcing must be fast
    if (state === 'watch' && baseline.state === 'enforce') set(state);
    else setAsking(state);
  };
  return (
    <div className="stack">
      <div className="mode-switch" role="radiogroup" aria-label="State" data-testid="state-switch">
        {baselineStates.map((state) => (
          <button key={state} type="button" role="radio" aria-checked={state === baseline.state} disabled={!may || change.isPending} className="mode-option" onClick={() => choose(state)} data-testid={`state-${state}`}>{baselineStateWords[state]}</button>
        ))}
      </div>
      {may ? null : <p className="quiet small">Your role may look at baselines here, not change them.</p>}
      {asking === null ? <FormProblem error={change.error} /> : <Ask baseline={baseline} state={asking} busy={change.isPending} error={change.error} set={() => set(asking)} onClose={close} />}
    </div>
  );
}

const actions: Readonly<Record<BaselineState, string>> = { learn: 'Learn again', watch: 'Watch', enforce: 'Enforce' };

interface AskProps {
  readonly baseline: BaselineDetailView;
  readonly state: BaselineState;
  readonly busy: boolean;
  readonly error: unknown;
  readonly set: () => void;
  readonly onClose: () => void;
}

function Ask({ baseline, state, busy, error, set, onClose }: AskProps): ReactNode {
  const titles: Readonly<Record<BaselineState, string>> = { learn: 'Learn again?', watch: 'End learning?', enforce: 'Enforce this baseline?' };
  const cannot = state === 'enforce' && !baseline.enforcement.possible;
  return (
    <Dialog title={titles[state]} onClose={onClose} wide={state === 'enforce'}>
      <Consequence baseline={baseline} state={state} />
      <FormProblem error={error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Leave it as it is</button>
        <button type="button" className={`button ${state === 'enforce' ? 'is-grave' : 'is-main'}`} disabled={busy || cannot} onClick={set} data-testid="set-state">{cannot ? 'Nothing of it can be enforced' : actions[state]}</button>
      </DialogActions>
    </Dialog>
  );
}

function Consequence({ baseline, state }: Pick<AskProps, 'baseline' | 'state'>): ReactNode {
  const { enforcement, blind, wholeStart } = baseline;
  switch (state) {
    case 'learn':
      return <><p>What is new belongs to it again and is told no longer. What stands outside now stays there until somebody takes it in.</p><p className="quiet">To undo: choose Watched; what was learned meanwhile stays in it, and can be taken out by editing.</p></>;
    case 'watch':
      return (
        <>
          <p>From then on it stays as it is, and what {workloadWords(baseline)} does beside it is a detection.</p>
          {wholeStart && blind.intervals === 0 ? null : <p><span className="unknown-mark hatched">incomplete</span> {wholeStart ? `There ${blind.intervals === 1 ? 'was' : 'were'} ${plural(blind.intervals, 'time')} in which nobody looked` : 'No start was seen whole'}: what happened then will be told as new.</p>}
          <p className="quiet">To undo: choose Learns again.</p>
        </>
      );
    case 'enforce':
      return (
        <>
          <ul className="plain-list">{enforcement.stops.map((one) => <li key={one}><b>Stops</b> {one}.</li>)}</ul>
          <ul className="plain-list quiet">{enforcement.cannotStop.map((one) => <li key={one.what}>Tells and does not stop {one.what}: {one.missing}.</li>)}</ul>
          <div className="ask-part"><h3 className="strong">To undo</h3><p>Choose Watched on this page: one click, sensors follow within seconds. What was killed until then stays ended.</p></div>
        </>
      );
    default:
      return state satisfies never;
  }
}
