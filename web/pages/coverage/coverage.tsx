/** Coverage: how complete everything else is. Each gap with its reason and what closes it, and each sensor's share. */
import type { ReactNode } from 'react';
import type { CoverageView } from '@vedette/model/api/views';
import { useApi } from '../../data.ts';
import { CoverageScale } from '../../parts/meters.tsx';
import { Bone, BoneLines, Empty, Page, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Link } from '../../router.tsx';
import { countWords, percentWords, plural } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import './coverage.css';

export function CoveragePage(): ReactNode {
  const { data, error, refetch } = useApi('coverage', {});
  const sentence = data === undefined ? <Bone width={360} height={18} /> : data.sensorsTotal === 0 ? <>Nothing is watched yet.</> : <><b>{percentWords(data.percent)}</b> of what could be seen is seen now.</>;
  return (
    <Page title="Coverage" sentence={sentence} note={data === undefined ? <Bone width={280} /> : <Note coverage={data} />}>
      {data === undefined ? error === null ? <BoneLines count={8} height={48} /> : <ProblemBox error={error} again={() => void refetch()} /> : <Loaded coverage={data} />}
    </Page>
  );
}

function Note({ coverage }: { readonly coverage: CoverageView }): ReactNode {
  if (coverage.sensorsTotal === 0) return <span>Nothing is seen before the first sensor joins.</span>;
  return <span>{coverage.sensorsConnected} of {plural(coverage.sensorsTotal, 'sensor')} connected, {coverage.recordsLost === 0 ? 'no records lost' : `${countWords(coverage.recordsLost)} records lost`}. A finding that is missing may lie in one of these gaps.</span>;
}

function Loaded({ coverage }: { readonly coverage: CoverageView }): ReactNode {
  const sensors = useApi('listSensors', {}).data?.items;
  const hostOf = (node: string | null): string | null => sensors?.find((sensor) => sensor.node === node)?.hostname ?? null;
  if (coverage.sensorsTotal === 0) {
    return <Empty title="No sensor has joined yet" action={<Link to={hrefOf('/fleet', { add: 'host' })} className="button is-main">Add a host</Link>}><p>Here stands what is not seen, with the reason and what closes the gap.</p></Empty>;
  }
  return (
    <>
      <div className="coverage-scale"><CoverageScale percent={coverage.percent} ticks={100} height={28} /></div>
      <Section title="What is not seen" aside={plural(coverage.gaps.length, 'gap')} id="gaps">
        {coverage.gaps.length === 0 ? <p className="quiet">No known gap. What a sensor cannot know to miss is not counted here.</p> : (
          <ul>{coverage.gaps.map((gap, index) => <Gap key={`${gap.node}${gap.what}${index}`} gap={gap} host={hostOf(gap.node)} sensor={sensors?.find((sensor) => sensor.node === gap.node)?.id} />)}</ul>
        )}
      </Section>
      <Section title="By sensor" aside={<Link to="/fleet">Fleet</Link>}>
        {sensors === undefined ? <BoneLines count={3} /> : (
          <table className="plain-table coverage-sensors"><tbody>
            {sensors.map((sensor) => <tr key={sensor.id}><td><Link to={hrefOf('/fleet', { open: sensor.id })}>{sensor.hostname}</Link></td><td><CoverageScale percent={sensor.coveragePercent} ticks={40} height={12} /></td><td className="number">{percentWords(sensor.coveragePercent)}</td><td className="quiet">{sensor.connected ? 'connected' : 'not connected'}</td></tr>)}
          </tbody></table>
        )}
      </Section>
    </>
  );
}

function Gap({ gap, host, sensor }: { readonly gap: CoverageView['gaps'][number]; readonly host: string | null; readonly sensor: string | undefined }): ReactNode {
  return (
    <li className="gap" data-testid="gap">
      <span className="hatched gap-mark" aria-hidden="true" />
      <div>
        <p className="strong">{gap.what}</p>
        <p className="quiet">{gap.why}</p>
      </div>
      <p>{gap.action ?? <span className="faint">no action known</span>}</p>
      <p className="nowrap">{host === null || sensor === undefined ? <span className="faint">{gap.node === null ? '' : gap.node.slice(0, 12)}</span> : <Link to={hrefOf('/fleet', { open: sensor })}>{host}</Link>}</p>
    </li>
  );
}
