/**
 * Detection: acts of attackers, and what only looks like them, done for real in a container and on the host, against the
 * rules that ship and the Falco project's own, in one sensor with its kernel programs. Two stations: `attacks`, by ATT&CK
 * tactic, and `equivalent`, the same acts done in another way.
 */
import type { Lab, LabRun } from '../lab.ts';
import { attacks, attackRows } from './attacks.ts';
import { equivalentActs, equivalentRows } from './equivalent.ts';
import { withScene } from './scene.ts';

export const detect: Lab = {
  name: 'detect',
  summary: 'Acts of attackers by ATT&CK tactic, their twins and the same done otherwise: the rules that ship fire and are silent as they must',
  rows: attackRows + equivalentRows,
  parts: {
    rules: 'the rules of one tactic are left out',
    sensor: 'the hook at the return of system calls is not attached',
    battery: 'one action is not done',
  },
  breaks: {
    rules: [],
    sensor: [],
    battery: [],
  },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      await attacks(scene);
      await equivalentActs(scene);
    });
  },
};
