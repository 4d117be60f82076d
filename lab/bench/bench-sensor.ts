/**
 * What the bench runs below the real loader in the sensor's place: the product's own stream, decoder and pipeline, without
 * shipping. `frame` only reads and frames (the baseline), `full` decodes and enriches. At the end of the pipe, or when
 * asked by SIGUSR2, it writes what it saw and what it cost.
 */
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelEvent } from '@vedette/model/event';
import { EventStream } from '@vedette/sensor/decode/stream';
import { LoaderConnection } from '@vedette/sensor/enforce/loader';
import { GiveBack } from '@vedette/sensor/give-back';
import { Pipeline } from '@vedette/sensor/pipeline';
import { RecordReader, type RecordSink } from '@vedette/sensor/record-reader';

const [mode = 'full', out = '', watchedDirectory = '', rulesDirectory = ''] = process.argv.slice(2);
const recordsFd = Number(process.env['VEDETTE_RECORDS_FD']);
const loader = new LoaderConnection(Number(process.env['VEDETTE_COMMANDS_FD']), () => undefined);
const nothing = () => undefined;
const pipeline = new Pipeline({ host: { hostname: 'bench', userName: () => null }, effects: { identify: nothing, command: (command) => void loader.send(command), kill: nothing, knownContainer: () => null } });

const rules = rulesDirectory === '' ? [] : readdirSync(rulesDirectory).filter((name) => name.endsWith('.yaml')).sort();
// without rules of its own the storms' opens are still wanted, by a rule that only the parent's name decides, which the kernel does not judge
const everyOpen = '- rule: every open\n  desc: wants what the storms do\n  condition: evt.type in (open, openat, openat2) and proc.pname = nobody-is-called-so\n  output: never\n  priority: DEBUG\n';
pipeline.loadRules(rules.length === 0 ? [{ name: 'every-open.yaml', text: everyOpen }] : rules.map((name) => ({ name, text: readFileSync(join(rulesDirectory, name), 'utf8') })));

const counts: Record<string, number> = {};
const calls: Record<string, number> = {};
const marks = new Map<string, Uint8Array>();
const watched = new Set<string>();
let lastTick: KernelEvent | null = null;

function seeMark(mark: string): void {
  const [worker, number] = mark.split(':');
  if (worker === undefined || number === undefined) return;
  const seen = marks.get(worker) ?? new Uint8Array(4 << 20);
  marks.set(worker, seen);
  seen[Number(number)] = 1;
}

function onEvent(event: KernelEvent): void {
  counts[event.kind] = (counts[event.kind] ?? 0) + 1;
  if (event.kind === 'call') calls[event.call] = (calls[event.call] ?? 0) + 1;
  if (event.kind === 'tick') lastTick = event;
  if (event.kind === 'exec' && event.arguments.length === 2) seeMark(event.arguments[1]!);
  if (event.kind === 'open-write' && event.path.includes('/watched-')) watched.add(event.path);
  pipeline.onEvent(event);
}

const stream = new EventStream(onEvent);
const frameBuffer = Buffer.alloc(1 << 20);
let framed = 0;
let acknowledged = 0;

function acknowledge(): void {
  const position = mode === 'frame' ? framed : stream.ringPosition;
  if (position === acknowledged) return;
  acknowledged = position;
  loader.acknowledge(position);
  // what a commit would take away
  pipeline.shipment.take(pipeline.containers.takeChanged());
  pipeline.memory.take();
}

/** The baseline: only follows the frames. The loader's own records do not count. */
const frames: RecordSink & { have: number } = {
  state: 'open',
  have: 0,
  get free() {
    return frameBuffer.subarray(frames.have);
  },
  push(count: number): void {
    frames.have += count;
    let at = 0;
    while (frames.have - at >= 8) {
      const whole = ((frameBuffer.readUInt32LE(at) & 0x3fffffff) + 15) & ~7;
      if (frames.have - at < whole) break;
      if (frameBuffer.readUInt32LE(at + 4) !== 0xffffffff) framed += whole;
      counts['framed'] = (counts['framed'] ?? 0) + 1;
      at += whole;
    }
    frameBuffer.copyWithin(0, at, frames.have);
    frames.have -= at;
  },
};

const reader = new RecordReader(recordsFd, mode === 'frame' ? frames : stream, {
  onBytes: () => {
    if ((mode === 'frame' ? framed : stream.ringPosition) - acknowledged > 1 << 20) acknowledge();
  },
  onEnd: () => finish(),
});

function report(): void {
  const marksSeen = Object.fromEntries([...marks].map(([worker, seen]) => [worker, seen.reduce((sum, one) => sum + one, 0)]));
  const result = { counts, calls, marksSeen, watched: watched.size, malformed: stream.malformed, cpu: process.cpuUsage(), rssBytes: process.memoryUsage.rss(), losses: lastTick?.kind === 'tick' ? lastTick.losses : [], fillMax: pipeline.coverage.ringFillBytesMax };
  writeFileSync(`${out}.new`, JSON.stringify(result));
  renameSync(`${out}.new`, out);
}

function finish(): void {
  report();
  process.exit(0);
}

if (watchedDirectory !== '') {
  for (let i = 0; i < 1000; i++) await loader.send({ do: 'watchPath', path: `${watchedDirectory}/watched-${i}` });
}
setInterval(acknowledge, 100);
process.on('SIGUSR2', () => {
  acknowledge();
  report();
});
process.on('SIGTERM', finish);
reader.start();
report();
// as the product does: until then V8 is in its sparing mode, in which code runs half as fast
new GiveBack().soon();
