/** Rule files that people gave to the sensors: what each changes, since when and by whom, its text, and the way back. */
import { useState, type ReactNode } from 'react';
import type { RuleFileView } from '@vedette/model/api/noise';
import { useApi, useChange } from '../../data.ts';
import { Dialog, DialogActions } from '../../parts/overlay.tsx';
import { BoneLines, Section } from '../../parts/page.tsx';
import { FormProblem, ProblemBox } from '../../parts/problem.tsx';
import { CopyButton, Time } from '../../parts/text.tsx';
import { YamlEditor } from '../../parts/yaml-editor.tsx';
import { useMay } from '../../session.tsx';
import { plural } from '../../view/numbers.ts';

export function RuleFiles(): ReactNode {
  const { data, error, refetch } = useApi('listRuleFiles', {});
  return (
    <Section title="Rule files of your own" aside={data === undefined ? undefined : plural(data.items.length, 'file')} id="rule-files">
      {data === undefined ? (error === null ? <BoneLines count={2} /> : <ProblemBox error={error} again={() => void refetch()} />) : null}
      {data?.items.length === 0 ? <p className="quiet">Sensors load the rules of the product only. A proposal that is applied stands here, and so does what vedette rules apply gives.</p> : null}
      <ul className="rule-files">{data?.items.map((one) => <File key={one.name} file={one} />)}</ul>
    </Section>
  );
}

function File({ file }: { readonly file: RuleFileView }): ReactNode {
  const may = useMay('policy');
  const [asking, setAsking] = useState(false);
  return (
    <li className="rule-file" data-testid="rule-file" data-key={file.name}>
      <div className="rule-file-head">
        <span className="strong wrap-anywhere">{file.name}</span>
        <span className="quiet">{file.rules.length === 0 ? 'lists and macros' : file.rules.join(', ')}; by {file.updatedBy}, <Time at={file.updatedAt} /></span>
        {may ? <button type="button" className="button is-bare is-small" onClick={() => setAsking(true)} data-testid="remove-rule-file">Take it back</button> : null}
      </div>
      {file.warnings.map((one) => <p key={one} className="noise-over wrap-anywhere">{one}</p>)}
      <details><summary>Text</summary><YamlEditor text={file.yaml.trimEnd()} label={file.name} /><CopyButton text={file.yaml} what="rule file" /></details>
      {asking ? <TakeBack name={file.name} onClose={() => setAsking(false)} /> : null}
    </li>
  );
}

function TakeBack({ name, onClose }: { readonly name: string; readonly onClose: () => void }): ReactNode {
  const remove = useChange('deleteRuleFile', ['listRuleFiles', 'proposeExceptions', 'listNoise']);
  return (
    <Dialog title={`Take ${name} back?`} onClose={onClose}>
      <p>All sensors load the rules without it: what it excepted is reported again from then on. The audit log keeps its text.</p>
      <FormProblem error={remove.error} />
      <DialogActions>
        <button type="button" className="button" onClick={onClose}>Keep it</button>
        <button type="button" className="button is-grave" disabled={remove.isPending} onClick={() => remove.mutate({ params: { name } }, { onSuccess: onClose })} data-testid="remove-rule-file-now">Take it back</button>
      </DialogActions>
    </Dialog>
  );
}
