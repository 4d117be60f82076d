/** `vedette cluster`: runs the cluster part here, outside of a pod, for trying it out and for clusters that allow nothing inside. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseJoinToken } from '@vedette/link/transport/join-token';
import { projectRoot } from '../build.ts';
import { stateDirectory } from '../state-directory.ts';
import { complain, UsageError, wholeNumber, type CliCommand } from './command.ts';

export const cluster: CliCommand = {
  name: 'cluster',
  summary: 'Run the part that watches a Kubernetes cluster and relays its sensors',
  usage: 'vedette cluster [--hub-token TOKEN] [--state DIRECTORY] [--kubeconfig FILE] [--name NAME] [options]',
  details: `  --hub-token   one-time, from the console (Fleet → Add a cluster) or POST /api/v1/join-tokens with "part": "cluster"
  --state       where credentials and spool are kept
  --kubeconfig  how the API server is reached; KUBECONFIG unless given, or the service account of the pod this runs in
  --name        as people call the cluster; the token's name otherwise
  --namespace   of the sensors and of the ConfigMap that tells them whom to believe; vedette
  --listen      port for the sensors of the nodes; 7444
  --url         where sensors reach it, https://host:port; this machine's own address otherwise
  --health      port of /livez, /readyz and /metrics; 8485
  In a cluster the Helm chart runs it (deploy/chart).`,
  examples: ['vedette cluster --hub-token vdt1.aGVsbG8… --kubeconfig ~/.kube/config', 'vedette cluster --kubeconfig ~/.kube/config'],
  async run(args) {
    const text = { type: 'string' } as const;
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { 'hub-token': text, 'state': text, 'kubeconfig': text, 'name': text, 'namespace': text, 'listen': text, 'url': text, 'health': text },
      allowPositionals: true,
      strict: true,
    });
    if (positionals.length > 0) throw new UsageError(`it takes options only, not ${positionals[0]}`);
    const state = resolve(values.state ?? join(stateDirectory().root, 'cluster'));
    mkdirSync(state, { recursive: true, mode: 0o700 });
    chmodSync(state, 0o700);
    const tokenFile = join(state, 'join-token');
    const token = values['hub-token'];
    if (token !== undefined) {
      const parsed = parseJoinToken(token);
      if (parsed.kind === 'refused') {
        complain(parsed.reason);
        return 2;
      }
      writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
    }
    const port = (name: 'listen' | 'health') => wholeNumber(values[name], `--${name}`, 1, 65_535);
    const [listen, health] = [port('listen'), port('health')];
    const kubeconfig = values.kubeconfig ?? process.env['KUBECONFIG'];
    const config = {
      stateDirectory: state,
      joinTokenFile: tokenFile,
      ...(kubeconfig === undefined || kubeconfig === '' ? {} : { kubeconfig: resolve(kubeconfig) }),
      ...(values.name === undefined ? {} : { clusterName: values.name }),
      ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
      relay: { ...(listen === undefined ? {} : { port: listen }), ...(values.url === undefined ? {} : { url: values.url }) },
      health: health === undefined ? {} : { port: health },
    };
    const child = spawn(process.execPath, [join(projectRoot, 'cluster', 'main.ts'), '--config', JSON.stringify(config)], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
    return await new Promise((done, failed) => {
      child.on('error', failed);
      child.on('exit', (code) => done(code ?? 1));
    });
  },
};
