/**
 * What runs below the real loader in the sensor's place to see when a detection is made: the product's own stream, decoder, pipeline and
 * rules, and the kinds they want asked of the loader, without shipping. Each detection is a line: the clock that all processes share, in
 * ns, the rule, and its output.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { EventStream } from '@vedette/sensor/decode/stream';
import { LoaderConnection } from '@vedette/sensor/enforce/loader';
import { GiveBack } from '@vedette/sensor/give-back';
import { Pipeline } from '@vedette/sensor/pipeline';
import { RecordReader } from '@vedette/sensor/record-reader';
import type { RuleText } from './loads.ts';

const [out = '', rulesFile = ''] = process.argv.slice(2);
const rules = JSON.parse(readFileSync(rulesFile, 'utf8')) as RuleText[];
const loader = new LoaderConnection(Number(process.env['VEDETTE_COMMANDS_FD']), () => undefined);
const nothing = () => undefined;
const pipeline = new Pipeline({ host: { hostname: 'bench', userName: () => null }, effects: { identify: nothing, command: (command) => void loader.send(command), kill: nothing, knownContainer: () => null } });
pipeline.loadRules(rules);

let lines = '';
const stream = new EventStream((event) => {
  pipeline.onEvent(event);
  if (event.kind === 'snapshot-end') lines += '0 ready\n';
  if (!pipeline.shipment.hasDetections) return;
  const atNs = process.hrtime.bigint();
  for (const one of pipeline.shipment.take([]).detections) {
    if (one.kind.case === 'detection') lines += `${atNs} ${one.kind.value.rule}: ${one.kind.value.output}\n`;
  }
});

/** Behind the piece, so that writing delays no detection in it. */
function tell(): void {
  if (lines !== '') appendFileSync(out, lines);
  lines = '';
}

const reader = new RecordReader(Number(process.env['VEDETTE_RECORDS_FD']), stream, { onBytes: tell, onEnd: () => process.exit(0) });
setInterval(() => {
  loader.acknowledge(stream.ringPosition);
  pipeline.shipment.take(pipeline.containers.takeChanged());
  pipeline.memory.take();
}, 250);
process.on('SIGTERM', () => process.exit(0));
reader.start();
// as the product does: until then V8 is in its sparing mode
new GiveBack().soon();
