/** The first station: acts of attackers by ATT&CK tactic, and what only looks like them. */
import { gettingIn } from './attacks/getting-in.ts';
import { looking } from './attacks/looking.ts';
import { rising } from './attacks/rising.ts';
import { staying } from './attacks/staying.ts';
import { taking } from './attacks/taking.ts';
import { playAction, type Action } from './battery.ts';
import { officialRuleFiles, type DetectScene } from './scene.ts';

export const actions: readonly Action[] = [...gettingIn, ...staying, ...rising, ...looking, ...taking];

export const attackRows = actions.length * (officialRuleFiles().length === 0 ? 1 : 2);

export async function attacks(scene: DetectScene): Promise<void> {
  let tactic = '';
  for (const one of actions) {
    if (one.tactic !== tactic) scene.lab.report.say((tactic = one.tactic));
    await playAction(scene, scene.lab.report, one);
  }
}
