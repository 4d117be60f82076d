/** A baseline as its YAML, to be edited here. What was learned meanwhile is not overwritten: then the hub refuses, and the text is fetched anew. */
import { useEffect, useState, type ReactNode } from 'react';
import type { BaselineDetailView } from '@vedette/model/api/baselines';
import { addressOf } from '../../client.ts';
import { useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { BoneLines } from '../../parts/page.tsx';
import { FormProblem } from '../../parts/problem.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { workloadWords } from '../../view/baseline-words.ts';
import { problemsOf } from '../../view/yaml-text.ts';

export function EditBaseline({ baseline, onClose }: { readonly baseline: BaselineDetailView; readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState<string | null>(null);
  const [generation] = useState(baseline.generation);
  const put = useChange('putBaseline', ['getBaseline', 'listBaselines']);
  useEffect(() => {
    let isOpen = true;
    void fetch(addressOf('exportBaseline', { params: { id: baseline.id } }), { credentials: 'same-origin' }).then(async (answer) => {
      const yaml = await answer.text();
      if (isOpen) setText(yaml);
    });
    return () => {
      isOpen = false;
    };
  }, [baseline.id]);
  const problems = problemsOf(put.error);
  const save = (): void => {
    if (text !== null) put.mutate({ params: { id: baseline.id }, body: { yaml: text, generation } }, { onSuccess: onClose });
  };
  return (
    <Dialog title={`Edit what ${workloadWords(baseline)} does`} onClose={onClose} wide>
      <p className="quiet">One line a behaviour. What is removed is told when it is seen again; what is added is expected from now on.</p>
      {text === null ? <BoneLines count={10} /> : <YamlEditor text={text} label="Baseline as YAML" onChange={setText} problems={problems} />}
      {problems.length > 0 ? null : <FormProblem error={put.error} />}
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Cancel</button>
        <button type="button" className="button is-main" disabled={text === null || put.isPending} onClick={save} data-testid="save-baseline">Save</button>
      </DialogActions>
    </Dialog>
  );
}
