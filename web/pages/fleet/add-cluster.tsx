/** Add a cluster: makes a one-time token for a cluster part and shows the one command to run against the cluster. */
import type { ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Command, Time } from '../../parts/text.tsx';
import { helmCommand, joinAddress, leadsToItself } from '../../view/join-address.ts';
import { OnlyHere } from './add-host.tsx';
import { JoinForm } from './join-form.tsx';

const lifetimes = [[60, '1 hour'], [480, '8 hours'], [1440, '1 day']] as const;

export function AddCluster({ onClose }: { readonly onClose: () => void }): ReactNode {
  const make = useChange('createJoinToken', ['listClusters']);
  if (make.data !== undefined) {
    const address = joinAddress(make.data.token);
    return (
      <Dialog title={`Install it in ${make.data.cluster}`} onClose={onClose} wide>
        <Command text={helmCommand(make.data.token)} />
        <p>Run it in a copy of this version’s sources, where <code className="mono">kubectl</code> speaks to the cluster, with the registry that holds the images of cluster part and sensor. The token in it works once and ends <Time at={make.data.expiresAt} />. It is shown only now.</p>
        {address === null ? null : leadsToItself(address) ? <OnlyHere address={address} /> : <p>The cluster must reach the hub at <code className="mono">{address}</code>. Its nodes need no way to the hub: their sensors speak through the cluster part.</p>}
        <p className="quiet">It installs one Deployment that watches the cluster, and a sensor on every node. It reads no Secrets and no ConfigMaps. The cluster appears on this page when its part connects, about a minute later.</p>
        <DialogActions><button type="button" className="button is-main" onClick={onClose}>Done</button></DialogActions>
      </Dialog>
    );
  }
  return (
    <JoinForm title="Add a cluster" about="This makes a token that lets one Kubernetes cluster join, and shows the command to install it there." label="What the cluster is called here" name="" placeholder="production" lifetimes={lifetimes} busy={make.isPending} error={make.error}
      onMake={(cluster, validMinutes) => make.mutate({ body: { cluster, part: 'cluster', validMinutes } })} onClose={onClose} />
  );
}
