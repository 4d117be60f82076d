/**
 * One listener for the keyboard of the whole console. Pages and parts say what they do with an action while they are
 * on screen; the one that came last is asked first. Dialogs keep the keyboard to themselves.
 */
import { useEffect, useRef } from 'react';
import { noKeys, pressKey, type Action } from './view/keys.ts';

/** Returns true when it did something with the action. */
type Handler = (action: Action) => boolean;

const handlers: { current: Handler }[] = [];
let keys = noKeys;

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement ? target.type !== 'checkbox' && target.type !== 'radio' : target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href], summary, input, select, textarea') !== null;
}

function take(event: KeyboardEvent): void {
  if (document.querySelector('dialog[open]') !== null) return;
  const pressed = pressKey(keys, {
    key: event.key, withModifier: event.ctrlKey || event.metaKey || event.altKey, inField: isField(event.target), onControl: isControl(event.target),
  });
  keys = pressed.state;
  if (pressed.action === null) return;
  for (const handler of handlers.toReversed()) {
    if (!handler.current(pressed.action)) continue;
    event.preventDefault();
    return;
  }
}

export function useKeys(handler: Handler): void {
  const held = useRef(handler);
  useEffect(() => {
    held.current = handler;
  });
  useEffect(() => {
    if (handlers.length === 0) document.addEventListener('keydown', take);
    handlers.push(held);
    return () => {
      handlers.splice(handlers.indexOf(held), 1);
      if (handlers.length === 0) document.removeEventListener('keydown', take);
    };
  }, []);
}
