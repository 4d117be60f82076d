/**
 * A real node of a lab's cluster on this machine: a kubelet with a containerd of its own (root, state, socket, network,
 * bridge) and a cgroup root of its own, below which all its Pods are and nothing else, so a sensor can be scoped to it.
 * Several nodes, also of several clusters, run beside each other. Images come from registries that containerd is told where to
 * find (plain HTTP is fine); the only one it has from the start is the pause image. No hostPort: that plug-in writes
 * rules that nobody would take away. Stopping removes every Pod, mount, bridge and cgroup that the node made, also when its
 * kubelet or containerd hangs.
 */
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type RunResult } from '../containers/run.ts';
import { hierarchies } from '../kernel/cgroup.ts';
import { kubeconfig } from './certificates.ts';
import type { ControlPlane } from './control-plane.ts';
import { Daemon } from './daemon.ts';
import { pauseImage } from './image.ts';
import { startServices } from './services.ts';
import { isKubeletOfMachine } from './slot.ts';
import { cgroupHierarchies, nodePart, sweepSlot } from './sweep.ts';

export interface NodeOptions {
  readonly cluster: ControlPlane;
  readonly name: string;
  /** 0 to 14, its own within the cluster. */
  readonly index: number;
  /** Where a registry's host name leads: `{ 'registry.test': 'http://127.0.0.1:5000' }`. */
  readonly registryMirrors?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

const readyMs = 60_000;
const containerdReadyMs = 30_000;

export class KubernetesNode {
  readonly name: string;
  readonly index: number;
  readonly cluster: ControlPlane;
  readonly directory: string;
  /** The gateway of its Pods, and the node's address. */
  readonly address: string;
  /** Below the root of each cgroup hierarchy. */
  readonly cgroup: string;
  readonly containerdSocket: string;
  readonly daemons: Daemon[] = [];
  readyMs = 0;
  readonly #options: NodeOptions;
  #stopped = false;

  private constructor(options: NodeOptions) {
    const { cluster, index } = options;
    this.#options = options;
    this.name = options.name;
    this.index = index;
    this.cluster = cluster;
    this.directory = join(cluster.directory, nodePart(index));
    this.address = cluster.slot.address(index);
    this.cgroup = cluster.slot.cgroup(index);
    this.containerdSocket = join(this.directory, 'containerd', 'sock');
  }

  static async start(options: NodeOptions): Promise<KubernetesNode> {
    const node = new KubernetesNode(options);
    if (existsSync(node.directory)) throw new Error(`the cluster ${options.cluster.name} has a node ${options.index} already`);
    // two places that no kubelet can be told to leave alone would be taken from the one that is there
    if (isKubeletOfMachine()) throw new Error('this machine is a node of a cluster already (/var/lib/kubelet): a lab must not run another kubelet here');
    options.cluster.stops.push(async () => await node.stop());
    try {
      await node.#start();
      return node;
    } catch (error) {
      await node.stop();
      throw error;
    }
  }

  /** The directories of the node's cgroup, one for each hierarchy. */
  get cgroupPaths(): string[] {
    return cgroupHierarchies().map((one) => join(one, this.cgroup)).filter((one) => existsSync(one));
  }

  /** The one of them that a sensor is scoped to. */
  get cgroupPath(): string {
    const { v1Pids, v2 } = hierarchies();
    const hierarchy = v1Pids ?? v2;
    if (hierarchy === null) throw new Error('this host has no cgroup hierarchy that containers use');
    return join(hierarchy, this.cgroup);
  }

  async ctr(args: readonly string[], accept: readonly number[] = []): Promise<RunResult> {
    return await run('ctr', ['--address', this.containerdSocket, '--namespace', 'k8s.io', ...args], { accept });
  }

  /** The kube-proxy of this node: Services are then reached by their address, from this machine and from its Pods. */
  async startServices(): Promise<void> {
    await this.cluster.slot.claimServices();
    await startServices(this);
  }

