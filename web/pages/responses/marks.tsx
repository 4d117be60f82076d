/** A state as word and shape: the shape says it without the colour. */
import type { ReactNode } from 'react';
import { Icon, type IconName } from '../../parts/icons.tsx';
import type { Tone } from '../../view/response-words.ts';
import './responses.css';

const icons: Readonly<Record<Tone, IconName | null>> = { good: 'check', bad: 'cross', waits: 'person', works: 'clock', unknown: null, quiet: null };

export function StateMark({ state }: { readonly state: { readonly word: string; readonly tone: Tone } }): ReactNode {
  const { word, tone } = state;
  if (tone === 'unknown') return <span className="unknown-mark hatched">{word}</span>;
  const icon = icons[tone];
  return <span className={`state-mark is-${tone}`}>{icon === null ? null : <Icon name={icon} size={12} />}{word}</span>;
}
