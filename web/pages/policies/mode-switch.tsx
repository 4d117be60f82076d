/**
 * Off, shadow, enforce. Switching to enforce first shows what it will touch (what it would have killed so far, where
 * it can act and where not) and how to undo it; switching back from enforce is one click.
 */
import { useState, type ReactNode } from 'react';
import type { PolicyView } from '@vedette/model/api/views';
import type { PolicyMode } from '@vedette/model/policy';
import { shortId } from '@vedette/model/api/short-id';
import { useNow } from '../../clock.ts';
import { useApi, useChange } from '../../data.ts';
import { ModeMark } from '../../parts/marks.tsx';
import { BoneLines } from '../../parts/page.tsx';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { Link } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { enforceForecast } from '../../view/meters.ts';
import { mechanismWords } from '../../view/fleet.ts';
import { countWords, plural } from '../../view/numbers.ts';
import { hrefOf, pathOf } from '../../view/url.ts';
import { modeSentenceFor } from '../../view/stage-words.ts';
import { modeOrder } from '../../view/words.ts';
import '../../parts/mode-switch.css';

export function ModeSwitch({ policy }: { readonly policy: PolicyView }): ReactNode {
  const may = useMay('policy');
  const [asking, setAsking] = useState<PolicyMode | null>(null);
  const change = useChange('setPolicyMode', ['listPolicies', 'getPolicy']);
  const set = (mode: PolicyMode): void => change.mutate({ params: { name: policy.name }, body: { mode } }, { onSuccess: () => setAsking(null) });
  const choose = (mode: PolicyMode): void => {
    if (mode === policy.mode) return;
    // Turning protection on or off is asked about; stepping back to shadow must be fast.
    if (mode === 'shadow') set(mode);
    else setAsking(mode);
  };
  return (
    <div className="stack">
      <div className="mode-switch" role="radiogroup" aria-label="Mode" data-testid="mode-switch">
        {modeOrder.map((mode) => (
          <button key={mode} type="button" role="radio" aria-checked={mode === policy.mode} disabled={!may || change.isPending} className="mode-option" onClick={() => choose(mode)} data-testid={`mode-${mode}`}><ModeMark mode={mode} /></button>
        ))}
      </div>
      {may ? null : <p className="quiet small">Your role may look at policies, not change them.</p>}
      {asking === null ? <FormProblem error={change.error} /> : null}
      {asking === 'enforce' ? <EnforceDialog policy={policy} error={change.error} busy={change.isPending} enforce={() => set('enforce')} onClose={() => { setAsking(null); change.reset(); }} /> : null}
      {asking === 'off' ? <OffDialog policy={policy} error={change.error} busy={change.isPending} off={() => set('off')} onClose={() => { setAsking(null); change.reset(); }} /> : null}
    </div>
  );
}

interface AskProps {
  readonly policy: PolicyView;
  readonly error: unknown;
  readonly busy: boolean;
  readonly onClose: () => void;
}

function EnforceDialog(props: AskProps & { readonly enforce: () => void }): ReactNode {
  return props.policy.stages.includes('run') ? <EnforceRun {...props} /> : <EnforceImages {...props} />;
}

