/** A password that was made by the hub, shown once. */
import type { ReactNode } from 'react';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { Command } from '../../parts/text.tsx';

export function PasswordShown({ name, password, onClose }: { readonly name: string; readonly password: string; readonly onClose: () => void }): ReactNode {
  return (
    <Dialog title={`Password of ${name}`} onClose={onClose} wide>
      <Command text={password} />
      <p>It is shown only now. Hand it over in a way that others do not read, and ask {name} to change it after signing in.</p>
      <DialogActions><button type="button" className="button is-main" onClick={onClose}>Done</button></DialogActions>
    </Dialog>
  );
}
