/** Coverage: how complete everything else is. Each gap with its reason and what closes it, and each sensor's share. */
import type { ReactNode } from 'react';
import { shortId } from '@vedette/model/api/short-id';
import type { CoverageView } from '@vedette/model/api/views';
import { useApi } from '../../data.ts';
import { AddHostLink } from '../../parts/add-host-link.tsx';
import { CoverageScale } from '../../parts/meters.tsx';
import { Bone, BoneLines, Empty, Page, Section } from '../../parts/page.tsx';
import { ProblemBox } from '../../parts/problem.tsx';
import { Time } from '../../parts/text.tsx';
import { Link } from '../../router.tsx';
import { useSeesHosts } from '../../session.tsx';
import { lostWords, percentWords, plural } from '../../view/numbers.ts';
import { hrefOf } from '../../view/url.ts';
import { CoverageDetails } from './details.tsx';
import './coverage.css';

export function CoveragePage(): ReactNode {
  const { data, error, refetch } = useApi('coverage', {});
  const sentence = data === undefined ? <Bone width={360} height={18} /> : data.sensorsTotal === 0 ? <>Nothing is watched yet.</> : <><b>{percentWords(data.percent)}</b> of what the hooks can see is seen now.</>;
  return (
    <Page title="Coverage" sentence={sentence} note={data === undefined ? <Bone width={280} /> : <Note coverage={data} />}>
      {data === undefined ? error === null ? <BoneLines count={8} height={48} /> : <ProblemBox error={error} again={() => void refetch()} /> : <Loaded coverage={data} />}
    </Page>
  );
}

function Note({ coverage }: { readonly coverage: CoverageView }): ReactNode {
  if (coverage.sensorsTotal === 0) return <span>How complete everything else is, and why.</span>;
  return <span>{coverage.sensorsConnected} of {plural(coverage.sensorsTotal, 'sensor')} connected, {lostWords(coverage.recordsLost)}. A finding that is missing may lie in a gap, or in what no hook sees.</span>;
}

function Loaded({ coverage }: { readonly coverage: CoverageView }): ReactNode {
  const sensors = useApi('listSensors', {}).data?.items;
  const seesHosts = useSeesHosts();
  if (coverage.sensorsTotal === 0) {
    return (
      <>
        <Empty title="No sensor has joined yet" action={<AddHostLink />}>
          <p>Here stands what is not seen: each gap with its reason and what closes it, what each hook misses by its nature, and the share of each sensor.</p>
          <p>For that a host needs a sensor: one command on the host, and about a minute.</p>
        </Empty>
        <Gaps coverage={coverage} />
      </>
    );
  }
  return (
    <>
      <div className="coverage-scale"><CoverageScale percent={coverage.percent} ticks={100} height={28} /></div>
      <Gaps coverage={coverage} />
      {seesHosts ? <Section title="By sensor" aside={<Link to="/fleet">Fleet</Link>}>
        {sensors === undefined ? <BoneLines count={3} /> : (
          <table className="plain-table coverage-sensors"><tbody>
            {sensors.map((sensor) => <tr key={sensor.id}><td><Link to={hrefOf('/fleet', { open: sensor.id })}>{sensor.hostname}</Link></td><td><CoverageScale percent={sensor.coveragePercent} ticks={40} height={12} /></td><td className="number">{percentWords(sensor.coveragePercent)}</td><td className="quiet">{sensor.connected ? 'connected' : 'not connected'}</td></tr>)}
          </tbody></table>
        )}
      </Section> : null}
      {/* behind what stands above it, so that nothing moves when that comes */}
      {seesHosts && sensors === undefined ? null : <CoverageDetails />}
    </>
  );
}

function Gaps({ coverage }: { readonly coverage: CoverageView }): ReactNode {
  const sensors = useApi('listSensors', {}).data?.items;
  return (
    <Section title="What is not seen" aside={plural(coverage.gaps.length, 'gap')} id="gaps">
      {coverage.gaps.length === 0 ? <p className="quiet">No known gap.</p> : (
        <ul>{coverage.gaps.map((gap, index) => {
          const sensor = sensors?.find((one) => one.node === gap.node);
          return <Gap key={`${gap.node}${gap.what}${index}`} gap={gap} host={sensor?.hostname ?? null} sensor={sensor?.id} />;
        })}</ul>
      )}
    </Section>
  );
}

function Gap({ gap, host, sensor }: { readonly gap: CoverageView['gaps'][number]; readonly host: string | null; readonly sensor: string | undefined }): ReactNode {
  return (
    <li className="gap" data-testid="gap">
      <span className="hatched gap-mark" aria-hidden="true" />
      <div>
        <p className="strong">{gap.what}</p>
        <p className="quiet">{gap.why}{gap.at === null ? null : <> Last <Time at={gap.at} />.</>}</p>
      </div>
      <p>{gap.action ?? <span className="faint">no action known</span>}</p>
      <p className="nowrap">{host === null || sensor === undefined ? <span className="faint">{gap.node === null ? '' : shortId(gap.node)}</span> : <Link to={hrefOf('/fleet', { open: sensor })}>{host}</Link>}</p>
    </li>
  );
}
