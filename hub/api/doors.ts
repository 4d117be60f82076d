/**
 * What the API needs from the rest of the hub, as interfaces: main.ts hands it in. So the API knows neither how risk is
 * reckoned nor how sensors are reached, and a test can hand in what it likes.
 */
import type { Scope } from '@vedette/model/access';
import type { EndpointName, endpoints, LiveTopic, Output } from '@vedette/model/api/table';
import type { ImageDetailView, ImageView, IntegrationInput, IntegrationTestView, IntegrationView, TraceView } from '@vedette/model/api/origin';
import type { ExposureView } from '@vedette/model/api/cluster-views';
import type { Control } from '@vedette/model/control';
import type { PlaybookView, ResponseView, TriedPlaybookView } from '@vedette/model/api/responses';
import type { CoverageDetailView, CoverageView, FeedView, PolicyView, RiskSummaryView, SensorView, VulnerabilityDetailView } from '@vedette/model/api/views';
import type { ImageFacts } from '@vedette/policy/image-facts';
import type { PolicyMode } from '@vedette/model/policy';
import type { TextProblem } from '@vedette/model/problem';
import type { z } from 'zod';
import type { Database } from '../store/database.ts';
import type { PolicyFacts } from '../store/policies.ts';
import type { ImageFilter } from '../store/read-origin.ts';
import type { ResponseFilter } from '../store/read-responses.ts';
import type { ContainerStates } from '../store/read-risk.ts';
import type { PackageShape } from '../store/read-containers.ts';
import type { ExposedWorkload, RoutingObject } from '../store/read-clusters.ts';
import type { SensorShape } from '../store/read-fleet.ts';
import type { LoadedState } from '../store/read-vulnerabilities.ts';
import type { Caller } from './caller.ts';
import type { Metric } from './metrics.ts';

export interface AssessDoor {
  riskSummary(scope: Scope): Promise<RiskSummaryView>;
  coverage(scope: Scope): Promise<CoverageView>;
  coverageDetail(scope: Scope): Promise<CoverageDetailView>;
  canaryStates(sensor: SensorShape): SensorView['canaries'];
  vulnerability(scope: Scope, name: string): Promise<VulnerabilityDetailView | undefined>;
  feeds(): { items: FeedView[]; problem: string | null };
  reload(): Promise<{ advisories: number; matches: number }>;
  sensorPercent(sensor: SensorShape, containers: ContainerStates | undefined): number;
  evidence(fact: PackageShape['fact']): string;
  /** What is known of an image that the reader may see; of what runs only what is in scope. */
  imageFacts(wanted: { readonly digest: string; readonly reference: string | null; readonly scope: Scope }): Promise<{ readonly facts: ImageFacts; readonly listFrom: 'run' | 'sensor' | 'check' | null }>;
  serviceExposure(workload: ExposedWorkload, routing: readonly RoutingObject[], unseen: string | null): ExposureView;
  readonly loadedPoints: Readonly<Record<LoadedState, number>>;
}

/** Reads a policy's text. A problem is a sentence for whoever wrote it; `places` are the same problems where they have a place. */
export type PolicyReader = (yaml: string) => { readonly policy: Omit<PolicyFacts, 'yaml'> & { readonly rules: PolicyRules } } | { readonly problems: readonly string[]; readonly places?: readonly TextProblem[] };

export type PolicyRules = readonly PolicyView['rules'][number][];

export interface FleetDoor {
  /** A token for one sensor, and the command that uses it. `secretHash` is what the store keeps. */
  makeJoinToken(part: 'sensor' | 'cluster'): { readonly token: string; readonly command: string; readonly secretHash: Buffer };
  policiesChanged(): void;
  baselinesChanged(clusterIds: readonly string[]): void;
  rulesChanged(): void;
  sensorRemoved(sensorId: string): void;
}

