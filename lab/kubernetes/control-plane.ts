/**
 * A real control plane: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, with an authority of its own and
 * RBAC, in a slot of this machine. The API server listens on an address of a bridge that the slot owns (nodes and webhooks
 * need one that is not loopback), the rest on a loopback address of the slot, so several clusters run at once on the same
 * ports. What is left out: auditing, aggregated API servers, encryption at rest, a second of anything. No name server: Pods
 * find Services by environment or address.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../containers/run.ts';
import { ClusterAuthority, kubeconfig, tokenKeys, type Certificate } from './certificates.ts';
import { KubernetesClient } from './client.ts';
import { Daemon } from './daemon.ts';
import { Slot } from './slot.ts';
import type { Tools } from './tools.ts';

export interface ControlPlaneOptions {
  readonly tools: Tools;
  readonly name: string;
  /** Made, and removed by `stop`. */
  readonly directory: string;
  /** More arguments for the API server, last. */
  readonly apiServerArgs?: readonly string[];
}

const apiPort = 6443;
const readyMs = 120_000;
const controlPart = 'control';

interface Keys {
  readonly directory: string;
  readonly authority: ClusterAuthority;
}

/** File names of a certificate and its key. */
async function keyFiles(keys: Keys, file: string, wish: Parameters<ClusterAuthority['issue']>[0]): Promise<Certificate> {
  const certificate = await keys.authority.issue(wish);
  writeFileSync(join(keys.directory, `${file}.crt`), certificate.certificatePem);
  writeFileSync(join(keys.directory, `${file}.key`), certificate.privateKeyPem, { mode: 0o600 });
  return certificate;
}

export class ControlPlane {
  readonly name: string;
  readonly tools: Tools;
  readonly slot: Slot;
  readonly directory: string;
  readonly apiServerUrl: string;
  readonly daemons: Daemon[] = [];
  /** Milliseconds until the API server was ready, and until the controllers had made the first service account. */
  readonly startedMs = { apiServer: 0, controllers: 0 };
  /** How nodes are stopped before the control plane is. */
  readonly stops: (() => Promise<void>)[] = [];
  readonly #keys: Keys;
  #admin: KubernetesClient | null = null;
  #adminKubeconfig = '';

