/**
 * The four risks that every tool of this kind names, over what runs now. What is not known stands beside each count, hatched, and
 * what nobody has looked for is no zero: it says why.
 */
import type { ReactNode } from 'react';
import type { ClassicRiskView } from '@vedette/model/api/views';
import { Bone } from '../../parts/page.tsx';
import { Tip } from '../../parts/tip.tsx';
import { Link } from '../../router.tsx';
import { countWords, plural } from '../../view/numbers.ts';
import { localPath } from '../../view/url.ts';

const names: Record<ClassicRiskView['kind'], string> = {
  'malicious': 'Malicious', 'untrusted-registry': 'Untrusted registry', 'integrity': 'Integrity', 'critical-and-applicable': 'Critical and applicable',
};
const meanings: Record<ClassicRiskView['kind'], string> = {
  'malicious': 'Workloads with a package that is itself the attack.',
  'untrusted-registry': 'Workloads whose image comes from a registry that nobody trusts.',
  'integrity': 'Workloads whose image is not, or is no longer, what its origin vouches for.',
  'critical-and-applicable': 'Workloads with a critical vulnerability in a package that a process has loaded.',
};

export function ClassicRisks({ risks }: { readonly risks: readonly ClassicRiskView[] | undefined }): ReactNode {
  if (risks === undefined) return <div className="classic" aria-hidden="true">{[0, 1, 2, 3].map((index) => <div key={index} className="classic-risk"><Bone width={90} /><Bone width={30} height={18} /><Bone width="80%" /></div>)}</div>;
  return <section className="classic" aria-label="The classic risks" data-testid="classic-risks">{risks.map((risk) => <ClassicRisk key={risk.kind} risk={risk} />)}</section>;
}

function ClassicRisk({ risk }: { readonly risk: ClassicRiskView }): ReactNode {
  const { count, unknown, worst, notAsked } = risk;
  return (
    <div className={`classic-risk ${count !== null && count > 0 ? 'is-there' : ''}`} data-testid={`classic-${risk.kind}`}>
      <Tip content={meanings[risk.kind]}><Link to={localPath(risk.link)} className="classic-name">{names[risk.kind]}</Link></Tip>
      <p className="classic-count">
        {count === null ? <span className="unknown-mark hatched">not asked</span> : <span>{countWords(count)}</span>}
        {unknown === 0 ? null : <Tip content={risk.unknownReason ?? 'It is not known.'}><span className="unknown-mark hatched small">{countWords(unknown)} unknown</span></Tip>}
      </p>
      <p className="classic-worst small quiet">
        {notAsked !== null ? notAsked : worst === null ? (unknown === 0 ? 'None among what is seen.' : `None seen; of ${plural(unknown, 'workload')} it is not known.`) : <Link to={localPath(worst.link)} className="plain-link" title={worst.what}>{worst.where}: {worst.what}</Link>}
      </p>
    </div>
  );
}
