/**
 * Tooltips: a few lines of evidence beside the thing that is pointed at or focused. They never hold what cannot be
 * read elsewhere, never take the pointer, and stay inside the window.
 */
import { useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import './tip.css';

const delayMs = 250;
const edgePx = 8;

interface TipProps {
  readonly content: ReactNode;
  readonly children: ReactNode;
  /** For marks that are not inside a link or button: makes them reachable by keyboard. */
  readonly focusable?: boolean;
  readonly className?: string;
  readonly label?: string;
}

export function Tip({ content, children, focusable = false, className = '', label }: TipProps): ReactNode {
  const id = useId();
  const anchor = useRef<HTMLSpanElement>(null);
  const timer = useRef<number>(undefined);
  const [open, setOpen] = useState(false);
  const show = (): void => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setOpen(true), delayMs);
  };
  const hide = (): void => {
    window.clearTimeout(timer.current);
    setOpen(false);
  };
  const named = label === undefined ? {} : { role: 'img', 'aria-label': label };
  return (
    <span
      ref={anchor} className={`tip-anchor ${className}`} {...named} {...(focusable ? { tabIndex: 0 } : {})} {...(open ? { 'aria-describedby': id } : {})}
      onPointerEnter={show} onPointerLeave={hide} onFocus={show} onBlur={hide} onPointerDown={hide}
    >
      {children}
      {open ? <Bubble id={id} anchor={anchor.current}>{content}</Bubble> : null}
    </span>
  );
}

function Bubble({ id, anchor, children }: { readonly id: string; readonly anchor: HTMLElement | null; readonly children: ReactNode }): ReactNode {
  const bubble = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (bubble.current === null || anchor === null) return;
    // The top layer: over dialogs, out of every scrolled box, and still inside the landmark it belongs to.
    if (!bubble.current.matches(':popover-open')) bubble.current.showPopover();
    const at = anchor.getBoundingClientRect();
    const size = bubble.current.getBoundingClientRect();
    const below = at.bottom + 6 + size.height <= window.innerHeight - edgePx;
    const left = Math.min(Math.max(edgePx, at.left + at.width / 2 - size.width / 2), window.innerWidth - size.width - edgePx);
    bubble.current.style.left = `${Math.max(edgePx, left)}px`;
    bubble.current.style.top = `${below ? at.bottom + 6 : Math.max(edgePx, at.top - 6 - size.height)}px`;
  }, [anchor, children]);
  return <span ref={bubble} id={id} role="tooltip" popover="manual" className="tip">{children}</span>;
}