export interface OriginDoor {
  readonly reader: {
    list(scope: Scope, filter: ImageFilter, page: { after: { reference: string; id: number } | undefined; limit: number }): Promise<{ readonly items: readonly { readonly view: ImageView; readonly position: readonly [string, number] }[]; readonly total: number }>;
    image(scope: Scope, id: number): Promise<ImageDetailView | undefined>;
    trace(scope: Scope, query: Call<'trace'>['query']): Promise<TraceView | { readonly problem: string; readonly isRequest: boolean }>;
  };
  integrations(): Promise<readonly IntegrationView[]>;
  putIntegration(name: string, input: IntegrationInput, actor: string): Promise<IntegrationView | { readonly problem: string }>;
  deleteIntegration(name: string, actor: string): Promise<string | null | undefined>;
  testIntegration(name: string, actor: string): Promise<IntegrationTestView | undefined>;
  askNow(imageId: number): Promise<void>;
}

export interface PostureDoor {
  readonly controls: readonly Control[];
  /** How a report names this hub. */
  readonly hub: { readonly name: string; readonly version: string };
}

/** Why a request about playbooks or runs is not done. */
export interface ResponseRefusal {
  readonly refused: 'not-found' | 'conflict' | 'forbidden' | 'invalid';
  readonly detail?: string;
  readonly places?: readonly TextProblem[];
}

export interface ResponsesDoor {
  playbooks(): Promise<readonly PlaybookView[]>;
  playbook(name: string): Promise<PlaybookView | undefined>;
  putPlaybook(name: string, yaml: string, generation: number | undefined, actor: string): Promise<PlaybookView | ResponseRefusal>;
  setMode(name: string, mode: PolicyMode, actor: string): Promise<PlaybookView | ResponseRefusal>;
  removePlaybook(name: string, actor: string): Promise<ResponseRefusal | null>;
  tryPlaybook(scope: Scope, yaml: string, event: string | undefined): Promise<TriedPlaybookView | ResponseRefusal>;
  list(scope: Scope, person: Caller, filter: ResponseFilter, page: { after: { createdAt: Date; id: number } | undefined; limit: number }): Promise<{ readonly items: readonly ResponseView[]; readonly total: number; readonly waiting: number }>;
  run(scope: Scope, person: Caller, id: number): Promise<ResponseView | undefined>;
  start(scope: Scope, person: Caller, playbook: string, event: string, dryRun: boolean): Promise<ResponseView | ResponseRefusal>;
  decide(scope: Scope, person: Caller, id: number, step: number, decision: 'approved' | 'rejected'): Promise<ResponseView | ResponseRefusal>;
  cancel(scope: Scope, person: Caller, id: number): Promise<ResponseView | ResponseRefusal>;
  undo(scope: Scope, person: Caller, id: number, effect: string): Promise<ResponseView | ResponseRefusal>;
}

export interface Doors {
  readonly posture: PostureDoor;
  readonly database: Database;
  readonly now: () => Date;
  readonly assess: AssessDoor;
  readonly fleet: FleetDoor;
  readonly origin: OriginDoor;
  readonly responses: ResponsesDoor;
  readonly readPolicy: PolicyReader;
  readonly changed: (topics: readonly LiveTopic[], clusterId: string | null, namespace?: string | null) => void;
  /** Metrics of the other steps. */
  readonly metrics: () => readonly Metric[];
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

type Contract = typeof endpoints;
type Parsed<E, K extends string> = E extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;

export interface Call<N extends EndpointName> {
  readonly caller: Contract[N]['permission'] extends 'public' ? Caller | undefined : Caller;
  readonly params: Parsed<Contract[N], 'params'>;
  readonly query: Parsed<Contract[N], 'query'>;
  readonly body: Parsed<Contract[N], 'body'>;
  readonly address: string;
  readonly agent: string | null;
  /** Sets or, with null, ends the session cookie. */
  setSession(session: { secret: string; expiresAt: Date } | null): void;
}

export type Handlers<N extends EndpointName = EndpointName> = { readonly [K in N]: (call: Call<K>) => Promise<Output<K>> };
