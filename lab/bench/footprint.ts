/** How soon the whole sensor sees, and what memory its two processes take with thousands of processes alive. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';
import { falco } from './falco.ts';
import { benchRules, loadsProgram, runLoad } from './loads.ts';
import { WholeSensor } from './whole-sensor.ts';

const alive = 5000;
const starts = 5;

export async function footprint({ report, place }: LabRun): Promise<void> {
  const rules = benchRules();
  const sensor = await WholeSensor.make(join(place, 'footprint'), rules.files);
  try {
    report.say(`Start of the whole sensor, ${starts} times`);
    const seconds: number[] = [];
    for (let i = 0; i < starts; i++) {
      seconds.push((await sensor.start()) / 1000);
      await sensor.stop();
    }
    report.figure('seconds from the command to all hooks attached and the first events taken in, each', seconds.map((one) => one.toFixed(2)).join(', '));
    report.aim(`seconds from the command to the first event, median (Falco: ${falco.startSeconds})`, 2, Number(percentile(seconds, 0.5).toFixed(2)));

    report.say(`Memory with ${alive} processes alive and ${rules.what}`);
    const idle = spawn(loadsProgram(), ['idle', String(alive)], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(idle.stdout, 'data');
      await sensor.start();
      await sleep(3000);
      // neither is the memory of one that has done nothing yet
      await runLoad('exec1', 0.35);
      await sleep(2000);
      const { loader, sensor: own } = sensor.rssMib();
      report.figure('RSS in MiB: loader, sensor', `${loader.toFixed(1)}, ${own.toFixed(1)}`);
      report.figure("Falco's RSS in MiB, with few processes", falco.rssMib);
      report.bound(`RSS of loader and sensor with ${alive} processes alive, MiB`, 'at most', 110, Math.round(loader + own));
    } finally {
      idle.stdin.end();
      await once(idle, 'exit');
    }
  } finally {
    await sensor.end();
  }
}
