/**
 * How the API server is reached: from inside a pod by its service account's files, which are read again for each
 * connection because the kubelet replaces the token while the pod runs; elsewhere from a kubeconfig (a token, a token file,
 * or a client certificate; other ways of signing in run programs and are refused). The server is always proved by its CA.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const podDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface KubernetesConfig {
  /** https://host:port, without a path at its end. http only for tests. */
  readonly server: string;
  /** PEM; absent: the authorities that the system trusts. */
  readonly authority: () => string | undefined;
  readonly token: () => string | undefined;
  readonly certificate?: { readonly certificatePem: string; readonly privateKeyPem: string } | undefined;
  /** Of the API server's certificate, when it differs from the address. */
  readonly serverName?: string | undefined;
}

const Named = z.object({ name: z.string() });
const Kubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(Named.extend({ context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    Named.extend({
      cluster: z.object({
        'server': z.string(),
        'certificate-authority': z.string().optional(),
        'certificate-authority-data': z.string().optional(),
        'tls-server-name': z.string().optional(),
        'insecure-skip-tls-verify': z.boolean().optional(),
      }),
    }),
  ),
  users: z.array(
    Named.extend({
      user: z.object({
        'token': z.string().optional(),
        'tokenFile': z.string().optional(),
        'client-certificate': z.string().optional(),
        'client-certificate-data': z.string().optional(),
        'client-key': z.string().optional(),
        'client-key-data': z.string().optional(),
      }),
    }),
  ),
});

export interface WhereToRead {
  readonly kubeconfig?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly podDirectory?: string;
}

/** Throws an error that says what is missing. */
export function readKubernetesConfig({ kubeconfig, environment = process.env, podDirectory: directory = podDirectory }: WhereToRead): KubernetesConfig {
  if (kubeconfig !== undefined) return fromKubeconfig(kubeconfig);
  const [host, port] = [environment['KUBERNETES_SERVICE_HOST'], environment['KUBERNETES_SERVICE_PORT']];
  if (host === undefined || port === undefined || !existsSync(path.join(directory, 'token'))) {
    throw new Error('there is no Kubernetes here: this is no pod with a service account, and no kubeconfig was given (--kubeconfig FILE)');
  }
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    authority: () => readFileSync(path.join(directory, 'ca.crt'), 'utf8'),
    token: () => readFileSync(path.join(directory, 'token'), 'utf8').trim(),
  };
}

function fromKubeconfig(file: string): KubernetesConfig {
  const parsed = Kubeconfig.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is not a kubeconfig: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
  const { contexts, clusters, users, 'current-context': current } = parsed.data;
  const context = contexts.find((one) => one.name === current)?.context;
  const cluster = clusters.find((one) => one.name === context?.cluster)?.cluster;
  const user = users.find((one) => one.name === context?.user)?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${file} does not say which cluster and user its current context "${current}" has`);
  if (cluster['insecure-skip-tls-verify'] === true) throw new Error(`${file} says not to prove the API server (insecure-skip-tls-verify): Vedette always does; give certificate-authority instead`);
  const at = (name: string): string => path.resolve(path.dirname(file), name);
  const content = (data: string | undefined, name: string | undefined): string | undefined => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return name === undefined ? undefined : readFileSync(at(name), 'utf8');
  };
  const certificatePem = content(user['client-certificate-data'], user['client-certificate']);
  const privateKeyPem = content(user['client-key-data'], user['client-key']);
  const { token, tokenFile } = user;
  if (token === undefined && tokenFile === undefined && (certificatePem === undefined || privateKeyPem === undefined)) {
    throw new Error(`${file} has neither a token nor a client certificate for its current user`);
  }
  const authority = content(cluster['certificate-authority-data'], cluster['certificate-authority']);
  return {
    server: cluster.server.replace(/\/+$/, ''),
    authority: () => authority,
    token: () => token ?? (tokenFile === undefined ? undefined : readFileSync(at(tokenFile), 'utf8').trim()),
    ...(certificatePem === undefined || privateKeyPem === undefined ? {} : { certificate: { certificatePem, privateKeyPem } }),
    serverName: cluster['tls-server-name'],
  };
}
