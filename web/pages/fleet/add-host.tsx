/** Add a host: makes a one-time token and shows the one command to run there. The token is shown once and ends soon. */
import { useState, type FormEvent, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { joinAddress, leadsToItself } from '../../view/join-address.ts';

const lifetimes = [[15, '15 minutes'], [60, '1 hour'], [480, '8 hours'], [1440, '1 day']] as const;

export function AddHost({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [cluster, setCluster] = useState('hosts');
  const [minutes, setMinutes] = useState(60);
  const make = useChange('createJoinToken');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    make.mutate({ body: { cluster, validMinutes: minutes } });
  };
  if (make.data !== undefined) {
    const address = joinAddress(make.data.token);
    return (
      <Dialog title="Run this on the host, as root" onClose={onClose} wide>
        <Command text={make.data.command} />
        <p>It joins one sensor to {make.data.cluster}. The token in it works once and ends <Time at={make.data.expiresAt} />. It is shown only now.</p>
        {address === null ? null : leadsToItself(address) ? <OnlyHere address={address} /> : <p>The host must reach the hub at <code className="mono">{address}</code>.</p>}
        <p className="quiet">The host appears in this list when its sensor connects, about a minute later. Nothing has to be opened on the host: the sensor calls the hub. It needs root and Linux 5.8 or later with BTF.</p>
        <DialogActions><button type="button" className="button is-main" onClick={onClose}>Done</button></DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title="Add a host" onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <p>This makes a token that lets one sensor join, and shows the command to run on the host.</p>
        <label><span className="label">Cluster the host belongs to</span><input className="input" required maxLength={100} value={cluster} onChange={(event) => setCluster(event.target.value)} /></label>
        <label><span className="label">The token works for</span>
          <select className="input" value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>{lifetimes.map(([value, word]) => <option key={value} value={value}>{word}</option>)}</select>
        </label>
        <FormProblem error={make.error} />
        <DialogActions>
          <button type="button" className="button" onClick={onClose}>Cancel</button>
          <button type="submit" className="button is-main" disabled={make.isPending || cluster.trim() === ''} data-testid="make-token">Make the token</button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** The hub listens for sensors on its own machine only, as it does unless told otherwise. */
export function OnlyHere({ address }: { readonly address: string }): ReactNode {
  return (
    <div className="next-action stack" data-testid="only-here">
      <p><span className="strong">This token works only on the hub's own machine:</span> it leads to <code className="mono">{address}</code>. For another host, start the hub so that sensors reach it, then make a new token:</p>
      <Command text="vedette up --link-host 0.0.0.0 --link-name HUB.EXAMPLE.ORG" />
    </div>
  );
}
