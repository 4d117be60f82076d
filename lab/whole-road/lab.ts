/**
 * The whole road: an image is built, checked, signed, pushed, admitted, run, watched, goes bad, is stopped, answered and reported. Real
 * parts only: registry, two clusters with a node each, cosign, PostgreSQL, hub, cluster parts and sensors from our own images by our
 * own chart; the one double is Artifactory.
 */
import { existsSync } from 'node:fs';
import { interruption } from '../interruption.ts';
import type { Lab, LabRun } from '../lab.ts';
import { LabReport } from '../report.ts';
import { makeGround } from './ground.ts';
import { ask, isKept, keep } from './kept.ts';
import type { Scene } from './scene.ts';
import { playStation, stations } from './stations.ts';

interface Part {
  readonly what: string;
  /** Where it is seen: a road with this part broken ends there. */
  readonly station: string;
  /** The ends of the names of rows that must fail. */
  readonly breaks: readonly string[];
}

const parts: Readonly<Record<string, Part>> = {
  policy: { what: 'the policies for deploy stay in shadow: unsigned and untrusted images get in', station: 'admit', breaks: ['first refuses the unsigned one, and says policy and fix', 'second refuses the one of an untrusted registry', 'the refusals are in the hub'] },
  'build-info': { what: 'no false build info is published: nothing contradicts the check', station: 'false-build', breaks: ['both commits are claimed, and contradict one another', 'and so do both runs', 'vedette trace says which commits contradict, and ends with 1'] },
  identity: { what: 'people come in by the runtime, past the API server: nobody says who they are', station: 'exec', breaks: ['the incident of her shell names her', 'each shell is its own, or of one of the two', 'the sessions are in the hub with user, pod and command'] },
  feed: { what: 'the second feed has no record more than the first: no package turns bad', station: 'turns-bad', breaks: ['the worst of 20, ms', 'the violation names workload, digest and reason', 'the next execution in its container is stopped'] },
  isolation: { what: 'the playbook leaves the sensor out: the container is not cut off', station: 'respond', breaks: ['the sensor cuts the container off', 'no connection gets out any more'] },
  scope: { what: 'the limited token may see every place', station: 'scope', breaks: ['no answer bears a name, an id or a digest of elsewhere', 'an id of elsewhere is answered as one that there is not', 'no count, order or share of it is told'] },
};

async function playFrom(scene: Scene, name: string, edition: string): Promise<void> {
  const first = stations.findIndex((one) => one.name === name);
  if (first < 0) throw new Error(`there is no station ${name}; there are: ${stations.map((one) => one.name).join(', ')}`);
  const { sabotage } = scene.lab;
  const last = sabotage === null ? stations.length - 1 : stations.findIndex((one) => one.name === parts[sabotage]!.station);
  for (const station of stations.slice(first, last + 1)) {
    scene.lab.report.say(station.says);
    const begun = Date.now();
    // what comes after may still be worth seeing
    await playStation(station, scene, edition).catch((error: unknown) => scene.lab.report.row(`station ${station.name} ran to its end`, 'yes', error instanceof Error ? (error.stack ?? error.message) : String(error), '', false));
    scene.lab.report.figure(`station ${station.name}, s`, Math.round((Date.now() - begun) / 1000));
  }
}

async function play(lab: LabRun): Promise<void> {
  const stops: Scene['stops'] = [];
  const stop = interruption();
  try {
    lab.report.say('The ground');
    const scene = await makeGround(lab, stops);
    // a station that waits for minutes does not hold up whoever wants the machine back
    const asked = new Promise<never>((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true }));
    asked.catch(() => undefined);
    const played = Promise.race([playFrom(scene, stations[0]!.name, ''), asked]);
    if (lab.keep !== true) return await played;
    await played.catch((error: unknown) => process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`));
    await keep(lab.place, async (from) => {
      const report = new LabReport('whole-road-again', 0);
      await playFrom({ ...scene, lab: { ...lab, report } }, from, `?at=${Date.now()}`);
      return report.failed === 0;
    });
  } finally {
    for (const one of stops.toReversed()) await one().catch((error: unknown) => process.stderr.write(`stopping: ${error instanceof Error ? error.message : String(error)}\n`));
    stop.forget();
  }
}

export const wholeRoad: Lab = {
  name: 'whole-road',
  summary: 'From the build to the report, through registry, clusters and hub: every station of the road (--keep, --from STATION, --end)',
  rows: 150,
  parts: Object.fromEntries(Object.entries(parts).map(([name, one]) => [name, one.what])),
  breaks: Object.fromEntries(Object.entries(parts).map(([name, one]) => [name, one.breaks])),
  async run(lab: LabRun): Promise<void> {
    if (lab.from === undefined && lab.end !== true) return await play(lab);
    if (!isKept(lab.place) || !existsSync(lab.place)) throw new Error('no ground is kept: run it with --keep first');
    lab.report.row(lab.end === true ? 'the ground is taken away' : `the road from ${lab.from}`, true, await ask(lab.place, lab.end === true ? 'end' : lab.from!));
  },
};
