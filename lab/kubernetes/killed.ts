/** `node killed.ts DIRECTORY REGISTRY`: a cluster with a node and a Pod, said to be ready; then it waits to be killed. */
import { startControlPlane } from './control-plane.ts';
import { startNode } from './node.ts';
import { registryHost, runningPod, webDeployment } from './scene.ts';
import { buildTools } from './tools.ts';

const [directory, registry] = process.argv.slice(2);
if (directory === undefined || registry === undefined) throw new Error('usage: node killed.ts DIRECTORY REGISTRY');
const cluster = await startControlPlane({ tools: await buildTools(() => undefined), name: 'killed', directory });
await startNode({ cluster, name: 'killed-node', index: 0, registryMirrors: { [registryHost]: registry } });
await cluster.client.apply(webDeployment('default', `${registryHost}/shop/web:1`));
const { pod } = await runningPod(cluster.client, 'default');
if (pod === null) {
  await cluster.stop();
  process.exit(1);
}
process.stdout.write(`ready ${cluster.slot.number}\n`);
setInterval(() => undefined, 1000);
