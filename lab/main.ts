/**
 * `npm run lab NAME [-- --sabotage PART] [-- --parts]`: runs one lab on the real thing. Ends with 0 when every row holds, 1
 * when one fails (with a sabotage: when those fail that it must break), 3 when the lab did not see its sabotage, 2 when it
 * was asked for something that there is not.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Lab } from './lab.ts';
import { LabReport } from './report.ts';
import { admission } from './admission/lab.ts';
import { bench } from './bench/lab.ts';
import { detect } from './detect/lab.ts';
import { firstLight } from './first-light/lab.ts';
import { flood } from './flood/lab.ts';
import { fresh } from './fresh/lab.ts';
import { fuzzing } from './fuzz/lab.ts';
import { kubernetes } from './kubernetes/lab.ts';
import { origin } from './origin/lab.ts';
import { respond } from './respond/lab.ts';
import { upgrade } from './upgrade/lab.ts';
import { wholeRoad } from './whole-road/lab.ts';

const labs: readonly Lab[] = [admission, bench, detect, firstLight, flood, fresh, fuzzing, kubernetes, origin, respond, upgrade, wholeRoad];

function stateRoot(): string {
  return process.env['VEDETTE_STATE'] ?? '/var/lib/vedette';
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { sabotage: { type: 'string' }, parts: { type: 'boolean' }, help: { type: 'boolean' }, keep: { type: 'boolean' }, from: { type: 'string' }, end: { type: 'boolean' }, ...Object.fromEntries(labs.flatMap((one) => Object.keys(one.options ?? {})).map((one) => [one, { type: 'string' as const }])) }, allowPositionals: true, strict: false });
  const [name, ...args] = positionals;
  if (name === undefined || values.help === true) {
    process.stdout.write(`usage: npm run lab NAME                          runs it, as root\n       npm run lab NAME -- --parts               what it can break\n       npm run lab NAME -- --sabotage PART       breaks it: the lab must fail\n\n${labs.map((one) => `  ${one.name.padEnd(14)}${one.summary}`).join('\n')}\n`);
    return 0;
  }
  const lab = labs.find((one) => one.name === name);
  if (lab === undefined) {
    process.stderr.write(`there is no lab "${name}"; there are: ${labs.map((one) => one.name).join(', ')}\n`);
    return 2;
  }
  if (values.parts === true) {
    const options = Object.entries(lab.options ?? {}).map(([option, what]) => `  --${option.padEnd(14)}${what}\n`).join('');
    process.stdout.write(`${options}${Object.entries(lab.parts).map(([part, what]) => `  ${part.padEnd(16)}${what}`).join('\n')}\n`);
    return 0;
  }
  const sabotage = typeof values.sabotage === 'string' ? values.sabotage : null;
  if (sabotage !== null && !(sabotage in lab.parts)) {
    const parts = Object.keys(lab.parts);
    process.stderr.write(`the lab ${name} has ${parts.length === 0 ? 'nothing that can be broken yet' : `no part "${sabotage}"; it has: ${parts.join(', ')}`}\n`);
    return 2;
  }
  const options = Object.fromEntries(Object.keys(lab.options ?? {}).flatMap((one) => (typeof values[one] === 'string' ? [[one, values[one]]] : [])));
  if (process.getuid?.() !== 0) {
    process.stderr.write('labs run on the real kernel, containers and database: they need root\n');
    return 2;
  }
  const directory = join(stateRoot(), 'lab');
  const isPart = options['only'] !== undefined || typeof values.from === 'string' || values.end === true || values.keep === true;
  const report = isPart ? new LabReport(`${name}-part`, 0) : sabotage === null ? new LabReport(name, lab.rows) : new LabReport(`${name}-sabotage-${sabotage}`, 0);
  try {
    await lab.run({ report, place: join(directory, name), sabotage, args, options, keep: values.keep === true, end: values.end === true, ...(typeof values.from === 'string' ? { from: values.from } : {}) });
  } catch (error) {
    report.row('the lab ran to its end', 'yes', error instanceof Error ? (error.stack ?? error.message) : String(error), '', false);
  }
  const ok = report.finish(directory);
  return sabotage === null ? (ok ? 0 : 1) : judgeSabotage(lab, sabotage, report);
}

/** A sabotage must be seen where it strikes: any other failure proves nothing about the part. */
function judgeSabotage(lab: Lab, part: string, report: LabReport): number {
  const unseen = (lab.breaks?.[part] ?? []).filter((row) => !report.broken.some((one) => one.endsWith(row)));
  if (unseen.length === 0 && report.failed > 0) {
    process.stdout.write(`  the sabotage was seen, as it must be: ${lab.parts[part]}\n`);
    return 1;
  }
  process.stderr.write(`✗ ${lab.name} did not see its sabotage (${part}: ${lab.parts[part]})${unseen.map((row) => `\n    this row should have failed: ${row}`).join('')}\n`);
  return 3;
}

process.exit(await main());
