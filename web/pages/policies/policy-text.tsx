/** The policy's YAML, to read and to edit. A save names the version it replaces, so nobody's change is lost unseen. */
import { useState, type ReactNode } from 'react';
import type { PolicyView } from '@vedette/model/api/views';
import { useChange } from '../../data.ts';
import { Icon } from '../../parts/icons.tsx';
import { Section } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { CopyButton } from '../../parts/text.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { useLeaveGuard } from '../../router.tsx';
import { useMay } from '../../session.tsx';
import { problemsOf } from '../../view/yaml-text.ts';

export function PolicyText({ policy }: { readonly policy: PolicyView }): ReactNode {
  const may = useMay('policy');
  const [draft, setDraft] = useState<string | null>(null);
  const put = useChange('putPolicy', ['listPolicies', 'getPolicy']);
  const unsaved = draft !== null && draft !== policy.yaml;
  useLeaveGuard(unsaved);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (draft !== null) put.mutate({ params: { name: policy.name }, body: { yaml: draft, generation: policy.generation } }, { onSuccess: () => setDraft(null) });
  };
  const buttons = draft === null
    ? <><CopyButton text={policy.yaml} what="YAML" />{may ? <button type="button" className="button" onClick={() => setDraft(policy.yaml)} data-testid="edit-policy"><Icon name="edit" size={14} />Edit</button> : null}</>
    : <><button type="button" className="button" onClick={() => { setDraft(null); put.reset(); }}>Cancel</button><button type="button" className="button is-main" disabled={!unsaved || put.isPending} onClick={save} data-testid="save-policy">Save</button></>;
  return (
    <div className="policy-text">
      <Section title="YAML" aside={<span className="row-flow">{buttons}</span>}>
        <YamlEditor text={draft ?? policy.yaml} label="Policy as YAML" problems={problems} {...(draft === null ? {} : { onChange: setDraft })} />
        {problems.length > 0 ? null : <FormProblem error={put.error} />}
        {draft === null ? null : <p className="quiet small policy-hint">{policy.mode === 'enforce' ? 'This policy enforces: a saved change acts within seconds. Switch to shadow first to see what it would do.' : 'A saved change is taken over by the sensors within seconds.'}</p>}
      </Section>
    </div>
  );
}
