/**
 * The typed client of the HTTP API. Methods and paths are written out once, and their type is taken from the
 * contract: a path that differs from the table does not compile, and no schema travels to the browser. A refused
 * request is a Failure with the hub's own sentence; writes carry the session's CSRF token.
 */
import type { EndpointName, endpoints, Input, Output } from '@vedette/model/api/table';
import type { ProblemDocument, TextProblemView } from '@vedette/model/api/views';
import { nextStep } from './view/problems.ts';

type Contract = typeof endpoints;
type Route<N extends EndpointName> = `${Contract[N]['method']} ${Contract[N]['path']}`;

const routes: { readonly [N in EndpointName]: Route<N> } = {
  signIn: 'POST /api/v1/session',
  session: 'GET /api/v1/session',
  signOut: 'DELETE /api/v1/session',
  changePassword: 'PUT /api/v1/session/password',
  listTokens: 'GET /api/v1/tokens',
  createToken: 'POST /api/v1/tokens',
  revokeToken: 'DELETE /api/v1/tokens/{id}',
  listSessions: 'GET /api/v1/sessions',
  endSession: 'DELETE /api/v1/sessions/{id}',
  listPeople: 'GET /api/v1/people',
  createPerson: 'POST /api/v1/people',
  updatePerson: 'PATCH /api/v1/people/{id}',
  resetPassword: 'POST /api/v1/people/{id}/password',
  endSessionsOf: 'DELETE /api/v1/people/{id}/sessions',
  deletePerson: 'DELETE /api/v1/people/{id}',
  listPlaces: 'GET /api/v1/places',
  listAudit: 'GET /api/v1/audit',
  exportAudit: 'GET /api/v1/audit.csv',
  listBaselines: 'GET /api/v1/baselines',
  getBaseline: 'GET /api/v1/baselines/{id}',
  exportBaseline: 'GET /api/v1/baselines/{id}/export',
  setBaselineState: 'PUT /api/v1/baselines/{id}/state',
  acceptBehaviours: 'POST /api/v1/baselines/{id}/accept',
  putBaseline: 'PUT /api/v1/baselines/{id}',
  risk: 'GET /api/v1/risk',
  coverage: 'GET /api/v1/coverage',
  coverageDetail: 'GET /api/v1/coverage/detail',
  listNodes: 'GET /api/v1/nodes',
  listContainers: 'GET /api/v1/containers',
  getContainer: 'GET /api/v1/containers/{id}',
  listContainerPackages: 'GET /api/v1/containers/{id}/packages',
  listProcesses: 'GET /api/v1/processes',
  listExecutions: 'GET /api/v1/executions',
  listIncidents: 'GET /api/v1/incidents',
  getIncident: 'GET /api/v1/incidents/{id}',
  updateIncident: 'PATCH /api/v1/incidents/{id}',
  listNoise: 'GET /api/v1/noise',
  noiseBudget: 'GET /api/v1/noise/budget',
  setNoiseBudget: 'PUT /api/v1/noise/budget',
  proposeExceptions: 'GET /api/v1/noise/proposal',
  listRuleFiles: 'GET /api/v1/rule-files',
  putRuleFile: 'PUT /api/v1/rule-files/{name}',
  deleteRuleFile: 'DELETE /api/v1/rule-files/{name}',
  listAdmissions: 'GET /api/v1/admissions',
  listExecSessions: 'GET /api/v1/exec-sessions',
  listViolations: 'GET /api/v1/violations',
  getViolation: 'GET /api/v1/violations/{id}',
  listVulnerabilities: 'GET /api/v1/vulnerabilities',
  getVulnerability: 'GET /api/v1/vulnerabilities/{id}',
  listPolicies: 'GET /api/v1/policies',
  getPolicy: 'GET /api/v1/policies/{name}',
  putPolicy: 'PUT /api/v1/policies/{name}',
  setPolicyMode: 'PUT /api/v1/policies/{name}/mode',
  deletePolicy: 'DELETE /api/v1/policies/{name}',
  listClusters: 'GET /api/v1/clusters',
  getCluster: 'GET /api/v1/clusters/{id}',
  removeCluster: 'DELETE /api/v1/clusters/{id}',
  listWorkloads: 'GET /api/v1/workloads',
  listPods: 'GET /api/v1/pods',
  explainPolicy: 'GET /api/v1/policies/{name}/explain',
  checkSet: 'GET /api/v1/checks/set',
  recordCheck: 'POST /api/v1/checks',
  listChecks: 'GET /api/v1/checks',
  getCheck: 'GET /api/v1/checks/{id}',
  listExceptions: 'GET /api/v1/exceptions',
  putException: 'PUT /api/v1/exceptions/{name}',
  approveException: 'PUT /api/v1/exceptions/{name}/approval',
  endException: 'DELETE /api/v1/exceptions/{name}',
  listSensors: 'GET /api/v1/sensors',
  getSensor: 'GET /api/v1/sensors/{id}',
  removeSensor: 'DELETE /api/v1/sensors/{id}',
  createJoinToken: 'POST /api/v1/join-tokens',
  listFeeds: 'GET /api/v1/advisories',
  reloadAdvisories: 'POST /api/v1/advisories/reload',
  listIntegrations: 'GET /api/v1/integrations',
  putIntegration: 'PUT /api/v1/integrations/{name}',
  deleteIntegration: 'DELETE /api/v1/integrations/{name}',
  testIntegration: 'POST /api/v1/integrations/{name}/test',
  listImages: 'GET /api/v1/images',
  getImage: 'GET /api/v1/images/{id}',
  askImage: 'POST /api/v1/images/{id}/ask',
  trace: 'GET /api/v1/trace',
  listPlaybooks: 'GET /api/v1/playbooks',
  getPlaybook: 'GET /api/v1/playbooks/{name}',
  putPlaybook: 'PUT /api/v1/playbooks/{name}',
  setPlaybookMode: 'PUT /api/v1/playbooks/{name}/mode',
  deletePlaybook: 'DELETE /api/v1/playbooks/{name}',
  tryPlaybook: 'POST /api/v1/playbooks/try',
  listResponses: 'GET /api/v1/responses',
  getResponse: 'GET /api/v1/responses/{id}',
  startResponse: 'POST /api/v1/responses',
  decideStep: 'POST /api/v1/responses/{id}/steps/{number}/decision',
  cancelResponse: 'POST /api/v1/responses/{id}/cancel',
  undoEffect: 'POST /api/v1/responses/{id}/effects/{effect}/undo',
  posture: 'GET /api/v1/posture',
  listControls: 'GET /api/v1/posture/controls',
  getControl: 'GET /api/v1/posture/controls/{name}',
  listControlResults: 'GET /api/v1/posture/results',
  listPostureChanges: 'GET /api/v1/posture/changes',
  postureReport: 'GET /api/v1/posture/report',
};

