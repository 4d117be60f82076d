/**
 * What the stations of the whole road stand on: two clusters with a node each, a registry, the double of Artifactory, the hub
 * from its own image in the first cluster. Stations fill in what the next ones need (digests, ids).
 */
import type { ArtifactoryDouble } from '../artifactory/double.ts';
import type { MadeImage } from '@vedette/deploy/images/main';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import type { KubernetesNode } from '../kubernetes/node.ts';
import type { Registry } from '../kubernetes/registry.ts';
import type { Tools } from '../kubernetes/tools.ts';
import type { LabRun } from '../lab.ts';
import type { ApiClient } from '../product/client.ts';
import type { ContainerView } from '@vedette/model/api/views';
import type { RoadImages } from './images.ts';
import type { PlainHost } from './plain-host.ts';
import type { Callee } from './stations/run.ts';

/** Where Vedette is installed in a cluster. */
export const namespace = 'vedette';
export const release = 'vedette';
export const adminPassword = 'correct horse battery staple';

/** Values of the chart. */
export type Values = { readonly [name: string]: string | number | boolean | readonly Values[] | readonly string[] | Values };

export interface LabCluster {
  readonly name: string;
  readonly plane: ControlPlane;
  readonly node: KubernetesNode;
}

export interface Hub {
  /** Of the console and the API, reachable from this machine and from every Pod. */
  readonly url: string;
  readonly address: string;
}

/** What the stations have found so far. */
export interface Facts {
  images?: RoadImages;
  /** Directories of OSV records, as the hub's container sees them. */
  feeds?: { readonly before: string; readonly after: string };
  /** Directory of the key pair by which releases are signed. */
  keys?: string;
  host?: PlainHost;
  callee?: Callee;
  cart?: ContainerView;
  twin?: ContainerView;
  /** The registry that nobody trusts. */
  elsewhere?: Registry;
}

export interface Scene {
  readonly facts: Facts;
  readonly lab: LabRun;
  readonly tools: Tools;
  readonly registry: Registry;
  readonly artifactory: ArtifactoryDouble;
  readonly images: readonly MadeImage[];
  readonly first: LabCluster;
  readonly second: LabCluster;
  readonly hub: Hub;
  readonly api: ApiClient;
  readonly hubValues: Values;
  /** What is stopped at the end, the last first. */
  readonly stops: (() => Promise<void>)[];
}
