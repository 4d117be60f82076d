/** One sensor as a page of its own. */
import type { ReactNode } from 'react';
import { shortId } from '@vedette/model/api/short-id';
import { useApi } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Page } from '../../parts/page.tsx';
import { Link } from '../../router.tsx';
import { percentWords } from '../../view/numbers.ts';
import { SensorDetail } from './detail.tsx';

export function SensorPage({ params }: { readonly params: Readonly<Record<string, string>> }): ReactNode {
  const id = params['id'] ?? '';
  const { data } = useApi('getSensor', { params: { id } });
  return (
    <Page title="Sensor" sentence={data === undefined ? `Sensor ${shortId(id)}` : <>The sensor on <b>{data.hostname}</b> sees {percentWords(data.coveragePercent)} of what its hooks can see.</>} above={<Link to="/fleet" className="back-link"><Icon name="back" size={12} />Fleet</Link>}>
      <SensorDetail id={id} afterRemoval="/fleet" titled />
    </Page>
  );
}
