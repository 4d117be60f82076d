/**
 * The second station: goals of attackers, each reached in every way that we know, by the programs of lab/detect/equivalent/ in namespaces
 * of their own. The rule of the goal must see each of them. What this kernel shows to no hook is a gap: at most four, and the sensor must
 * say each of them itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../containers/run.ts';
import { hierarchies } from '../kernel/cgroup.ts';
import type { LabRun } from '../lab.ts';
import { operations, type Operation } from './equivalent-operations.ts';
import { withScene, type DetectScene } from './scene.ts';

/** Beside the operations: one through a link of a container's image, the number of gaps, and that the sensor lost nothing. */
export const equivalentRows = operations.length + 3;

interface Programs {
  readonly equivalent: string;
  readonly dynamic: string;
  readonly library: string;
}

const source = join(import.meta.dirname, 'equivalent');

export function buildEquivalent(place: string): Programs {
  mkdirSync(place, { recursive: true });
  const made = { equivalent: join(place, 'equivalent'), dynamic: join(place, 'dynamic'), library: join(place, 'library.so') };
  const units = readdirSync(source).filter((one) => one.endsWith('.c') && one !== 'dynamic.c' && one !== 'library.c').map((one) => join(source, one));
  const clang = (...args: string[]) => execFileSync('clang', ['-O1', '-Wall', '-Werror', '-Wno-unused-result', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  clang('-static', '-o', made.equivalent, ...units, '-lpthread');
  clang('-o', made.dynamic, join(source, 'dynamic.c'));
  clang('-shared', '-fPIC', '-o', made.library, join(source, 'library.c'));
  return made;
}

async function playOperation(scene: DetectScene, programs: Programs, one: Operation): Promise<void> {
  let result = 'it did not answer';
  const found = await scene.during(one.name, async () => {
    if (scene.lab.sabotage === 'operation' && one.name === 'openat2') return;
    const { stdout, stderr, code } = await run(programs.equivalent, [scene.hostProcs.join(','), programs.dynamic, programs.library, one.name], {
      timeoutMs: 30_000, accept: Array.from({ length: 256 }, (_, status) => status), env: { UNIFIED: hierarchies().v2 ?? '' },
    });
    result = stdout.split(' ')[1]?.trim() ?? `it became another program, which ended with ${code} ${stderr.trim()}`;
  });
  const fired = found.filter((line) => line.rule.startsWith('goal '));
  const evidence = [`answered ${result}`, ...new Map(found.map((line) => [line.rule, `[${line.rule}] ${line.output}`])).values()].join('\n');
  const name = `${one.goal}: ${one.way}`;
  if (one.refused !== undefined) return void scene.lab.report.row(name, `refused with ${one.refused}`, `refused with ${result}`, evidence);
  const hits = fired.filter((line) => one.rules.includes(line.rule));
  const seen = hits.length >= (one.times ?? 1);
  if (one.gap === undefined) return void scene.lab.report.row(name, one.rules.join(' or '), hits[0]?.rule ?? 'silent', evidence, seen);
  const { eventClass, says, sometimes = false } = one.gap;
  const told = scene.losses?.hooks.find((hook) => hook.eventClass === eventClass && says.test(hook.misses))?.misses;
  scene.lab.report.row(`${name} (a gap that the coverage page tells)`, `${sometimes ? 'seen or not' : 'not seen'}, and told of ${eventClass}: ${says.source}`, `${seen ? 'seen' : 'not seen'}, and ${told === undefined ? 'not told' : 'told'}`, `${told ?? ''}\n${evidence}`, (sometimes || !seen) && told !== undefined);
}

/** A gap that has been closed is a gap no more: its row fails until the table says so. */
export const gaps = operations.filter((one) => one.gap !== undefined);

export async function equivalentActs(lab: LabRun): Promise<void> {
  const rules = join(source, 'rules.yaml');
  await withScene({ ...lab, place: `${lab.place}-equivalent` }, async (scene) => {
    const programs = buildEquivalent(join(lab.place, 'equivalent'));
    const wanted = lab.args.length === 0 ? operations : operations.filter((one) => lab.args.some((part) => one.name.includes(part)));
    lab.report.say('The same goals by equivalent operations');
    for (const one of wanted) await playOperation(scene, programs, one);
    const inImage = await scene.during('a link of the image', async () => await scene.inContainer(['/bin/sh', '-c', ': > /run/goal.pid; rm /var/run/goal.pid']));
    lab.report.row("removing a trace: through a link of a container's image", 'goal trace removed', inImage.find((one) => one.rule === 'goal trace removed')?.rule ?? 'silent', inImage.map((one) => one.output).join('\n'));
    lab.report.bound('ways that are not seen', 'at most', 4, gaps.length, gaps.map((one) => `${one.goal}: ${one.way}`).join('\n'));
    lab.report.row('the sensor lost nothing meanwhile', [], scene.losses?.losses.filter((one) => one.count > 0) ?? 'not told');
  }, { more: [rules] });
}
