/**
 * `vedette sensor replay FILE`: a recording of the loader's stream through the whole pipeline, without root and without a
 * kernel. Prints one JSON line for each detection and verdict, and a summary at the end. What only the living host could
 * answer (identities, inventories, its name) is not there and is said to be pending. A recording of either architecture
 * that we know replays on either, since records have one layout; one that ends in the middle gives what it has, and says so.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { toJson } from '@bufbuild/protobuf';
import { RecordSchema } from '@vedette/model/wire/generated/record_pb';
import type { HelloEvent } from '@vedette/model/event';
import { schema, schemasRead } from './decode/layout.ts';
import { EventStream } from './decode/stream.ts';
import { Pipeline } from './pipeline.ts';

const magic = 'VEDETTE-RECORD1\n';
/** Those whose records are little-endian and were checked against the layout. */
const architectures = ['x86_64', 'aarch64'];

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
  /** Why it is not complete, in a sentence; null when it is. */
  readonly problem: string | null;
}

export interface ReplayOptions {
  readonly rules: readonly { readonly name: string; readonly text: string }[];
  readonly policies: readonly { readonly name: string; readonly yaml: string; readonly mode: 'off' | 'shadow' | 'enforce' }[];
  readonly onRecord: (json: unknown) => void;
  /** The rules are loaded; now the file is read. */
  readonly onBegin?: () => void;
  /** Seconds for reading, decoding, enriching and detecting, without the start and the loading of the rules. */
  readonly onRead?: (seconds: number) => void;
  /** false: every rule is asked about every event, to see that the index changes nothing. */
  readonly indexed?: boolean;
}

/** Throws a sentence when the file is no recording, or one that this sensor cannot read. */
export async function replay(path: string, options: ReplayOptions): Promise<ReplaySummary> {
  const events: Record<string, number> = {};
  const containers = new Set<string>();
  let executions = 0;
  let hello: HelloEvent | null = null;
  const nothing = () => undefined;
  const pipeline = new Pipeline({
    host: { hostname: '', userName: () => null },
    effects: { identify: (one) => void containers.add(one.id), command: nothing, kill: nothing, knownContainer: () => null },
  });
  if (options.indexed === false) pipeline.detector.withoutIndex();
  pipeline.detector.load(options.rules);
  pipeline.enforcer.setPolicies(options.policies, 1);
  const stream = new EventStream((event) => {
    if (event.kind === 'hello') hello = checked(event, path);
    else if (hello === null) throw new Error(`${path} does not begin as a recording does: the session's own record is missing`);
    events[event.kind] = (events[event.kind] ?? 0) + 1;
    if (event.kind === 'exec') executions += 1;
    pipeline.onEvent(event);
  });
  const ship = () => {
    for (const record of pipeline.shipment.take(pipeline.containers.takeChanged()).detections) {
      if (record.kind.case === 'detection' || record.kind.case === 'verdict') options.onRecord(toJson(RecordSchema, record));
    }
  };
  options.onBegin?.();
  const begun = performance.now();
  for await (const bytes of contentOf(path)) {
    stream.feed(bytes);
    ship();
  }
  // nobody will say any more who a container is: what waits for it is decided, and marked
  for (const one of pipeline.detector.release(null, pipeline.nowBootNs, true)) pipeline.shipment.detection(one);
  ship();
  options.onRead?.((performance.now() - begun) / 1000);
  const { kernelRelease = '', architecture = '', bootId = '' } = (hello ?? {}) as Partial<HelloEvent>;
  const problem = problemOf(stream, hello !== null);
  return {
    kernel: kernelRelease, architecture, bootId, events, containers: [...containers], executions, processesAlive: pipeline.processes.size,
    malformed: stream.malformed, losses: pipeline.coverage.losses(), complete: problem === null, problem,
  };
}

function checked(hello: HelloEvent, path: string): HelloEvent {
  if (!schemasRead.includes(hello.schema)) throw new Error(`${path} has schema ${hello.schema}, and this sensor reads up to ${schema}: replay it with the version that recorded it`);
  if (architectures.includes(hello.architecture)) return hello;
  throw new Error(`${path} was recorded on ${JSON.stringify(hello.architecture)}, and this sensor reads recordings of ${architectures.join(' and ')}`);
}

function problemOf(stream: EventStream, began: boolean): string | null {
  if (stream.state === 'broken') return 'what follows in the file is no record: it was changed, or written by something else';
  if (stream.waiting > 0) return `it ends in the middle of a record: ${stream.waiting} bytes of it are there`;
  if (!began) return 'it holds no record at all';
  return stream.malformed > 0 ? `${stream.malformed} records could not be decoded` : null;
}

/** What comes behind the magic. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    if (head.length >= magic.length) {
      yield piece;
      continue;
    }
    head = Buffer.concat([head, piece]);
    if (head.length < magic.length) continue;
    if (head.toString('latin1', 0, magic.length) !== magic) break;
    yield head.subarray(magic.length);
  }
  if (head.toString('latin1', 0, magic.length) !== magic) throw new Error(`${path} is not a recording of Vedette's sensor`);
}

export async function readRuleFiles(paths: readonly string[]): Promise<{ name: string; text: string }[]> {
  return await Promise.all(paths.map(async (name) => ({ name, text: await readFile(name, 'utf8') })));
}
