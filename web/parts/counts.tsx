/** Vulnerabilities by severity in one short line: shape and number, worst first; what was not scanned says so. */
import type { ReactNode } from 'react';
import type { ContainerView } from '@vedette/model/api/views';
import { countWords, shortCount } from '../view/numbers.ts';
import { severityOrder, severityWords } from '../view/words.ts';
import { SeverityShape } from './marks.tsx';
import './counts.css';

export function VulnerabilityCounts({ counts }: { readonly counts: ContainerView['vulnerabilities'] }): ReactNode {
  if (counts === null) return <span className="unknown-mark hatched">not matched yet</span>;
  const shown = severityOrder.filter((severity) => counts[severity] > 0);
  // Each severity keeps its place, so that a column of these reads like a table.
  if (shown.length === 0) return <span className="faint">none known</span>;
  const words = shown.map((severity) => `${countWords(counts[severity])} ${severityWords[severity].toLowerCase()}`).join(', ');
  return (
    <span className="counts" role="img" aria-label={words} title={words}>
      {severityOrder.map((severity) => <span key={severity} className="counts-one">{counts[severity] === 0 ? null : <><SeverityShape severity={severity} size={10} />{shortCount(counts[severity])}</>}</span>)}
    </span>
  );
}
