/**
 * Detection: acts of attackers, and what only looks like them, done for real in a container and on the host, against the
 * rules that ship and the Falco project's own, in one sensor with its kernel programs. Two stations: `attacks`, by ATT&CK
 * tactic, and `equivalent`, the same acts done in another way.
 */
import type { Lab, LabRun } from '../lab.ts';
import { attacks, attackRows, leftOut } from './attacks.ts';
import { equivalentActs, equivalentRows } from './equivalent.ts';
import { withScene } from './scene.ts';

export const detect: Lab = {
  name: 'detect',
  summary: 'Acts of attackers by ATT&CK tactic, their twins and the same done otherwise: the rules that ship fire and are silent as they must',
  rows: attackRows + equivalentRows,
  parts: {
    rules: 'the rules on credentials are left out',
    sensor: 'what the hook at the return of system calls reports is not taken',
    battery: 'one act is not done',
    operation: 'one of the equivalent operations is not done',
  },
  breaks: {
    rules: ['credential-access: password hashes', 'credential-access: the token of the pod'],
    sensor: ['privilege-escalation: another namespace entered', 'impact: a file locked', 'every rule that ships was heard'],
    battery: [`execution: ${leftOut}`],
    operation: ['reading a secret: openat2'],
  },
  async run(lab: LabRun): Promise<void> {
    if (lab.from !== 'equivalent' && lab.sabotage !== 'operation') await withScene(lab, attacks);
    if (lab.sabotage === null || lab.sabotage === 'operation') await equivalentActs(lab);
  },
};
