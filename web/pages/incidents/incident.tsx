/** One incident as a page of its own, for a link in a chat or a wide process tree. */
import type { ReactNode } from 'react';
import { shortId } from '@vedette/model/api/short-id';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Link, useFilters } from '../../router.tsx';
import { text } from '../../view/url.ts';
import { IncidentDetail } from './detail.tsx';

const filters = { event: text(100) };

export function IncidentPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const [{ event }, , link] = useFilters(filters);
  const { data } = useApi('getIncident', { params: { id } });
  return (
    <Page title="Incident" sentence={data === undefined ? `Incident ${shortId(id)}` : data.title} above={<Link to="/incidents" className="back-link"><Icon name="back" size={12} />Incidents</Link>}>
      <IncidentDetail id={id} event={event} eventTo={(next) => link({ event: next })} titled />
    </Page>
  );
}
