/** The first station: acts of attackers by ATT&CK tactic, and what only looks like them. */
import { gettingIn } from './attacks/getting-in.ts';
import { looking } from './attacks/looking.ts';
import { rising } from './attacks/rising.ts';
import { sequences } from './attacks/sequences.ts';
import { staying } from './attacks/staying.ts';
import { taking } from './attacks/taking.ts';
import { twins } from './attacks/twins.ts';
import { playAction, type Action } from './battery.ts';
import { officialRuleFiles, type DetectScene } from './scene.ts';

export const actions: readonly Action[] = [...gettingIn, ...staying, ...rising, ...looking, ...taking, ...twins, ...sequences];

/** Rows about the whole: acts and tactics, that every rule of ours was heard, and that the sensor lost nothing. */
const rowsOfTheWhole = 5;
const actsMin = 60;
const tacticsMin = 12;

export const attackRows = actions.length * (officialRuleFiles().length === 0 ? 1 : 2) + rowsOfTheWhole;

/** The action that the sabotage `battery` leaves out. */
export const leftOut = 'a program that was written after the start';

export async function attacks(scene: DetectScene): Promise<void> {
  const { report, sabotage } = scene.lab;
  const heard = new Set<string>();
  let tactic = '';
  for (const one of actions) {
    if (one.tactic !== tactic) report.say((tactic = one.tactic));
    const played = sabotage === 'battery' && one.name === leftOut ? { ...one, play: async () => await Promise.resolve() } : one;
    for (const rule of await playAction(scene, report, played)) heard.add(rule);
  }
  report.say('The whole');
  const harmful = actions.filter((one) => one.tactic !== 'benign');
  report.bound('acts of attackers', 'at least', actsMin, harmful.length);
  report.bound('… of so many tactics', 'at least', tacticsMin, new Set(harmful.map((one) => one.tactic)).size);
  report.row('every rule that ships was heard', [], scene.rulesOf('own').filter((one) => !heard.has(one)));
  report.row('the sensor lost nothing', [], scene.losses?.losses.filter((one) => one.count > 0) ?? 'not told');
  report.row('the sensor finds nothing wrong with the rules that ship', [], scene.losses?.problems.filter((one) => scene.rulesOf('own').some((rule) => one.startsWith(rule))) ?? 'not told');
  const seenByUsAlone = harmful.filter((one) => one.own.length > 0 && one.official.length === 0).length;
  report.figure('acts that ours see and the official rules do not', seenByUsAlone);
}
