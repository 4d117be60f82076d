/** What failed, in the hub's sentence, and what to do: inside a page, across a whole page, or below a form. */
import type { ReactNode } from 'react';
import { failureOf } from '../client.ts';
import { Mark } from './icons.tsx';
import { Code } from './text.tsx';
import './problem.css';

interface ProblemProps {
  readonly error: unknown;
  readonly again?: () => void;
}

export function ProblemBox({ error, again }: ProblemProps): ReactNode {
  const failure = failureOf(error);
  // What is not there has not failed, and asking again does not bring it.
  const isAbsent = failure.code === 'not-found';
  return (
    <div className={`problem ${isAbsent ? 'is-absent' : ''}`} role="alert" data-testid="problem" data-code={failure.code}>
      <p className="strong">{failure.message}</p>
      {failure.detail === null ? null : <p className="problem-detail">{failure.detail}</p>}
      <p className="quiet">{failure.step}</p>
      {failure.instance === null ? null : <p className="quiet row-flow">Instance <Code text={failure.instance} what="instance id" /></p>}
      {again === undefined || isAbsent ? null : <p><button type="button" className="button" onClick={again}>Try again</button></p>}
    </div>
  );
}

export function FullPageFailure({ error, again }: ProblemProps): ReactNode {
  return (
    <main className="full-problem">
      <Mark size={32} />
      <h1 className="unseen">Vedette</h1>
      <ProblemBox error={error} {...(again === undefined ? {} : { again })} />
    </main>
  );
}

/** Below a form: one line, beside what was entered. */
export function FormProblem({ error }: { readonly error: unknown }): ReactNode {
  if (error === null || error === undefined) return null;
  const failure = failureOf(error);
  return (
    <p className="form-problem" role="alert" data-testid="problem" data-code={failure.code}>
      <span className="strong">{failure.message}</span> {failure.detail ?? failure.step}
    </p>
  );
}