  private constructor(options: ControlPlaneOptions, slot: Slot, keys: Keys) {
    this.name = options.name;
    this.tools = options.tools;
    this.slot = slot;
    this.directory = slot.directory;
    this.apiServerUrl = `https://${slot.address(null)}:${apiPort}`;
    this.#keys = keys;
  }

  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const slot = await Slot.claim(resolve(options.directory));
    try {
      const keys = { directory: join(slot.directory, 'keys'), authority: await ClusterAuthority.create(`${options.name} authority`) };
      mkdirSync(keys.directory, { recursive: true });
      const plane = new ControlPlane(options, slot, keys);
      await plane.#start(options.apiServerArgs ?? []);
      return plane;
    } catch (error) {
      await slot.release();
      throw error;
    }
  }

  /** PEM of the authority that the API server's and the webhooks' certificates are of. */
  get authorityPem(): string {
    return this.#keys.authority.certificatePem;
  }

  /** A file for kubectl and helm, of a user in system:masters. */
  get adminKubeconfig(): string {
    return this.#adminKubeconfig;
  }

  /** As a user in system:masters. */
  get client(): KubernetesClient {
    if (this.#admin === null) throw new Error(`the control plane ${this.name} is not started`);
    return this.#admin;
  }

  /** A certificate of this cluster, for a webhook or a node. */
  async certificate(wish: Parameters<ClusterAuthority['issue']>[0]): Promise<Certificate> {
    return await this.#keys.authority.issue(wish);
  }

  /** The API server answers by the address of its Service. */
  async isReadyByService(): Promise<boolean> {
    const certificate = await this.#keys.authority.issue({ name: 'look', usage: 'client' });
    const client = new KubernetesClient({ server: `https://${this.slot.apiService}`, authorityPem: this.authorityPem, certificate, kubeconfig: '', kubectl: '' });
    try {
      return await client.isReady(2000);
    } finally {
      client.close();
    }
  }

  /** A person with a certificate: a kubeconfig file that says who they are. What they may do is for RBAC to say. */
  async userCertificate(name: string, groups: readonly string[] = []): Promise<{ readonly kubeconfig: string; readonly client: KubernetesClient }> {
    const certificate = await this.#keys.authority.issue({ name, groups, usage: 'client' });
    const path = join(this.directory, `${name.replaceAll(/[^\w.-]/g, '_')}.kubeconfig`);
    writeFileSync(path, kubeconfig({ cluster: this.name, server: this.apiServerUrl, authorityPem: this.authorityPem, user: name, certificate }), { mode: 0o600 });
    return { kubeconfig: path, client: new KubernetesClient({ server: this.apiServerUrl, authorityPem: this.authorityPem, certificate, kubeconfig: path, kubectl: this.tools.kubernetes.kubectl }) };
  }

  daemon(name: string, program: string, args: readonly string[]): Daemon {
    const daemon = Daemon.start({ name, program, args, log: join(this.directory, 'log', `${name}.log`), env: this.slot.mark(controlPart) });
    this.daemons.push(daemon);
    return daemon;
  }

  async #start(apiServerArgs: readonly string[]): Promise<void> {
    const { slot } = this;
    const address = slot.address(null);
    await run('ip', ['link', 'add', slot.bridge(null), 'type', 'bridge']);
    await run('ip', ['address', 'add', `${address}/24`, 'dev', slot.bridge(null)]);
    await run('ip', ['link', 'set', slot.bridge(null), 'up']);
    // what no Pod and no Service has (yet) must not leave the machine, where somebody else may answer
    for (const network of [slot.podNetwork, slot.serviceNetwork]) await run('ip', ['route', 'add', network, 'dev', slot.bridge(null)]);
    await this.#writeKeys();
    const begun = performance.now();
    this.#startEtcd();
    const admin = await this.userCertificate('admin', ['system:masters']);
    this.#admin = admin.client;
    this.#adminKubeconfig = admin.kubeconfig;
    const apiServer = this.daemon('kube-apiserver', this.tools.kubernetes['kube-apiserver'], [...this.#apiServerArgs(), ...apiServerArgs]);
    await apiServer.ready(async () => await this.client.isReady(), readyMs);
    this.startedMs.apiServer = Math.round(performance.now() - begun);
    await this.#startControllers();
    const controllers = this.daemons.find((one) => one.name === 'kube-controller-manager')!;
    await controllers.ready(async () => (await this.client.find('v1', 'ServiceAccount', 'default', 'default')) !== null, readyMs);
    this.startedMs.controllers = Math.round(performance.now() - begun);
  }

  async #writeKeys(): Promise<void> {
    const keys = this.#keys;
    const { slot } = this;
    const tokens = tokenKeys();
    const secret = { mode: 0o600 };
    writeFileSync(join(keys.directory, 'ca.crt'), keys.authority.certificatePem);
    writeFileSync(join(keys.directory, 'ca.key'), keys.authority.privateKeyPem, secret);
    writeFileSync(join(keys.directory, 'tokens.pub'), tokens.publicPem);
    writeFileSync(join(keys.directory, 'tokens.key'), tokens.privatePem, secret);
    const hosts = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', slot.apiService, slot.address(null), '127.0.0.1'];
    await keyFiles(keys, 'apiserver', { name: 'kube-apiserver', usage: 'server', hosts });
    await keyFiles(keys, 'apiserver-kubelet', { name: 'kube-apiserver-kubelet', groups: ['system:masters'], usage: 'client' });
    await keyFiles(keys, 'front-proxy', { name: 'front-proxy', usage: 'client' });
  }

  #startEtcd(): void {
    const client = `http://${this.slot.loopback(null)}:2379`;
    const peer = `http://${this.slot.loopback(null)}:2380`;
    this.daemon('etcd', this.tools.etcd, [
      '--name', 'one', '--data-dir', join(this.directory, 'etcd'), '--log-level', 'warn',
      '--listen-client-urls', client, '--advertise-client-urls', client,
      '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`,
    ]);
  }

  #key(name: string): string {
    return join(this.#keys.directory, name);
  }

  #apiServerArgs(): string[] {
    const address = this.slot.address(null);
    const issuer = 'https://kubernetes.default.svc';
    return [
      `--etcd-servers=http://${this.slot.loopback(null)}:2379`, `--bind-address=${address}`, `--advertise-address=${address}`, `--secure-port=${apiPort}`,
      `--tls-cert-file=${this.#key('apiserver.crt')}`, `--tls-private-key-file=${this.#key('apiserver.key')}`, `--client-ca-file=${this.#key('ca.crt')}`,
      `--service-account-issuer=${issuer}`, `--api-audiences=${issuer}`, `--service-account-key-file=${this.#key('tokens.pub')}`, `--service-account-signing-key-file=${this.#key('tokens.key')}`,
      `--kubelet-certificate-authority=${this.#key('ca.crt')}`, `--kubelet-client-certificate=${this.#key('apiserver-kubelet.crt')}`, `--kubelet-client-key=${this.#key('apiserver-kubelet.key')}`,
      '--kubelet-preferred-address-types=InternalIP,Hostname',
      `--requestheader-client-ca-file=${this.#key('ca.crt')}`, '--requestheader-allowed-names=front-proxy', '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group', '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${this.#key('front-proxy.crt')}`, `--proxy-client-key-file=${this.#key('front-proxy.key')}`,
      `--service-cluster-ip-range=${this.slot.serviceNetwork}`, '--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', '--allow-privileged=true',
      // the one that needs no lease, and the "kubernetes" Service must lead to the API server
      '--endpoint-reconciler-type=master-count',
    ];
  }

  async #startControllers(): Promise<void> {
    const config = async (name: string) => (await this.userCertificate(`system:${name}`)).kubeconfig;
    const loopback = this.slot.loopback(null);
    const as = (path: string) => [`--kubeconfig=${path}`, `--authentication-kubeconfig=${path}`, `--authorization-kubeconfig=${path}`, `--bind-address=${loopback}`, '--leader-elect=false'];
    this.daemon('kube-controller-manager', this.tools.kubernetes['kube-controller-manager'], [
      ...as(await config('kube-controller-manager')),
      `--service-account-private-key-file=${this.#key('tokens.key')}`, `--root-ca-file=${this.#key('ca.crt')}`,
      `--cluster-signing-cert-file=${this.#key('ca.crt')}`, `--cluster-signing-key-file=${this.#key('ca.key')}`,
      // nodes of a slot have their subnet by their number
      '--use-service-account-credentials=true', '--allocate-node-cidrs=false',
    ]);
    this.daemon('kube-scheduler', this.tools.kubernetes['kube-scheduler'], as(await config('kube-scheduler')));
  }

  /** Nodes first, then the daemons, then everything that bears the slot's number. */
  async stop(options: { readonly keepDirectory?: boolean } = {}): Promise<void> {
    for (const stop of this.stops.toReversed()) await stop();
    this.stops.length = 0;
    this.#admin?.close();
    for (const one of this.daemons.toReversed()) await one.stop('SIGKILL');
    await this.slot.release(options);
  }
}

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return await ControlPlane.start(options);
}