  /** In the environment of the node's processes, by which a sweep finds them. */
  mark(): Readonly<Record<string, string>> {
    return this.cluster.slot.mark(nodePart(this.index));
  }

  daemon(name: string, program: string, args: readonly string[]): Daemon {
    const daemon = Daemon.start({ name: `${name} of ${this.name}`, program, args, log: join(this.cluster.directory, 'log', `${name}-${this.name}.log`), env: this.mark() });
    this.daemons.push(daemon);
    return daemon;
  }

  /** A kubeconfig file for a program of this node. */
  async config(file: string, name: string, groups: readonly string[]): Promise<string> {
    const { cluster } = this;
    const path = join(this.directory, `${file}.kubeconfig`);
    const certificate = await cluster.certificate({ name, groups, usage: 'client' });
    writeFileSync(path, kubeconfig({ cluster: cluster.name, server: cluster.apiServerUrl, authorityPem: cluster.authorityPem, user: name, certificate }), { mode: 0o600 });
    return path;
  }

  async #start(): Promise<void> {
    const { slot, client } = this.cluster;
    mkdirSync(this.directory, { recursive: true });
    const bridge = slot.bridge(this.index);
    // made before the first Pod makes it: the kubelet needs the address at once
    await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
    await run('ip', ['address', 'add', `${this.address}/24`, 'dev', bridge]);
    await run('ip', ['link', 'set', bridge, 'up']);
    for (const one of cgroupHierarchies()) makeCgroup(one, this.cgroup);
    await this.#startContainerd();
    const begun = performance.now();
    const kubelet = await this.#startKubelet();
    this.readyMs = Math.round(performance.now() - begun) + await kubelet.ready(async () => {
      const node = await client.find('v1', 'Node', this.name);
      const conditions = (node?.['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? [];
      return conditions.some((one) => one.type === 'Ready' && one.status === 'True');
    }, readyMs);
  }

  async #startContainerd(): Promise<void> {
    const place = join(this.directory, 'containerd');
    const { slot, tools } = this.cluster;
    mkdirSync(join(place, 'network'), { recursive: true });
    writeFileSync(join(place, 'network', '10-pods.conflist'), JSON.stringify({
      cniVersion: '1.0.0', name: slot.bridge(this.index),
      plugins: [{
        type: 'bridge', bridge: slot.bridge(this.index), isGateway: true, ipMasq: false, hairpinMode: true,
        ipam: { type: 'host-local', dataDir: join(place, 'addresses'), ranges: [[{ subnet: slot.podSubnet(this.index), gateway: this.address }]], routes: [{ dst: '0.0.0.0/0' }] },
      }],
    }));
    for (const [host, mirror] of Object.entries(this.#options.registryMirrors ?? {})) {
      const hosts = join(place, 'registries', host);
      mkdirSync(hosts, { recursive: true });
      writeFileSync(join(hosts, 'hosts.toml'), `server = "${mirror}"\n[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`);
    }
    mkdirSync(join(place, 'registries'), { recursive: true });
    const { stdout: version } = await run('containerd', ['--version']);
    const isTwo = / v?2\.\d+\.\d+/.test(version);
    writeFileSync(join(place, 'config.toml'), (isTwo ? containerdTwo : containerdOne)(place, tools.networkPlugins));
    const containerd = this.daemon('containerd', 'containerd', ['--config', join(place, 'config.toml'), '--log-level', 'info']);
    await containerd.ready(async () => existsSync(this.containerdSocket) && (await this.ctr(['version'], [1])).code === 0, containerdReadyMs);
    await this.ctr(['images', 'import', await pauseImage(tools)]);
  }

  async #startKubelet(): Promise<Daemon> {
    const place = join(this.directory, 'kubelet');
    const { cluster, name } = this;
    mkdirSync(join(place, 'static'), { recursive: true });
    const serving = await cluster.certificate({ name: `system:node:${name}`, groups: ['system:nodes'], usage: 'server', hosts: [name, this.address] });
    const file = (suffix: string, text: string) => {
      const path = join(place, suffix);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const config = {
      apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration',
      address: this.address, port: 10_250, readOnlyPort: 0, healthzBindAddress: cluster.slot.loopback(this.index), healthzPort: 10_248,
      tlsCertFile: file('serving.crt', serving.certificatePem), tlsPrivateKeyFile: file('serving.key', serving.privateKeyPem),
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: file('ca.crt', cluster.authorityPem) } },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: `unix://${this.containerdSocket}`,
      cgroupDriver: 'cgroupfs', cgroupRoot: `/${this.cgroup}`, failCgroupV1: false, enforceNodeAllocatable: ['pods'],
      failSwapOn: false, oomScoreAdj: 0, makeIPTablesUtilChains: false,
      resolvConf: file('resolv.conf', ''), staticPodPath: join(place, 'static'), podLogsDir: join(place, 'logs'), volumePluginDir: join(place, 'volume-plugins'),
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
      // an image that was pulled once would otherwise be asked for again under every other name that it has
      imagePullCredentialsVerificationPolicy: 'NeverVerify',
      imageGCHighThresholdPercent: 100, imageGCLowThresholdPercent: 99, maxPods: 200, nodeStatusUpdateFrequency: '5s', syncFrequency: '10s',
    };
    const labels = Object.entries(this.#options.labels ?? {}).map(([key, value]) => `${key}=${value}`).join(',');
    return this.daemon('kubelet', cluster.tools.kubernetes.kubelet, [
      `--config=${file('config.json', JSON.stringify(config))}`, `--kubeconfig=${await this.config('kubelet', `system:node:${name}`, ['system:nodes'])}`,
      `--hostname-override=${name}`, `--node-ip=${this.address}`, `--root-dir=${join(place, 'root')}`, `--cert-dir=${join(place, 'certificates')}`,
      ...(labels === '' ? [] : [`--node-labels=${labels}`]),
    ]);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const { slot } = this.cluster;
    // nothing of it is to be kept, and what is asked politely waits for those who still watch
    for (const one of this.daemons.toReversed()) await one.stop('SIGKILL');
    await sweepSlot(slot.number, this.index, { directory: slot.directory, services: false });
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function startNode(options: NodeOptions): Promise<KubernetesNode> {
  return await KubernetesNode.start(options);
}

/** The kubelet expects its root to be there. Some controllers must be told what they have before anything may be in them. */
function makeCgroup(hierarchy: string, name: string): void {
  const path = join(hierarchy, name);
  mkdirSync(path, { recursive: true });
  for (const file of ['cpuset.mems', 'cpuset.cpus']) {
    const own = join(path, file);
    if (existsSync(own) && existsSync(join(hierarchy, file)) && readFileSync(own, 'utf8').trim() === '') writeFileSync(own, readFileSync(join(hierarchy, file), 'utf8').trim());
  }
  const controllers = join(hierarchy, 'cgroup.controllers');
  if (!existsSync(controllers)) return;
  const names = readFileSync(controllers, 'utf8').trim().split(/\s+/).filter((one) => one !== '').map((one) => `+${one}`).join(' ');
  if (names === '') return;
  for (const one of [hierarchy, path]) writeFileSync(join(one, 'cgroup.subtree_control'), names);
}

/** The process is that of a Pod of this node. */
export function cgroupHolds(node: KubernetesNode, pid: number): boolean {
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  return own.includes(`:/${node.cgroup}/`) && readlinkSync(`/proc/${pid}/exe`) !== '';
}

function containerdOne(place: string, plugins: string): string {
  return `version = 2
root = "${place}/root"
state = "${place}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${place}/sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${place}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${place}/network"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${place}/registries"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "${place}/runc"
`;
}

function containerdTwo(place: string, plugins: string): string {
  return `version = 3
root = "${place}/root"
state = "${place}/state"
[grpc]
  address = "${place}/sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${place}/opt"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "localhost/pause:1"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "${place}/registries"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${plugins}"]
    conf_dir = "${place}/network"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}
