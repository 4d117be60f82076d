/** An exception from its YAML, new or changed. It counts once another person has approved what stands there. */
import { useState, type ReactNode } from 'react';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { policyNameIn } from '../../view/policy-text.ts';
import { newExceptionText } from '../../view/stage-words.ts';
import { problemsOf } from '../../view/yaml-text.ts';

const monthMs = 30 * 86_400_000;

interface Props {
  /** The policy it shall be for; null: the writer says. */
  readonly policy: string | null;
  /** The text that is changed; left out: a new one. */
  readonly yaml?: string;
  readonly onClose: () => void;
}

export function NewException({ policy, yaml: given, onClose }: Props): ReactNode {
  const [yaml, setYaml] = useState(() => given ?? newExceptionText(policy, new Date(Date.now() + monthMs).toISOString().slice(0, 10)));
  const put = useChange('putException', ['listExceptions']);
  const name = policyNameIn(yaml);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (name !== null) put.mutate({ params: { name }, body: { yaml } }, { onSuccess: onClose });
  };
  return (
    <Dialog title={given === undefined ? 'New exception' : 'Change exception'} onClose={onClose} wide>
      <p className="quiet">{given === undefined ? 'It counts once another person has approved it.' : 'Its approval is void: another person must approve what stands here.'}</p>
      <YamlEditor text={yaml} label="Exception as YAML" onChange={setYaml} problems={problems} />
      {problems.length > 0 ? null : <FormProblem error={put.error} />}
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-main" disabled={name === null || put.isPending} onClick={save} data-testid="save-exception">{name === null ? 'metadata.name is missing' : `Save ${name}`}</button>
      </DialogActions>
    </Dialog>
  );
}
