/**
 * YAML to read and to edit: line numbers, quiet colours, and the places that the hub refused, marked where they are.
 * A plain text area lies over the coloured text, so the browser's own editing, undo and search stay as they are.
 */
import { useMemo, useRef, type ReactNode, type RefObject } from 'react';
import { yamlPieces, type PlacedProblem } from '../view/yaml-text.ts';
import './yaml-editor.css';

interface EditorProps {
  readonly text: string;
  readonly label: string;
  readonly onChange?: (text: string) => void;
  readonly problems?: readonly PlacedProblem[];
}

export function YamlEditor({ text, label, onChange, problems = [] }: EditorProps): ReactNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = useMemo(() => text.split('\n'), [text]);
  const marked = new Map(problems.filter((problem) => problem.line !== null).map((problem) => [problem.line, problem]));
  return (
    <div className="stack">
      {problems.length === 0 ? null : <Problems problems={problems} text={text} area={area} />}
      <div className={`yaml ${onChange === undefined ? '' : 'is-editable'}`} tabIndex={onChange === undefined ? 0 : -1} role={onChange === undefined ? 'region' : undefined} aria-label={onChange === undefined ? label : undefined} data-testid="yaml">
        <div className="yaml-inner">
          <pre className="yaml-text" aria-hidden={onChange !== undefined}>
            {lines.map((line, index) => <Line key={index} line={line} number={index + 1} problem={marked.get(index + 1)} />)}
          </pre>
          {onChange === undefined ? null : <textarea ref={area} className="yaml-area" aria-label={label} value={text} wrap="off" spellCheck={false} autoCapitalize="none" autoComplete="off" rows={lines.length} onChange={(event) => onChange(event.target.value)} data-testid="yaml-area" />}
        </div>
      </div>
    </div>
  );
}

function Line({ line, number, problem }: { readonly line: string; readonly number: number; readonly problem: PlacedProblem | undefined }): ReactNode {
  const column = problem?.column ?? null;
  return (
    <span className={`yaml-line ${problem === undefined ? '' : 'is-refused'}`}>
      <span className="yaml-number" data-number={number} />
      <span className="yaml-code">{yamlPieces(line).map((piece, index) => <span key={index} className={`piece-${piece.kind}`}>{piece.text}</span>)}{'\n'}</span>
      {column === null ? null : <span className="yaml-caret" style={{ insetInlineStart: `calc(52px + ${column - 1}ch)` }} />}
    </span>
  );
}

function Problems({ problems, text, area }: { readonly problems: readonly PlacedProblem[]; readonly text: string; readonly area: RefObject<HTMLTextAreaElement | null> }): ReactNode {
  const show = (problem: PlacedProblem): void => {
    if (problem.line === null || area.current === null) return;
    const before = text.split('\n').slice(0, problem.line - 1).join('\n').length + (problem.line > 1 ? 1 : 0);
    const at = before + Math.max(0, (problem.column ?? 1) - 1);
    area.current.focus();
    area.current.setSelectionRange(at, at);
  };
  return (
    <div role="alert" data-testid="yaml-problems">
      <ul className="yaml-problems">
        {problems.map((problem) => (
          <li key={`${problem.line}:${problem.column}:${problem.message}`}>
            {problem.line === null ? null : <button type="button" className="yaml-place" onClick={() => show(problem)}>line {problem.line}{problem.column === null ? '' : `, column ${problem.column}`}</button>}
            <span>{problem.message}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
