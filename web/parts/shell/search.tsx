/** The one search box: offers the lists that fit the text, the likeliest first, and goes there with the filter set. */
import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useKeys } from '../../keyboard.tsx';
import { go } from '../../router.tsx';
import { searchOffers, type Offer } from '../../view/search-box.ts';
import { Icon } from '../icons.tsx';

export function SearchBox(): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(0);
  const offers = open ? searchOffers(text) : [];
  useKeys((action) => {
    if (action.kind !== 'search') return false;
    input.current?.focus();
    input.current?.select();
    return true;
  });
  const follow = (offer: Offer | undefined): void => {
    if (offer === undefined) return;
    setOpen(false);
    setText('');
    input.current?.blur();
    go(offer.href);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen(Math.min(offers.length - 1, chosen + 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(0, chosen - 1));
    else if (event.key === 'Enter') follow(offers[chosen]);
    else if (event.key === 'Escape') {
      setOpen(false);
      input.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="search" role="search">
      <Icon name="search" size={14} />
      <input
        ref={input} type="text" value={text} placeholder="Search" aria-label="Search" data-testid="search" autoComplete="off" spellCheck={false} maxLength={200}
        role="combobox" aria-expanded={offers.length > 0} aria-controls="search-offers" aria-autocomplete="list" {...(offers.length > 0 ? { 'aria-activedescendant': `offer-${chosen}` } : {})}
        onChange={(event) => { setText(event.target.value); setChosen(0); setOpen(true); }} onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onKeyDown={press}
      />
      <span className="search-hint faint small" aria-hidden="true">CVE, path, digest, name</span>
      <kbd className="key" aria-hidden="true">/</kbd>
      <Offers offers={offers} chosen={chosen} follow={follow} />
    </div>
  );
}

function Offers({ offers, chosen, follow }: { readonly offers: readonly Offer[]; readonly chosen: number; readonly follow: (offer: Offer) => void }): ReactNode {
  return (
    <div className="offers" id="search-offers" role="listbox" aria-label="Where to search" hidden={offers.length === 0}>
      {offers.map((offer, index) => (
        <div key={offer.id} id={`offer-${index}`} role="option" aria-selected={index === chosen} tabIndex={-1} className="offer" onPointerDown={(event) => { event.preventDefault(); follow(offer); }}>
          <span className="strong">{offer.what}</span><span className="cut quiet">{offer.detail}</span>{index === chosen ? <kbd className="key" aria-hidden="true">↵</kbd> : null}
        </div>
      ))}
    </div>
  );
}
