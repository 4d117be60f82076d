/**
 * The HTTP API as one table: method, path, permission, input, output. The hub makes its routes from it, the OpenAPI
 * document and the permission tests come from it, and the console's client is typed by it. An endpoint that is not
 * here does not exist.
 */
import { z } from 'zod';
import type { Permission } from '../access.ts';
import { controlCategories } from '../control-words.ts';
import { policyModes, severities } from '../policy.ts';
import { accessEndpoints } from './access-table.ts';
import { admissionOutcomes } from '../admission-words.ts';
import { AdmissionFacetsView, AdmissionView, ExecSessionView } from './admissions.ts';
import { baselineEndpoints } from './baselines.ts';
import { checkEndpoints } from './checks-table.ts';
import { noiseEndpoints } from './noise.ts';
import { originEndpoints } from './origin.ts';
import { pageQuery } from './page-query.ts';
import { responseEndpoints } from './responses.ts';
import * as clusterView from './cluster-views.ts';
import * as postureView from './posture-views.ts';
import * as view from './views.ts';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  /** `public` needs no sign-in; `self` only a sign-in. */
  readonly permission: Permission | 'public' | 'self';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly output: z.ZodType;
  readonly status?: number;
  /** Media type of the answer, which is then text; JSON when absent. */
  readonly type?: string;
  /** Answers a file instead of JSON: of these media types. */
  readonly document?: readonly string[];
  /** Of the body, where it may be larger than usual. */
  readonly bodyBytesMax?: number;
}

const text = z.string().min(1).max(300);
const name = z.object({ name: text });
const id = z.object({ id: text });
const facets = z.enum(['include', 'exclude']).default('exclude').describe('How the whole list divides, counted along with this page');
const grants = z.array(view.GrantView).min(1).max(100).describe('Roles, each in a place');
const inPosture = { framework: postureView.FrameworkWord.optional(), cluster: text.optional().describe('Its id'), namespace: text.optional() };

