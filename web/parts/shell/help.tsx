/** The keys of the console, opened with `?`. */
import { useState, type ReactNode } from 'react';
import { useKeys } from '../../keyboard.tsx';
import { destinations } from '../../view/keys.ts';
import { Icon } from '../icons.tsx';
import { Dialog } from '../overlay.tsx';

const rows: readonly (readonly [readonly string[], string])[] = [
  [['/'], 'Search'], [['j'], 'Next row'], [['k'], 'Previous row'], [['Enter'], 'Open the row'], [['x'], 'Choose the row'], [['Esc'], 'Close the panel'], [['?'], 'This list'],
];

export function HelpButton(): ReactNode {
  const [open, setOpen] = useState(false);
  useKeys((action) => {
    if (action.kind !== 'help') return false;
    setOpen(true);
    return true;
  });
  return (
    <>
      <button type="button" className="rail-item" onClick={() => setOpen(true)} data-testid="help"><Icon name="keys" /><span className="rail-word">Keys</span><kbd className="key rail-key">?</kbd></button>
      {open ? <HelpDialog onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function HelpDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="help">
        <dl>{rows.map(([keys, what]) => <div key={what}><dt>{keys.map((key) => <kbd key={key} className="key">{key}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
        <dl>{destinations.map((one) => <div key={one.key}><dt><kbd className="key">g</kbd><kbd className="key">{one.key}</kbd></dt><dd>{one.word}</dd></div>)}</dl>
      </div>
    </Dialog>
  );
}
