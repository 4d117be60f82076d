/**
 * `vedette sensor replay FILE`: a recording of the loader's stream through the whole pipeline, without root and without a
 * kernel. Prints one JSON line for each detection and verdict, and a summary at the end. What only the living host could
 * answer (identities, inventories) is not there and is said to be pending.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { toJson } from '@bufbuild/protobuf';
import { RecordSchema } from '@vedette/model/wire/generated/record_pb';
import { schema } from './decode/layout.ts';
import { EventStream } from './decode/stream.ts';
import { Pipeline } from './pipeline.ts';

const magic = 'VEDETTE-RECORD1\n';

export interface ReplaySummary {
  readonly kernel: string;
  readonly architecture: string;
  readonly bootId: string;
  readonly events: Readonly<Record<string, number>>;
  readonly containers: readonly string[];
  readonly executions: number;
  readonly processesAlive: number;
  readonly malformed: number;
  readonly losses: readonly { readonly eventClass: string; readonly cause: string; readonly count: number }[];
  readonly complete: boolean;
}

export interface ReplayOptions {
  readonly rules: readonly { readonly name: string; readonly text: string }[];
  readonly policies: readonly { readonly name: string; readonly yaml: string; readonly mode: 'off' | 'shadow' | 'enforce' }[];
  readonly onRecord: (json: unknown) => void;
}

/** Throws a sentence when the file is no recording, or one of another schema. */
export async function replay(path: string, options: ReplayOptions): Promise<ReplaySummary> {
  const events: Record<string, number> = {};
  const containers = new Set<string>();
  let executions = 0;
  let hello = { kernelRelease: '', architecture: '', bootId: '' };
  const nothing = () => undefined;
  const pipeline = new Pipeline({
    host: { hostname: hostname(), userName: () => null },
    effects: { identify: (one) => void containers.add(one.id), command: nothing, kill: nothing, knownContainer: () => null },
  });
  pipeline.detector.load(options.rules);
  pipeline.enforcer.setPolicies(options.policies, 1);
  const stream = new EventStream((event) => {
    events[event.kind] = (events[event.kind] ?? 0) + 1;
    if (event.kind === 'hello') {
      if (event.schema !== schema) throw new Error(`the recording has schema ${event.schema}; this sensor reads ${schema}`);
      hello = event;
    }
    if (event.kind === 'exec') executions += 1;
    pipeline.onEvent(event);
  });
  const ship = () => {
    for (const record of pipeline.shipment.take(pipeline.containers.takeChanged()).detections) {
      if (record.kind.case === 'detection' || record.kind.case === 'verdict') options.onRecord(toJson(RecordSchema, record));
    }
  };
  let head = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let bytes = piece;
    if (head.length < magic.length) {
      head = Buffer.concat([head, bytes]);
      if (head.length < magic.length) continue;
      if (head.toString('latin1', 0, magic.length) !== magic) throw new Error(`${path} is not a recording of Vedette's sensor`);
      bytes = head.subarray(magic.length);
    }
    feed(stream, bytes);
    ship();
  }
  if (head.length < magic.length) throw new Error(`${path} is not a recording of Vedette's sensor`);
  return {
    kernel: hello.kernelRelease,
    architecture: hello.architecture,
    bootId: hello.bootId,
    events,
    containers: [...containers],
    executions,
    processesAlive: pipeline.processes.size,
    malformed: stream.malformed,
    losses: pipeline.coverage.losses(),
    complete: stream.state === 'open' && stream.waiting === 0,
  };
}

function feed(stream: EventStream, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length && stream.state === 'open'; ) {
    const count = Math.min(stream.free.length, bytes.length - at);
    stream.free.set(bytes.subarray(at, at + count));
    stream.push(count);
    at += count;
  }
}

export async function readRuleFiles(paths: readonly string[]): Promise<{ name: string; text: string }[]> {
  return await Promise.all(paths.map(async (name) => ({ name, text: await readFile(name, 'utf8') })));
}