/** A request that did not give what was asked: the hub's sentence, and what to do about it. */
export class Failure extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string | null;
  readonly instance: string | null;
  /** The places of a text that was refused. */
  readonly places: readonly TextProblemView[];

  constructor(problem: { code: string; status: number; title: string; detail?: string | undefined; instance?: string | undefined; problems?: readonly TextProblemView[] | undefined }) {
    super(problem.title);
    this.name = 'Failure';
    this.code = problem.code;
    this.status = problem.status;
    this.detail = problem.detail ?? null;
    this.instance = problem.instance ?? null;
    this.places = problem.problems ?? [];
  }

  get step(): string {
    return nextStep(this.code);
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure({ code: 'not-understood', status: 0, title: 'The console met a fault of its own.', detail: error instanceof Error ? error.message : undefined });
}

let csrf: string | null = null;
let onSignedOut: () => void = () => {};

/** Kept in memory only: it comes with the session and goes with the page. */
export function holdCsrf(token: string | null): void {
  csrf = token;
}

export function whenSignedOut(run: () => void): void {
  onSignedOut = run;
}

interface Given {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Where a file is fetched by the browser itself. */
export function addressOf<N extends EndpointName>(name: N, input: Input<N>): string {
  return address(routes[name].split(' ')[1] ?? '', input as Given);
}

export async function call<N extends EndpointName>(name: N, input: Input<N>, signal?: AbortSignal): Promise<Output<N>> {
  const given = input as Given;
  const [method, path] = routes[name].split(' ') as [string, string];
  const headers: Record<string, string> = { accept: 'application/json' };
  if (given.body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && csrf !== null) headers['x-vedette-csrf'] = csrf;
  const response = await send(address(path, given), {
    method, headers, credentials: 'same-origin', ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }), ...(signal === undefined ? {} : { signal }),
  });
  if (response.status === 204) return null as Output<N>;
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response.status, answer, name);
  if (answer === undefined) throw new Failure({ code: 'not-understood', status: response.status, title: 'The answer was not the hub\'s.' });
  return answer as Output<N>;
}

function address(path: string, given: Given): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(String(given.params?.[part] ?? '')));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

async function send(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Failure({ code: 'unreachable', status: 0, title: 'The hub does not answer.' });
  }
}

function refusal(status: number, answer: unknown, name: EndpointName): Failure {
  const document = (typeof answer === 'object' && answer !== null ? answer : {}) as Partial<ProblemDocument>;
  const { code = 'not-understood', title = `The hub answered with status ${status}.`, detail, instance, problems } = document;
  if (status === 401 && name !== 'signIn' && name !== 'session' && name !== 'changePassword') onSignedOut();
  return new Failure({ code, status, title, detail, instance, problems });
}
