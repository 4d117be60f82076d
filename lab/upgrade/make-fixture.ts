/**
 * `node lab/upgrade/make-fixture.ts TAG`, once for each tag: what a sensor of that version writes, kept for every later one.
 * A recording of a kernel (that version's own golden one, which says nothing of the host it was made on) goes through that
 * version's pipeline, committer and spools, so recording.vdr, spool/ and replayed.json are its formats and its answers.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as NodeDiskModule from '@vedette/link/spool/node-disk';
import type * as SpoolsModule from '@vedette/link/spool/spools';
import type * as StreamModule from '@vedette/sensor/decode/stream';
import type * as PipelineModule from '@vedette/sensor/pipeline';
import type * as CommitterModule from '@vedette/sensor/ship/committer';
import type * as StateLogModule from '@vedette/sensor/ship/state-log';
import { oldVersion } from './old-version.ts';

const magicBytes = 16;
/** Nobody's: no sensor has it. */
const epoch = '00000000c0de0000';
/** A commit after each piece, so that the spool holds more than one batch. */
const pieceBytes = 8192;

async function makeFixture(tag: string): Promise<void> {
  const { checkout } = await oldVersion(tag, (text) => process.stdout.write(`${text}\n`));
  const load = async <T>(path: string): Promise<T> => (await import(join(checkout, path))) as T;
  const place = join(import.meta.dirname, 'golden', tag);
  const golden = join(checkout, 'sensor', 'golden');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  cpSync(join(golden, 'scoped.vdr'), join(place, 'recording.vdr'));
  cpSync(join(golden, 'scoped.json'), join(place, 'replayed.json'));
  cpSync(join(checkout, 'content', 'rules', 'execution', 'shell-in-container.yaml'), join(place, 'rule.yaml'));

  const { EventStream } = await load<typeof StreamModule>('sensor/decode/stream.ts');
  const { Pipeline } = await load<typeof PipelineModule>('sensor/pipeline.ts');
  const { StateLog } = await load<typeof StateLogModule>('sensor/ship/state-log.ts');
  const { Committer } = await load<typeof CommitterModule>('sensor/ship/committer.ts');
  const { openSpools, spoolBounds } = await load<typeof SpoolsModule>('link/spool/spools.ts');
  const { openNodeDisk } = await load<typeof NodeDiskModule>('link/spool/node-disk.ts');

  const nothing = (): undefined => undefined;
  const pipeline = new Pipeline({ host: { hostname: '', userName: () => null }, effects: { identify: nothing, command: nothing, kill: nothing, knownContainer: () => null } });
  pipeline.detector.load([{ name: 'rule.yaml', text: readFileSync(join(place, 'rule.yaml'), 'utf8') }]);
  const stream = new EventStream((event) => pipeline.onEvent(event));
  const memory = mkdtempSync(join(tmpdir(), 'vedette-fixture-'));
  const disk = openNodeDisk(join(place, 'spool'));
  if ('message' in disk) throw new Error(`the spool cannot be made: ${disk.message}`);
  const spools = openSpools({ disk, bounds: spoolBounds, lastCommit: Number.MAX_SAFE_INTEGER, freshEpoch: epoch, drops: undefined });
  if (!('append' in spools)) throw new Error(`the spool cannot be made: ${spools.message}`);
  const committer = new Committer(spools, StateLog.open(memory).log, 0);
  const commit = (): void => {
    const { detections, telemetry } = pipeline.shipment.take(pipeline.containers.takeChanged());
    const outcome = committer.commit({ bootId: pipeline.bootId, wallOffsetNs: pipeline.wallOffsetNs, ringEpoch: 1, ringPosition: stream.ringPosition, nowBootNs: pipeline.nowBootNs, detections, telemetry, changes: [] });
    if (outcome.kind === 'blocked') throw new Error(outcome.reason);
  };
  const bytes = readFileSync(join(place, 'recording.vdr')).subarray(magicBytes);
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    stream.feed(bytes.subarray(from, from + pieceBytes));
    commit();
  }
  for (const one of pipeline.detector.release(null, pipeline.nowBootNs, true)) pipeline.shipment.detection(one);
  commit();
  spools.sync();
  spools.close();
  rmSync(memory, { recursive: true, force: true });
  writeFileSync(join(place, 'README.md'), `What a sensor of ${tag} writes; made by lab/upgrade/make-fixture.ts, read by lab/upgrade/tagged-versions.host.test.ts. Never made anew.\n`);
}

const [tag] = process.argv.slice(2);
if (tag === undefined || !/^v\d+\.\d+$/.test(tag)) {
  process.stderr.write('usage: node lab/upgrade/make-fixture.ts TAG, such as v0.1\n');
  process.exit(2);
}
await makeFixture(tag);