export const endpoints = {
  signIn: { method: 'POST', path: '/api/v1/session', summary: 'Sign in; sets the session cookie', permission: 'public', body: z.strictObject({ user: text, password: z.string().min(1).max(1000) }), output: view.SessionView },
  session: { method: 'GET', path: '/api/v1/session', summary: 'Who is signed in', permission: 'self', output: view.SessionView },
  signOut: { method: 'DELETE', path: '/api/v1/session', summary: 'Sign out', permission: 'self', output: z.null(), status: 204 },
  changePassword: { method: 'PUT', path: '/api/v1/session/password', summary: 'Change the own password; ends all other sessions', permission: 'self', body: z.strictObject({ current: z.string().max(1000), next: z.string().min(12).max(1000) }), output: z.null(), status: 204 },
  listTokens: { method: 'GET', path: '/api/v1/tokens', summary: 'API tokens', permission: 'admin', output: z.object({ items: z.array(view.TokenView) }) },
  createToken: { method: 'POST', path: '/api/v1/tokens', summary: 'Make an API token; its secret is shown once', permission: 'admin', body: z.strictObject({ name: text, grants, expiresInDays: z.int().min(1).max(3650).nullable().default(90) }), output: view.TokenView.extend({ secret: z.string() }), status: 201 },
  revokeToken: { method: 'DELETE', path: '/api/v1/tokens/{id}', summary: 'Revoke an API token', permission: 'admin', params: id, output: z.null(), status: 204 },
  ...accessEndpoints,
  ...checkEndpoints,

  risk: { method: 'GET', path: '/api/v1/risk', summary: 'What is most dangerous now, why, where, and what to do', permission: 'view', output: view.RiskSummaryView },
  coverage: { method: 'GET', path: '/api/v1/coverage', summary: 'What is not seen, and why', permission: 'view', output: view.CoverageView },
  coverageDetail: { method: 'GET', path: '/api/v1/coverage/detail', summary: 'Each class of events, rules that cannot fire, losses by container, tables and canaries', permission: 'view', output: view.CoverageDetailView },

  listNodes: { method: 'GET', path: '/api/v1/nodes', summary: 'Hosts, and nodes of Kubernetes that have no sensor', permission: 'view', query: z.object({ ...pageQuery, cluster: text.optional(), sensor: z.enum(['with', 'without']).optional() }), output: view.pageOf(view.NodeView) },
  listContainers: { method: 'GET', path: '/api/v1/containers', summary: 'Containers, running ones unless asked', permission: 'view', query: z.object({ ...pageQuery, node: text.optional(), image: text.optional(), search: z.string().max(200).optional(), ended: z.enum(['include', 'exclude']).default('exclude'), sandboxes: z.enum(['include', 'exclude', 'only']).default('include').describe("Containers that only hold a pod's namespaces") }), output: view.pageOf(view.ContainerView) },
  getContainer: { method: 'GET', path: '/api/v1/containers/{id}', summary: 'One container', permission: 'view', params: id, output: view.ContainerView },
  listContainerPackages: { method: 'GET', path: '/api/v1/containers/{id}/packages', summary: 'Packages of one container and what is known of each', permission: 'view', params: id, query: z.object({ ...pageQuery, loaded: z.enum(['yes', 'no', 'not-seen', 'unknown']).optional(), search: z.string().max(200).optional() }), output: view.pageOf(view.PackageView) },
  listProcesses: { method: 'GET', path: '/api/v1/processes', summary: 'Live processes', permission: 'view', query: z.object({ ...pageQuery, node: text.optional(), container: text.optional().describe('A container id, or host for processes in none'), key: text.optional().describe('The one process of this key'), search: z.string().max(200).optional() }), output: view.pageOf(view.ExecutionView.extend({ node: z.string(), hostname: z.string(), containerName: z.string().nullable(), workload: z.string().nullable() })) },
  listExecutions: { method: 'GET', path: '/api/v1/executions', summary: 'Executions, counted by the hour', permission: 'view', query: z.object({ ...pageQuery, node: text.optional(), container: text.optional(), path: z.string().max(4096).optional(), parentPath: z.string().max(4096).optional(), from: z.iso.datetime().optional(), to: z.iso.datetime().optional() }), output: view.pageOf(view.ExecutionCountView).extend({ sum: z.int().describe('Executions that match, over all pages') }) },

  listIncidents: { method: 'GET', path: '/api/v1/incidents', summary: 'Incidents', permission: 'view', query: z.object({ ...pageQuery, state: z.enum(['open', 'acknowledged', 'closed', 'all']).default('open'), severity: z.enum(severities).optional(), kind: z.enum(['detection', 'verdict']).optional(), outcome: view.IncidentOutcome.optional(), verdict: z.enum(view.incidentVerdicts).optional(), source: text.optional().describe('Name of the rule or policy, exactly'), container: text.optional(), search: z.string().max(200).optional(), facets }), output: view.pageOf(view.IncidentView).extend({ facets: view.IncidentFacetsView.nullable().describe('null: not asked for') }) },
  getIncident: { method: 'GET', path: '/api/v1/incidents/{id}', summary: 'One incident with its process tree', permission: 'view', params: id, output: view.IncidentDetailView },
  updateIncident: { method: 'PATCH', path: '/api/v1/incidents/{id}', summary: 'Acknowledge, close, reopen, assign, confirm or judge a false positive', permission: 'triage', params: id, body: z.strictObject({ state: z.enum(['open', 'acknowledged', 'closed']).optional(), assignee: z.string().max(200).nullable().optional(), verdict: z.enum(view.incidentVerdicts).nullable().optional() }), output: view.IncidentView },

  listVulnerabilities: { method: 'GET', path: '/api/v1/vulnerabilities', summary: 'Vulnerabilities of what runs now', permission: 'view', query: z.object({ ...pageQuery, severity: view.VulnerabilitySeverity.optional(), loaded: z.enum(['yes', 'no', 'not-seen', 'unknown']).optional(), search: z.string().max(200).optional(), container: text.optional(), facets }), output: view.pageOf(view.VulnerabilityView).extend({ facets: view.VulnerabilityFacetsView.nullable().describe('null: not asked for') }) },
  getVulnerability: { method: 'GET', path: '/api/v1/vulnerabilities/{id}', summary: 'One vulnerability: where it runs and what is known of it there', permission: 'view', params: id, output: view.VulnerabilityDetailView },

  listViolations: { method: 'GET', path: '/api/v1/violations', summary: 'Images that run against a policy, or may: the worst first', permission: 'view', query: z.object({ ...pageQuery, state: z.enum(['open', 'accepted', 'closed', 'all']).default('open'), policy: text.optional(), severity: z.enum(severities).optional(), verdict: z.enum(['violated', 'unknown']).optional(), image: text.optional().describe('A digest'), search: z.string().max(200).optional(), facets }), output: view.pageOf(view.ViolationView).extend({ facets: view.ViolationFacetsView.nullable().describe('null: not asked for') }) },
  getViolation: { method: 'GET', path: '/api/v1/violations/{id}', summary: 'One violation with what the rule asked', permission: 'view', params: id, output: view.ViolationDetailView },

  listAdmissions: { method: 'GET', path: '/api/v1/admissions', summary: 'What admission answered: the newest first, repeats as one', permission: 'view', query: z.object({ ...pageQuery, outcome: z.enum(admissionOutcomes).optional(), cluster: text.optional(), namespace: text.optional(), policy: text.optional(), search: z.string().max(200).optional(), followUps: z.enum(['include', 'exclude']).default('include').describe('Decisions about what a workload made, where the same was answered for the workload itself') }), output: view.pageOf(AdmissionView).extend({ facets: AdmissionFacetsView }) },
  listExecSessions: { method: 'GET', path: '/api/v1/exec-sessions', summary: 'Who came into containers by kubectl exec or attach: the newest first', permission: 'view', query: z.object({ ...pageQuery, cluster: text.optional(), namespace: text.optional(), user: text.optional(), pod: text.optional() }), output: view.pageOf(ExecSessionView) },

  listPolicies: { method: 'GET', path: '/api/v1/policies', summary: 'Policies', permission: 'view', output: z.object({ items: z.array(view.PolicyView) }) },
  getPolicy: { method: 'GET', path: '/api/v1/policies/{name}', summary: 'One policy', permission: 'view', params: name, output: view.PolicyView },
  putPolicy: { method: 'PUT', path: '/api/v1/policies/{name}', summary: 'Make or replace a policy from its YAML', permission: 'policy', params: name, body: z.strictObject({ yaml: z.string().max(65536), generation: z.int().optional().describe('Of the version this replaces; refused when it changed meanwhile') }), output: view.PolicyView },
  setPolicyMode: { method: 'PUT', path: '/api/v1/policies/{name}/mode', summary: 'Switch a policy off, to shadow or to enforce', permission: 'policy', params: name, body: z.strictObject({ mode: z.enum(policyModes) }), output: view.PolicyView },
  deletePolicy: { method: 'DELETE', path: '/api/v1/policies/{name}', summary: 'Remove a policy', permission: 'policy', params: name, output: z.null(), status: 204 },

  listClusters: { method: 'GET', path: '/api/v1/clusters', summary: 'Clusters: how each is reached, what it holds, what is not seen of it', permission: 'view', output: z.object({ items: z.array(clusterView.ClusterView) }) },
  getCluster: { method: 'GET', path: '/api/v1/clusters/{id}', summary: 'One cluster with its namespaces', permission: 'view', params: id, output: clusterView.ClusterDetailView },
  removeCluster: { method: 'DELETE', path: '/api/v1/clusters/{id}', summary: 'Remove a cluster of Kubernetes from the fleet: its part and its sensors are refused from now on', permission: 'fleet', params: id, output: z.null(), status: 204 },
  listWorkloads: { method: 'GET', path: '/api/v1/workloads', summary: 'Workloads of Kubernetes: pods, images, and how they can be reached', permission: 'view', query: z.object({ ...pageQuery, cluster: text.optional(), namespace: text.optional(), kind: text.optional(), name: text.optional(), search: z.string().max(200).optional() }), output: view.pageOf(clusterView.WorkloadView) },
  listPods: { method: 'GET', path: '/api/v1/pods', summary: 'Pods with their containers', permission: 'view', query: z.object({ ...pageQuery, cluster: text.optional(), namespace: text.optional(), workloadKind: text.optional(), workload: text.optional(), node: text.optional().describe('Its name in Kubernetes'), uid: text.optional(), digest: text.optional().describe('Of the index or of the platform'), container: text.optional(), search: z.string().max(200).optional() }), output: view.pageOf(clusterView.PodView) },
  posture: { method: 'GET', path: '/api/v1/posture', summary: 'How the controls stand, by framework and cluster, and what is not seen', permission: 'view', query: z.object({ cluster: inPosture.cluster, namespace: inPosture.namespace }), output: postureView.PostureView },
  listControls: { method: 'GET', path: '/api/v1/posture/controls', summary: 'Controls and how each stands', permission: 'view', query: z.object({ ...inPosture, requirement: text.optional().describe('With framework'), category: z.enum(controlCategories).optional(), severity: z.enum(severities).optional(), state: postureView.ControlStateWord.optional(), search: z.string().max(200).optional() }), output: z.object({ items: z.array(postureView.ControlView) }) },
  getControl: { method: 'GET', path: '/api/v1/posture/controls/{name}', summary: 'One control: why it matters, how to mend it, how it stands where', permission: 'view', params: name, output: postureView.ControlDetailView },
  listControlResults: { method: 'GET', path: '/api/v1/posture/results', summary: 'Results of controls with their evidence; failed ones first', permission: 'view', query: z.object({ ...pageQuery, ...inPosture, control: text.optional(), state: postureView.ControlStateWord.optional(), search: z.string().max(200).optional() }), output: view.pageOf(postureView.ControlResultView) },
  listPostureChanges: { method: 'GET', path: '/api/v1/posture/changes', summary: 'How results have changed, the last first', permission: 'view', query: z.object({ ...pageQuery, cluster: inPosture.cluster, namespace: inPosture.namespace, control: text.optional() }), output: view.pageOf(postureView.PostureChangeView) },
  postureReport: { method: 'GET', path: '/api/v1/posture/report', summary: 'The posture as a file for auditors: HTML, CSV or PDF', permission: 'view', query: z.object({ format: z.enum(['html', 'csv', 'pdf']).default('html'), ...inPosture }), output: z.custom<postureView.ReportDocument>(), document: ['text/html', 'text/csv', 'application/pdf'] },

  listSensors: { method: 'GET', path: '/api/v1/sensors', summary: 'Sensors: what each sees, cannot see and has lost', permission: 'view', output: z.object({ items: z.array(view.SensorView) }) },
  getSensor: { method: 'GET', path: '/api/v1/sensors/{id}', summary: 'One sensor', permission: 'view', params: id, output: view.SensorView },
  removeSensor: { method: 'DELETE', path: '/api/v1/sensors/{id}', summary: 'Remove a sensor from the fleet; its certificate is refused from now on', permission: 'fleet', params: id, output: z.null(), status: 204 },
  createJoinToken: { method: 'POST', path: '/api/v1/join-tokens', summary: 'Make a one-time token that joins one sensor, or the part of one Kubernetes cluster', permission: 'fleet', body: z.strictObject({ cluster: z.string().min(1).max(100).default('hosts'), part: z.enum(['sensor', 'cluster']).default('sensor'), validMinutes: z.int().min(1).max(1440).default(60) }), output: z.object({ token: z.string(), command: z.string(), expiresAt: z.string(), cluster: z.string() }), status: 201 },

  listFeeds: { method: 'GET', path: '/api/v1/advisories', summary: 'Advisory feeds and their age', permission: 'view', output: z.object({ items: z.array(view.FeedView), problem: z.string().nullable() }) },
  reloadAdvisories: { method: 'POST', path: '/api/v1/advisories/reload', summary: 'Read the advisory store again and match what runs against it', permission: 'policy', output: z.object({ advisories: z.int(), matches: z.int() }) },

  ...baselineEndpoints,
  ...noiseEndpoints,
  ...originEndpoints,
  ...responseEndpoints,
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
type Of<N extends EndpointName> = (typeof endpoints)[N];
type In<E, K extends string> = E extends { readonly [P in K]: infer S extends z.ZodType } ? { [P in K]: z.input<S> } : unknown;

/** What a caller hands over, as the client takes it: params, query and body where the endpoint has them. */
export type Input<N extends EndpointName> = In<Of<N>, 'params'> & (Of<N> extends { readonly query: infer Q extends z.ZodType } ? { query?: z.input<Q> } : unknown) & In<Of<N>, 'body'>;
export type Output<N extends EndpointName> = z.output<Of<N>['output']>;

/** What the live stream (`GET /api/v1/events`, server-sent events) says has changed; the reader fetches it again. */
export const liveTopics = ['processes', 'containers', 'incidents', 'violations', 'vulnerabilities', 'policies', 'sensors', 'advisories', 'images', 'clusters', 'responses', 'posture', 'checks', 'exceptions', 'admissions', 'baselines', 'rules'] as const;
export type LiveTopic = (typeof liveTopics)[number];
