/** A new policy from its YAML. It starts in shadow; the hub checks the text and names each place that is wrong. */
import { useState, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { go } from '../../router.tsx';
import { newPolicyText, policyNameIn } from '../../view/policy-text.ts';
import { pathOf } from '../../view/url.ts';
import { problemsOf } from '../../view/yaml-text.ts';

export function NewPolicy({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [yaml, setYaml] = useState(newPolicyText);
  const put = useChange('putPolicy', ['listPolicies']);
  const name = policyNameIn(yaml);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (name === null) return;
    put.mutate({ params: { name }, body: { yaml } }, { onSuccess: (policy) => { onClose(); go(pathOf('/policies/:name', { name: policy.name })); } });
  };
  return (
    <Dialog title="New policy" onClose={onClose} wide>
      <p className="quiet">It starts in shadow: sensors decide and record, nothing is stopped.</p>
      <YamlEditor text={yaml} label="Policy as YAML" onChange={setYaml} problems={problems} />
      {problems.length > 0 ? null : <FormProblem error={put.error} />}
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-main" disabled={name === null || put.isPending} onClick={save} data-testid="save-policy">{name === null ? 'metadata.name is missing' : `Make ${name}`}</button>
      </DialogActions>
    </Dialog>
  );
}
