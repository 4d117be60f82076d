/** What sensors of every tagged version wrote, as it is kept in golden/: recordings, and the spools with their batches. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamNames, type Batch, type StreamName } from '@vedette/link/protocol/streams';
import { failed } from '@vedette/link/spool/disk';
import { openNodeDisk } from '@vedette/link/spool/node-disk';
import { openSpools, spoolBounds } from '@vedette/link/spool/spools';

const golden = join(import.meta.dirname, 'golden');

export interface Tagged {
  readonly tag: string;
  readonly directory: string;
}

export interface KeptSpool {
  readonly epoch: string;
  readonly problems: readonly string[];
  readonly batches: Readonly<Record<StreamName, readonly Batch[]>>;
}

export const taggedVersions: readonly Tagged[] = readdirSync(golden).sort().map((tag) => ({ tag, directory: join(golden, tag) }));

/** Opens a copy as a sensor that takes over opens it, and reads everything that would be delivered. */
export function keptSpool({ directory }: Tagged): KeptSpool {
  const place = mkdtempSync(join(tmpdir(), 'vedette-kept-spool-'));
  try {
    cpSync(join(directory, 'spool'), join(place, 'spool'), { recursive: true });
    const disk = openNodeDisk(join(place, 'spool'));
    if (failed(disk)) throw new Error(disk.message);
    const spools = openSpools({ disk, bounds: spoolBounds, lastCommit: Number.MAX_SAFE_INTEGER, freshEpoch: 'ffffffffffffffff', drops: undefined });
    if (failed(spools)) throw new Error(spools.message);
    const batches = { detection: [] as Batch[], telemetry: [] as Batch[] };
    for (const stream of streamNames) {
      const loaded = spools.perform({ kind: 'load', request: 1, stream, from: 1, bytesMax: 1 << 24, batchesMax: 1000 });
      if (loaded?.kind !== 'loaded') throw new Error(`the ${stream} spool was not read: ${JSON.stringify(loaded)}`);
      // a spool that was never set back: the wire's sequence is the position
      batches[stream].push(...loaded.batches.map(({ position, payload }) => ({ sequence: position, payload })));
    }
    const { problems, record } = spools;
    spools.close();
    return { epoch: record.epoch, problems, batches };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
