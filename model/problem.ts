/**
 * Every way a request can be refused, in one table: code, HTTP status, the public sentence, and how loud it is in the
 * log. The HTTP edge turns a Problem into an RFC 9457 document; nothing else knows statuses.
 */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly log: 'debug' | 'info' | 'warn' | 'error';
}

export const problems = {
  'invalid-request': { status: 400, title: 'The request does not have the form that this endpoint takes.', log: 'debug' },
  'not-signed-in': { status: 401, title: 'Sign in, or send an API token as a bearer token.', log: 'debug' },
  'sign-in-refused': { status: 401, title: 'User name or password is wrong.', log: 'info' },
  'too-many-attempts': { status: 429, title: 'Too many failed sign-ins; wait a minute and try again.', log: 'warn' },
  'forbidden': { status: 403, title: 'Your role does not permit this.', log: 'info' },
  'cross-site': { status: 403, title: 'This request came from another site and was refused.', log: 'warn' },
  'not-found': { status: 404, title: 'There is nothing here, or it is outside your scope.', log: 'debug' },
  'conflict': { status: 409, title: 'It was changed by someone else meanwhile; read it again.', log: 'info' },
  'name-taken': { status: 409, title: 'There is one of this name already.', log: 'info' },
  'last-administrator': { status: 409, title: 'Nobody else may administrate the whole hub: give someone that role first.', log: 'info' },
  'too-large': { status: 413, title: 'The request is larger than this endpoint takes.', log: 'info' },
  'policy-invalid': { status: 422, title: 'The policy cannot be used as written.', log: 'info' },
  'exception-invalid': { status: 422, title: 'The exception cannot be used as written.', log: 'info' },
  'rules-invalid': { status: 422, title: 'The rule file cannot be used as written.', log: 'info' },
  'playbook-invalid': { status: 422, title: 'The playbook cannot be used as written.', log: 'info' },
  'baseline-invalid': { status: 422, title: 'The baseline cannot be used like this.', log: 'info' },
  'question-too-long': { status: 503, title: 'The answer took too long: narrow the question by a filter or a time range.', log: 'warn' },
  'starting': { status: 503, title: 'The hub is still starting.', log: 'info' },
  'internal': { status: 500, title: 'The hub met a fault of its own; it is in the log under this instance id.', log: 'error' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;

/** A place in a text that was handed in, counted from 1, what is wrong there, and what to do about it. */
export interface TextProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly advice: string;
}

/** A refused request. `detail` and `places` are shown to the caller: never put a secret or an internal message in them. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: string | undefined;
  readonly places: readonly TextProblem[];

  constructor(code: ProblemCode, detail?: string, places: readonly TextProblem[] = []) {
    super(detail === undefined ? problems[code].title : `${problems[code].title} ${detail}`);
    this.name = 'Problem';
    this.code = code;
    this.detail = detail;
    this.places = places;
  }

  get status(): number {
    return problems[this.code].status;
  }
}
