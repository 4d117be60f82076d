/**
 * What lies over the page: dialogs for decisions, menus and pop-ups for what a badge knows. The browser's own dialog
 * holds the focus; Escape and a click outside close both.
 */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { Icon } from './icons.tsx';
import './overlay.css';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, wide = false }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog} className={`dialog ${wide ? 'is-wide' : ''}`} aria-labelledby={heading} data-testid="dialog"
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onPointerDown={(event) => { if (event.target === dialog.current) onClose(); }}
    >
      <div className="dialog-body">
        <div className="dialog-head">
          <h2 id={heading} className="dialog-title">{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}><Icon name="cross" size={14} /></button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

export function DialogActions({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="dialog-actions">{children}</div>;
}

interface PopProps {
  readonly label: string;
  readonly trigger: ReactNode;
  readonly children: (close: () => void) => ReactNode;
  readonly className?: string;
  readonly testId?: string;
}

/** A button that opens a small panel below itself. */
export function Pop({ label, trigger, children, className = '', testId }: PopProps): ReactNode {
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const id = useId();
  const close = (): void => setOpen(false);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('keydown', escape, true);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('keydown', escape, true);
    };
  }, [open]);
  return (
    <div className={`pop ${className}`} ref={root}>
      <button ref={button} type="button" className="pop-button" aria-expanded={open} aria-controls={id} data-testid={testId} onClick={() => setOpen(!open)}><span className="unseen">{label}</span>{trigger}</button>
      {open ? <div className="pop-panel" id={id} role="group" aria-label={label}>{children(close)}</div> : null}
    </div>
  );
}
