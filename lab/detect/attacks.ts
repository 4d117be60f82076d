/** The first station: acts of attackers by ATT&CK tactic, and what only looks like them. */
import { playAction, type Action } from './battery.ts';
import type { DetectScene } from './scene.ts';

const actions: readonly Action[] = [
  {
    name: 'a shell by an exec session', tactic: 'execution', where: 'container', own: ['Shell in a container'], official: [],
    note: 'the official rule asks for a terminal',
    play: async (scene) => await scene.inContainer(['/bin/sh', '-c', 'id']),
  },
  {
    name: 'a shell with a terminal', tactic: 'execution', where: 'container', own: ['Shell in a container'], official: ['Terminal shell in container'],
    play: async (scene) => await scene.inContainer(['/bin/sh', '-c', 'id'], { terminal: true }),
  },
  {
    name: 'a program in memory', tactic: 'defense-evasion', where: 'container', own: [], official: [],
    play: async (scene) => await scene.inContainer(['/usr/bin/attack', 'memfd']),
  },
  {
    name: 'listing a directory', tactic: 'benign', where: 'host', own: [], official: [],
    play: async (scene) => await scene.onHost(['ls', '/etc']),
  },
];

export const attackRows = actions.length;

export async function attacks(scene: DetectScene): Promise<void> {
  scene.lab.report.say('Acts of attackers');
  for (const one of actions) await playAction(scene, scene.lab.report, one);
}
