/** j and k move through the cards of the risk summary; Enter follows the card that has the focus, as for any link. */
import { useRef, type RefObject } from 'react';
import { useKeys } from '../../keyboard.tsx';

export function useCardKeys(cards: readonly unknown[]): RefObject<HTMLOListElement | null> {
  const list = useRef<HTMLOListElement>(null);
  useKeys((action) => {
    if (cards.length === 0 || (action.kind !== 'next' && action.kind !== 'previous')) return false;
    const links = [...(list.current?.querySelectorAll<HTMLElement>('[data-card-link]') ?? [])];
    const at = links.findIndex((link) => link.closest('li')?.contains(document.activeElement) === true);
    const next = at === -1 ? 0 : Math.max(0, Math.min(links.length - 1, at + (action.kind === 'next' ? 1 : -1)));
    links[next]?.focus();
    links[next]?.closest('li')?.scrollIntoView({ block: 'nearest' });
    return true;
  });
  return list;
}
