/**
 * Stands in the sensor's place below the real loader: the product's own stream and pipeline without rules and shipping, and a round of canaries
 * after the other. Writes a line of JSON a round: how each class fared, and what of the canary got into tables, counts or records to be sent.
 */
import { appendFileSync } from 'node:fs';
import { EventStream } from '@vedette/sensor/decode/stream';
import { LoaderConnection } from '@vedette/sensor/enforce/loader';
import { Pipeline } from '@vedette/sensor/pipeline';
import { RecordReader } from '@vedette/sensor/record-reader';

const [out = ''] = process.argv.slice(2);
const loader = new LoaderConnection(Number(process.env['VEDETTE_COMMANDS_FD']), () => undefined);
const nothing = () => undefined;
const pipeline = new Pipeline({ host: { hostname: 'canary', userName: () => null }, effects: { identify: nothing, command: (command) => void loader.send(command), kill: nothing, knownContainer: () => null } });
const kept: Record<string, number> = {};
let events = 0;

function ask(): void {
  const round = Date.now();
  pipeline.canaries.asked(round, 1000, pipeline.nowBootNs);
  void loader.send({ do: 'canary', round }).then((reply) => {
    if (!reply.ok) appendFileSync(out, `${JSON.stringify({ refused: reply.reason })}\n`);
  });
}

const stream = new EventStream((event) => {
  events += 1;
  pipeline.onEvent(event);
  if (event.kind === 'snapshot-end') setTimeout(ask, 200);
  if (event.kind !== 'tick') return;
  const { detections, telemetry } = pipeline.shipment.take(pipeline.containers.takeChanged());
  for (const { kind } of telemetry) if (kind.case === 'executionCount' || kind.case === 'flowCount') kept[kind.case] = (kept[kind.case] ?? 0) + 1;
  for (const { kind } of detections) {
    if (kind.case !== 'canaryRound') continue;
    const { classes, problem } = kind.value;
    const living = [...pipeline.processes.living()].map((one) => one.command);
    appendFileSync(out, `${JSON.stringify({ problem, classes: Object.fromEntries(classes.map((one) => [one.eventClass, one.outcome])), kept, living, orphans: pipeline.orphans, events, tables: pipeline.coverage.tables.length })}\n`);
    setTimeout(ask, 300);
  }
});
const reader = new RecordReader(Number(process.env['VEDETTE_RECORDS_FD']), stream, {
  onBytes: () => loader.acknowledge(stream.ringPosition),
  onEnd: () => process.exit(0),
});
reader.start();
