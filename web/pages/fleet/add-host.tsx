/** Add a host: makes a one-time token and shows the one command to run there. The token is shown once and ends soon. */
import type { ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { joinAddress, leadsToItself } from '../../view/join-address.ts';
import { JoinForm } from './join-form.tsx';

const lifetimes = [[15, '15 minutes'], [60, '1 hour'], [480, '8 hours'], [1440, '1 day']] as const;

export function AddHost({ onClose }: { readonly onClose: () => void }): ReactNode {
  const make = useChange('createJoinToken');
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
    <JoinForm title="Add a host" about="This makes a token that lets one sensor join, and shows the command to run on the host." label="Cluster the host belongs to" name="hosts" lifetimes={lifetimes} busy={make.isPending} error={make.error}
      onMake={(cluster, validMinutes) => make.mutate({ body: { cluster, validMinutes } })} onClose={onClose} />
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
