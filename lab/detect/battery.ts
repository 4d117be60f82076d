/**
 * The words in which a battery is written: an action, where it is done, and what each of the two rule sets must say of it.
 * An action is played in the scene, and its row says what was expected, what came, and the line that a person would read.
 */
import type { RunResult } from '../containers/run.ts';
import type { LabReport } from '../report.ts';
import type { DetectionLine } from './detections.ts';
import type { DetectScene } from './scene.ts';

export interface Action {
  readonly name: string;
  /** ATT&CK tactic; benign: what must be silent. */
  readonly tactic: string;
  readonly where: 'host' | 'container';
  /** Ours that fire, all of them and no other. */
  readonly own: readonly string[];
  /** The official ones that fire, all of them and no other: what reading these rules says. */
  readonly official: readonly string[];
  /** Why the official ones are silent where ours are not, and the like; shown in the row. */
  readonly note?: string;
  /** What must be there first; not seen by the sensor, or before anything is counted. */
  readonly prepare?: (scene: DetectScene) => Promise<void>;
  readonly play: (scene: DetectScene) => Promise<RunResult | void>;
}

/** Plays it, and says in one row for each rule set whether exactly those rules fired that should. Which of ours did. */
export async function playAction(scene: DetectScene, report: LabReport, action: Action): Promise<string[]> {
  await action.prepare?.(scene);
  let result: RunResult | void = undefined;
  const found = await scene.during(action.name, async () => (result = await action.play(scene)));
  const mine = found.filter((one) => scene.setOf(one.rule) === 'own');
  report.row(`${action.tactic}: ${action.name}`, sorted(action.own), [...namesOf(mine), ...failureOf(action, result)], evidenceOf(mine, action.note));
  if (!scene.hasOfficial) return namesOf(mine);
  const theirs = found.filter((one) => scene.setOf(one.rule) === 'official');
  report.row(`${action.tactic}: ${action.name}, by the official rules`, sorted(action.official), namesOf(theirs), evidenceOf(theirs, action.note));
  return namesOf(mine);
}

/** Silence says nothing of an act that did not come about. */
function failureOf(action: Action, result: RunResult | void): string[] {
  const isSilent = action.own.length === 0;
  return isSilent && result !== undefined && result.code !== 0 ? [`it did not come about: ${result.code}: ${(result.stderr || result.stdout).trim().slice(-300)}`] : [];
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}

export function namesOf(lines: readonly DetectionLine[]): string[] {
  return [...new Set(lines.map((one) => one.rule))].sort();
}

function evidenceOf(lines: readonly DetectionLine[], note: string | undefined): string {
  const told = [...new Map(lines.map((one) => [one.rule, one])).values()].map((one) => `[${one.priority}] ${one.output}${one.identityPending ? ' (identity pending)' : ''}`);
  return [...(note === undefined ? [] : [note]), ...told].join('\n');
}
