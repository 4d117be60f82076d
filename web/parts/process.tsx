/**
 * Processes in lists and trees: one line each, cut in the middle where there is no room, and the whole of what is
 * known when it is opened.
 */
import { useState, type ReactNode } from 'react';
import type { ExecutionView } from '@vedette/model/api/views';
import { usersWords } from '../view/admission-words.ts';
import { visible } from '../view/cut.ts';
import { argumentsLine, baseName, commandLine, splitTail } from '../view/cut.ts';
import { processForest } from '../view/process-tree.ts';
import { originSentences, userWords } from '../view/words.ts';
import { Icon } from './icons.tsx';
import { Origin } from './marks.tsx';
import { Code, Command, Fields, Time } from './text.tsx';
import { Tip } from './tip.tsx';
import './process.css';

const tailLengthUsual = 16;

/** Cut in the middle by its width: the beginning gives way, the end stays. */
export function CutMiddle({ text, className = '', tailLength = tailLengthUsual }: { readonly text: string; readonly className?: string; readonly tailLength?: number }): ReactNode {
  const [head, tail] = splitTail(text, tailLength);
  return <span className={`cut-middle ${className}`}><span className="cut-head">{head}</span>{tail === '' ? null : <span className="cut-tail">{tail}</span>}</span>;
}

export function fullCommand(execution: ExecutionView): string {
  return commandLine(execution.path, execution.arguments, execution.argumentsTruncated);
}

/** Name and arguments on one line; the full command on hover. */
export function ProcessName({ execution }: { readonly execution: ExecutionView }): ReactNode {
  return (
    <Tip content={<code className="mono">{fullCommand(execution)}</code>} className="process-name">
      <span className="mono process-base">{baseName(execution.path)}</span>
      <CutMiddle text={argumentsLine(execution.arguments, execution.argumentsTruncated)} className="mono quiet" />
    </Tip>
  );
}

export function ProcessFields({ execution, more = [] }: { readonly execution: ExecutionView; readonly more?: readonly (readonly [string, ReactNode] | null)[] }): ReactNode {
  return (
    <div className="stack">
      <Command text={fullCommand(execution)} />
      {execution.argumentsTruncated ? <p className="quiet">The arguments were longer than the sensor keeps; the rest is not known.</p> : null}
      <Fields items={[
        ['File', <Code key="path" text={execution.path} what="path" max={200} />],
        execution.filename === null || execution.filename === execution.path ? null : ['Called as', <Code key="filename" text={execution.filename} what="path" max={200} />],
        ['Origin', <span key="origin" className="wrap-flow"><Origin origin={execution.origin} /><span className="quiet">The file {originSentences[execution.origin]}.</span></span>],
        ['User', userWords(execution.uid)],
        usersWords(execution.kubernetesUsers) === null ? null : ['Came in as', <span key="users" className="strong" data-testid="kubernetes-user">{visible(usersWords(execution.kubernetesUsers) ?? '')}</span>],
        ['Pid', String(execution.pid)],
        ['Directory', execution.workingDirectory === null ? <span key="cwd" className="faint">not known</span> : <Code key="cwd" text={execution.workingDirectory} what="directory" max={200} />],
        ['Started', <span key="start"><Time at={execution.startedAt} />{execution.startedBeforeSensor ? <span className="quiet">, before the sensor: what it did until then was not seen</span> : null}</span>],
        execution.endedAt === null ? null : ['Ended', <Time key="end" at={execution.endedAt} />],
        ['Terminal', execution.hasTerminal ? 'yes, a person may be typing' : 'no'],
        ['Execution', <Code key="key" text={execution.key} what="execution key" max={60} />],
        ...more,
      ]} />
    </div>
  );
}

/** As whom it runs, and who came in and began it. */
export function UserText({ execution }: { readonly execution: ExecutionView }): ReactNode {
  const came = usersWords(execution.kubernetesUsers);
  return <span className="cut quiet" title={came === null ? undefined : `runs as ${userWords(execution.uid)}; came in by exec or attach: ${came}`}>{came === null ? null : <><span className="strong" data-testid="came-in">{visible(came)}</span> as </>}{userWords(execution.uid)}</span>;
}

/** Live processes as a tree; a line opens to everything that is known of it. */
export function ProcessForest({ processes }: { readonly processes: readonly ExecutionView[] }): ReactNode {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <ul className="forest">
      {processForest(processes).map(({ execution, depth }) => (
        <li key={execution.key} data-testid="process" data-key={execution.key}>
          <div className="forest-line">
            <button type="button" className="forest-toggle" aria-expanded={open === execution.key} aria-label={`Details of ${baseName(execution.path)} ${execution.pid}`} style={{ marginLeft: `${Math.min(depth, 12) * 16}px` }} onClick={() => setOpen(open === execution.key ? null : execution.key)}>
              <Icon name={open === execution.key ? 'down' : 'expand'} size={12} />
            </button>
            <ProcessName execution={execution} />
            <span className="forest-side"><Origin origin={execution.origin} /><span className="nowrap forest-user"><UserText execution={execution} /></span><span className="faint nowrap number forest-pid">{execution.pid}</span></span>
          </div>
          {open === execution.key ? <div className="forest-open"><ProcessFields execution={execution} /></div> : null}
        </li>
      ))}
    </ul>
  );
}
