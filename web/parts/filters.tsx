/** What narrows a list: a text that follows the typing, choices between few words, and the set filters as chips. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link } from '../router.tsx';
import { Icon } from './icons.tsx';
import './filters.css';

const typingMs = 250;

interface FilterTextProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** The address follows a moment after the last key, so that going back does not step through single letters. */
export function FilterText({ label, value, onChange }: FilterTextProps): ReactNode {
  const [text, setText] = useState(value ?? '');
  const timer = useRef<number>(undefined);
  useEffect(() => setText(value ?? ''), [value]);
  const type = (next: string): void => {
    setText(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onChange(next.trim() === '' ? undefined : next), typingMs);
  };
  return (
    <span className="filter-text">
      <Icon name="filter" size={14} />
      <input type="search" aria-label={label} placeholder={label} value={text} maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => type(event.target.value)} data-testid="filter-text" />
    </span>
  );
}

export interface Option {
  readonly id: string;
  readonly label: ReactNode;
  readonly to: string;
  readonly chosen: boolean;
}

/** Few words of which one holds, as links: each is a view of its own. */
export function Choices({ label, options }: { readonly label: string; readonly options: readonly Option[] }): ReactNode {
  return (
    <nav className="choices" aria-label={label}>
      {options.map((option) => <Link key={option.id} to={option.to} className="choice" data-testid={`choice-${option.id}`} {...(option.chosen ? { 'aria-current': 'true' as const } : {})}>{option.label}</Link>)}
    </nav>
  );
}

export interface Chip {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly withoutTo: string;
}

export function Chips({ chips, clearTo }: { readonly chips: readonly Chip[]; readonly clearTo: string }): ReactNode {
  if (chips.length === 0) return null;
  return (
    <ul className="chips" aria-label="Set filters">
      {chips.map((chip) => (
        <li key={chip.id} className="chip"><span className="quiet">{chip.name}</span><span className="cut strong">{chip.value}</span><Link to={chip.withoutTo} className="chip-off" aria-label={`Remove the filter ${chip.name} ${chip.value}`}><Icon name="cross" size={12} /></Link></li>
      ))}
      {chips.length > 1 ? <li><Link to={clearTo} className="small">Clear all</Link></li> : null}
    </ul>
  );
}

export function FilterBar({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className="filter-bar">{children}</div>;
}