/** A policy about images kills nothing: it fails builds and refuses workloads. */
function EnforceImages({ policy, error, busy, enforce, onClose }: AskProps & { readonly enforce: () => void }): ReactNode {
  return (
    <Dialog title={`Enforce ${policy.name}?`} onClose={onClose}>
      <p className="forecast" data-testid="forecast">{modeSentenceFor('enforce', policy.stages)} What cannot be known of an image counts as broken.</p>
      <p>To see whom it meets first, choose an image under Explain on this page. What runs already is not touched.</p>
      <p className="quiet">To undo: choose Shadow; the next check goes by it.</p>
      <FormProblem error={error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>{policy.mode === 'off' ? 'Leave it off' : 'Stay in shadow'}</button>
        <button type="button" className="button is-grave" disabled={busy} onClick={enforce} data-testid="enforce">Enforce {policy.name}</button>
      </DialogActions>
    </Dialog>
  );
}

function EnforceRun({ policy, error, busy, enforce, onClose }: AskProps & { readonly enforce: () => void }): ReactNode {
  const forecast = enforceForecast(policy, useNow());
  return (
    <Dialog title={`Enforce ${policy.name}?`} onClose={onClose} wide>
      <p className={`forecast is-${forecast.level}`} data-testid="forecast">{forecast.sentence}</p>
      {policy.verdicts.wouldHaveKilled > 0 ? <WouldHaveKilled policy={policy} /> : null}
      <Reach policy={policy} />
      <div className="ask-part"><h3 className="strong">To undo</h3><p>Choose Shadow on this page: one click, sensors follow within seconds. What was killed until then stays ended; what restarts it is its own supervisor.</p></div>
      <FormProblem error={error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>{policy.mode === 'off' ? 'Leave it off' : 'Stay in shadow'}</button>
        <button type="button" className="button is-grave" disabled={busy} onClick={enforce} data-testid="enforce">Enforce {policy.name}</button>
      </DialogActions>
    </Dialog>
  );
}

const incidentsShown = 6;

function WouldHaveKilled({ policy }: { readonly policy: PolicyView }): ReactNode {
  const { data } = useApi('listIncidents', { query: { source: policy.name, outcome: 'would-have-killed', state: 'all', limit: incidentsShown } });
  const incidents = data?.items;
  const more = (data?.total ?? 0) - incidentsShown;
  return (
    <div className="ask-part">
      <h3 className="strong">It would have killed</h3>
      {incidents === undefined ? <BoneLines count={3} height={28} /> : null}
      <ul className="would">
        {incidents?.map((incident) => (
          <li key={incident.id}><span className="number">{countWords(incident.count)}</span><Link to={pathOf('/incidents/:id', { id: incident.id })} className="cut">{incident.title}</Link><span className="cut quiet">{incident.containerName ?? (incident.containerId === null ? incident.hostname : shortId(incident.containerId))}</span></li>
        ))}
      </ul>
      {more > 0 ? <p><Link to={hrefOf('/incidents', { source: policy.name, outcome: 'would-have-killed', state: 'all' })}>and {countWords(more)} more</Link></p> : null}
      {incidents?.length === 0 ? <p className="quiet">The incidents behind this number are no longer kept.</p> : null}
    </div>
  );
}

/** Where it will act, and where it cannot: the sensors' mechanisms in their own words. */
function Reach({ policy }: { readonly policy: PolicyView }): ReactNode {
  const sensors = useApi('listSensors', {}).data?.items;
  const mechanisms = new Map<string, number>();
  for (const { enforcement } of sensors ?? []) {
    const words = mechanismWords(enforcement.mechanism);
    mechanisms.set(words, (mechanisms.get(words) ?? 0) + 1);
  }
  const unable = policy.kernelForm.filter((rule) => rule.action === 'kill' && rule.form === null);
  return (
    <div className="ask-part">
      <h3 className="strong">Where it acts</h3>
      <p>In force on {countWords(policy.inForce.sensors)} of {plural(policy.inForce.sensorsTotal, 'sensor')}. {[...mechanisms].map(([mechanism, count]) => `${plural(count, 'sensor')}: ${mechanism}`).join('; ')}{mechanisms.size > 0 ? '.' : ''}</p>
      {policy.inForce.problems.map((problem) => <p key={problem} className="quiet">{problem}</p>)}
      {unable.map((rule) => <p key={rule.rule} className="quiet">Rule {rule.rule} cannot kill: {rule.problem ?? 'it has no kernel form'}</p>)}
    </div>
  );
}

function OffDialog({ policy, error, busy, off, onClose }: AskProps & { readonly off: () => void }): ReactNode {
  return (
    <Dialog title={`Switch ${policy.name} off?`} onClose={onClose}>
      <p>{policy.mode === 'enforce' ? 'From then on nothing is stopped by it, and nothing is recorded.' : 'From then on nothing is recorded by it: a later look at what it would have done has a gap.'}</p>
      <p className="quiet">To undo: choose Shadow or Enforce again. {policy.mode === 'enforce' ? 'Shadow would stop the killing and keep the record.' : ''}</p>
      <FormProblem error={error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Leave it on</button>
        <button type="button" className="button is-main" disabled={busy} onClick={off}>Switch off</button>
      </DialogActions>
    </Dialog>
  );
}
