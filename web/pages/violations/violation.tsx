/** One violation as a page of its own, for a link in a chat or a ticket. */
import type { ReactNode } from 'react';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Link } from '../../router.tsx';
import { ViolationDetail } from './detail.tsx';

export function ViolationPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data } = useApi('getViolation', { params: { id } });
  const sentence = data === undefined ? `Violation ${id}` : <><b>{data.workload}</b> {data.state === 'closed' ? 'ran' : data.verdict === 'unknown' ? 'may run' : 'runs'} against {data.policy}.</>;
  return (
    <Page title="Violation" sentence={sentence} above={<Link to="/violations" className="back-link"><Icon name="back" size={12} />Violations</Link>}>
      <ViolationDetail id={id} titled />
    </Page>
  );
}
