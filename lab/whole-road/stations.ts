/**
 * The stations of the whole road in their order, each a file below stations/ with one function `play`. A file is loaded when its turn
 * comes, and anew when it is played again on a ground that was kept, so that what was changed in it counts.
 */
import type { Scene } from './scene.ts';

export interface Station {
  readonly name: string;
  readonly says: string;
}

export const stations: readonly Station[] = [
  { name: 'build', says: 'An image is built and checked' },
  { name: 'publish', says: 'What passed is pushed and signed' },
  { name: 'agents', says: 'Cluster parts and sensors by the chart, from our images' },
  { name: 'admit', says: 'Unsigned and untrusted images are refused at the door' },
  { name: 'run', says: 'The signed one runs, and is one chain' },
  { name: 'false-build', says: 'A build info that is not true contradicts the check' },
  { name: 'exec', says: 'alice and bob come in by exec' },
  { name: 'fleet', says: 'A second cluster and a plain host in the same hub' },
  { name: 'turns-bad', says: 'A feed makes a loaded package critical' },
  { name: 'respond', says: 'A playbook isolates, rolls back, and is undone' },
  { name: 'integrity', says: 'Tag overwritten, manifest deleted, signed by another key' },
  { name: 'scope', says: 'Who may see one cluster learns nothing of the others' },
  { name: 'console', says: 'Every page of the console shows it' },
  { name: 'posture', says: 'The report names what is wrong, and says where there is no data' },
];

/** `edition` is new for each time that the file is to be read again. */
export async function playStation({ name }: Station, scene: Scene, edition: string): Promise<void> {
  const { play } = (await import(`./stations/${name}.ts${edition}`)) as { play(scene: Scene): Promise<void> };
  await play(scene);
}
