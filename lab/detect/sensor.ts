/**
 * What runs below the real loader in this lab: the product's own session, decoder, pipeline, identification and spool, not
 * joined to a hub, with the rule files that it is given. Each detection is also written as a line of JSON to a file, at the
 * moment when the pipeline reports it, so that the lab can say which act led to it. Told to be `without-calls`, it does not take what the
 * hook at the return of system calls reports: the lab must find out.
 */
import { appendFileSync } from 'node:fs';
import { readSensorConfig } from '@vedette/sensor/config';
import { coverageReport } from '@vedette/sensor/coverage-report';
import type { DetectionFound } from '@vedette/model/finding';
import { LoaderConnection } from '@vedette/sensor/enforce/loader';
import { log } from '@vedette/sensor/log';
import { RecordReader } from '@vedette/sensor/record-reader';
import { readRuleFiles } from '@vedette/sensor/replay';
import { Session } from '@vedette/sensor/session';
import type { DetectionLine, LossLine } from './detections.ts';

const [configText = '{}', out = '', hearing = 'all', ...ruleFiles] = process.argv.slice(2);
const recordsFd = Number(process.env['VEDETTE_RECORDS_FD']);
const loader = new LoaderConnection(Number(process.env['VEDETTE_COMMANDS_FD']), () => undefined);
const session = new Session({ config: readSensorConfig(configText), log, loader, rules: await readRuleFiles(ruleFiles), onBlocked: (isBlocked) => reader.hold(isBlocked) });

function say(line: DetectionLine | LossLine): void {
  appendFileSync(out, `${JSON.stringify(line)}\n`);
}

/** From the report that the hub gets. */
function hooksTold(): LossLine['hooks'] {
  const facts = { ringBytes: 0, spoolBytes: 0, spoolBytesMax: 0, canaryIntervalMs: 0, rulesTold: false, telemetryBatchesDropped: 0, problems: [], loaderGone: null, scopeCgroup: '' };
  return coverageReport(session.pipeline, facts).hooks.map(({ eventClass, attached, misses }) => ({ eventClass, attached, misses }));
}

const { shipment } = session.pipeline;
const ship = shipment.detection.bind(shipment);
shipment.detection = (found: DetectionFound) => {
  const { rule, priority, tags, output, eventClass, execution, identityPending } = found;
  if (rule === 'lab barrier') say({ kind: 'losses', losses: session.pipeline.coverage.losses(), hooks: hooksTold(), problems: session.pipeline.detector.problems() });
  say({ kind: 'detection', rule, priority, tags, output, eventClass, path: execution.path, tgid: execution.tgid, identityPending });
  ship(found);
};

if (hearing === 'without-calls') {
  const take = session.take.bind(session);
  session.take = (event) => (event.kind === 'call' ? undefined : take(event));
}

const reader = new RecordReader(recordsFd, session.stream, { beforeFirst: () => session.attached(), onBytes: () => session.onBytes(), onEnd: (reason) => void end(reason) });

async function end(reason: string | null): Promise<void> {
  reader.stop();
  await session.finish(reason, 0);
  process.exit(0);
}

session.prepare();
process.once('SIGTERM', () => void end(null));
reader.start();
