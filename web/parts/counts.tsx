/** Vulnerabilities by severity in one short line: shape and number, worst first; what was not scanned says so. */
import type { ReactNode } from 'react';
import type { ContainerView } from '@vedette/model/api/views';
import { countWords, shortCount } from '../view/numbers.ts';
import { severityOrder, severityWords } from '../view/words.ts';
import { SeverityShape } from './marks.tsx';
import './counts.css';

/** In a column each severity keeps its place, so that it reads like a table. */
export function VulnerabilityCounts({ counts, column = false }: { readonly counts: ContainerView['vulnerabilities']; readonly column?: boolean }): ReactNode {
  if (counts === null) return <span className="unknown-mark hatched">not matched yet</span>;
  const shown = severityOrder.filter((severity) => counts[severity] > 0);
  if (shown.length === 0) return <span className="faint">none known</span>;
  const words = shown.map((severity) => `${countWords(counts[severity])} ${severityWords[severity].toLowerCase()}`).join(', ');
  return (
    <span className={`counts ${column ? 'is-column' : ''}`} role="img" aria-label={words} title={words}>
      {(column ? severityOrder : shown).map((severity) => <span key={severity} className="counts-one">{counts[severity] === 0 ? null : <><SeverityShape severity={severity} size={10} />{shortCount(counts[severity])}</>}</span>)}
    </span>
  );
}
