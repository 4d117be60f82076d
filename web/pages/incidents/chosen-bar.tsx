/** What can be done with several chosen incidents at once; each is changed on its own, and failures are counted. */
import { useState, type ReactNode } from 'react';
import { call, failureOf, type Failure } from '../../client.ts';
import { renew } from '../../data.ts';
import { useMay } from '../../session.tsx';
import { plural } from '../../view/numbers.ts';
import './incidents.css';

export function ChosenBar({ chosen, clear }: { readonly chosen: ReadonlySet<string>; readonly clear: () => void }): ReactNode {
  const may = useMay('triage');
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  if (chosen.size === 0 && failures.length === 0) return null;
  const change = async (body: { readonly state?: 'acknowledged' | 'closed' | 'open'; readonly verdict?: 'confirmed' | 'false-positive' }): Promise<void> => {
    setBusy(true);
    const results = await Promise.allSettled([...chosen].map((id) => call('updateIncident', { params: { id }, body })));
    setFailures(results.flatMap((result) => (result.status === 'rejected' ? [failureOf(result.reason)] : [])));
    setBusy(false);
    clear();
    await renew(new Set(['listIncidents', 'getIncident', 'risk']));
  };
  return (
    <div className="chosen-bar" role="status" data-testid="chosen-bar">
      <span className="strong">{plural(chosen.size, 'incident')} chosen</span>
      {may ? (
        <>
          <button type="button" className="button" disabled={busy || chosen.size === 0} onClick={() => void change({ state: 'acknowledged' })}>Acknowledge</button>
          <button type="button" className="button" disabled={busy || chosen.size === 0} onClick={() => void change({ state: 'closed' })}>Close</button>
          <button type="button" className="button" disabled={busy || chosen.size === 0} onClick={() => void change({ state: 'open' })}>Reopen</button>
          <button type="button" className="button" disabled={busy || chosen.size === 0} onClick={() => void change({ verdict: 'confirmed' })}>Confirm</button>
          <button type="button" className="button" disabled={busy || chosen.size === 0} onClick={() => void change({ verdict: 'false-positive', state: 'closed' })}>False positive</button>
        </>
      ) : <span className="quiet">Your role may look, not change.</span>}
      <button type="button" className="button is-bare" onClick={() => { clear(); setFailures([]); }}>Choose none</button>
      {failures.length === 0 ? null : <span role="alert">{plural(failures.length, 'change')} refused: {failures[0]!.message}</span>}
    </div>
  );
}
