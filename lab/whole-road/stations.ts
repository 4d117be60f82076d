/**
 * The stations of the whole road in their order. Each is loaded when its turn comes, and anew when it is played again on a ground that
 * was kept, so that what was changed in it counts.
 */
import type { Scene } from './scene.ts';

export interface Station {
  readonly name: string;
  readonly says: string;
  play(scene: Scene, fresh: string): Promise<void>;
}

export const stations: readonly Station[] = [
  { name: 'build', says: 'An image is built and checked', play: async (scene, fresh) => await ((await import(`./stations/build.ts${fresh}`)) as typeof import('./stations/build.ts')).build(scene) },
  { name: 'publish', says: 'What passed is pushed and signed', play: async (scene, fresh) => await ((await import(`./stations/publish.ts${fresh}`)) as typeof import('./stations/publish.ts')).publish(scene) },
  { name: 'agents', says: 'Cluster parts and sensors by the chart, from our images', play: async (scene, fresh) => await ((await import(`./stations/agents.ts${fresh}`)) as typeof import('./stations/agents.ts')).agents(scene) },
  { name: 'run', says: 'The signed one runs, and is one chain', play: async (scene, fresh) => await ((await import(`./stations/run.ts${fresh}`)) as typeof import('./stations/run.ts')).runs(scene) },
  { name: 'fleet', says: 'A second cluster and a plain host in the same hub', play: async (scene, fresh) => await ((await import(`./stations/fleet.ts${fresh}`)) as typeof import('./stations/fleet.ts')).fleet(scene) },
  { name: 'turns-bad', says: 'A feed makes a loaded package critical', play: async (scene, fresh) => await ((await import(`./stations/turns-bad.ts${fresh}`)) as typeof import('./stations/turns-bad.ts')).turnsBad(scene) },
  { name: 'integrity', says: 'Tag overwritten, manifest deleted, signed by another key', play: async (scene, fresh) => await ((await import(`./stations/integrity.ts${fresh}`)) as typeof import('./stations/integrity.ts')).integrity(scene) },
  { name: 'posture', says: 'The report names what is wrong, and says where there is no data', play: async (scene, fresh) => await ((await import(`./stations/posture.ts${fresh}`)) as typeof import('./stations/posture.ts')).posture(scene) },
];
