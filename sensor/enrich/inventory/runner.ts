/**
 * Inventories of containers: one scan at a time by the child process, kept on disk by image digest so that a second
 * container of the same image, or the next sensor process, reads nothing again. A container whose image is not known is
 * read each time. Answers are values: a container that ended meanwhile, or a root that could not be read, says so.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeFileIndex } from '@vedette/inventory/file-index-bytes';
import { FileIndex } from '@vedette/inventory/file-index';
import { z } from 'zod';

const execute = promisify(execFile);
const timeoutMs = 90_000;
const heapMib = 256;
const keptInventories = 200;
/** The scanner's source; the built sensor is told where the built one is. */
export const scannerProgram = join(import.meta.dirname, 'child.ts');

const Scanned = z.object({
  revision: z.string(),
  distribution: z.string(),
  packages: z.array(
    z.object({
      ecosystem: z.string(),
      name: z.string(),
      version: z.string(),
      sourceName: z.string(),
      sourceVersion: z.string(),
      path: z.string(),
      loadedApplies: z.enum(['yes', 'not-applicable', 'unknown']),
    }),
  ),
  problems: z.array(z.string()),
  truncated: z.boolean(),
  filesIndexed: z.number(),
  durationMs: z.number(),
});
type Scanned = z.infer<typeof Scanned>;

export interface Inventory extends Scanned {
  readonly index: FileIndex;
  /** Read from disk, not from the container. */
  readonly fromCache: boolean;
}

export interface ScanRequest {
  readonly containerId: string;
  readonly platformDigest: string | null;
  /** Places inside the root that are mounts of something else. */
  readonly mounts: readonly string[];
  /** A process that lives in the container's root at the moment of asking; 0: none does. */
  readonly witness: () => number;
}

export class InventoryRunner {
  readonly #directory: string;
  readonly #program: string;
  #queue: Promise<unknown> = Promise.resolve();

  /** `program`: the scanner, as source or built. */
  constructor(directory: string, program: string = scannerProgram) {
    this.#directory = directory;
    this.#program = program;
  }

  /** Waits for its turn; never rejects. */
  async scan(request: ScanRequest): Promise<Inventory | { readonly problem: string }> {
    const turn = this.#queue.then(async () => await this.#scan(request));
    this.#queue = turn.catch(() => undefined);
    return await turn.catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }));
  }

  async #scan(request: ScanRequest): Promise<Inventory | { readonly problem: string }> {
    // never "..": a runtime's word for the digest is not checked before
    const name = (request.platformDigest === null ? `container-${request.containerId}` : `root-of-image-${request.platformDigest}`).replace(/[^A-Za-z0-9._-]/g, '-');
    const place = join(this.#directory, name);
    // "root-of": what older sensors kept as "image-" may have been read from the host (CHANGELOG 0.3)
    // an image's digest says what is in it; a container's id does not: people use their names again
    const known = request.platformDigest === null ? null : readInventory(place, true);
    if (known !== null) return known;
    rmSync(place, { recursive: true, force: true });
    const witness = request.witness();
    if (witness === 0) return { problem: 'the container ended before its packages could be read' };
    try {
      await execute(process.execPath, [`--max-old-space-size=${heapMib}`, this.#program, `/proc/${witness}/root`, place, ...request.mounts.filter((one) => one !== '/')], { timeout: timeoutMs, killSignal: 'SIGKILL' });
    } catch (error) {
      const { stderr, signal } = error as { stderr?: string; signal?: string };
      const why = signal != null ? `it was ended by ${signal} after ${timeoutMs / 1000} s or for want of memory` : (stderr ?? '').trim() || String(error);
      return { problem: `the packages could not be read: ${why}` };
    }
    this.#forgetOld();
    return readInventory(place, false) ?? { problem: 'the scanner left no result' };
  }

  /** The least recently used ones go. */
  #forgetOld(): void {
    const all = readdirSync(this.#directory).map((one) => ({ path: join(this.#directory, one), at: statSync(join(this.#directory, one)).mtimeMs }));
    for (const one of all.sort((a, b) => b.at - a.at).slice(keptInventories)) rmSync(one.path, { recursive: true, force: true });
  }
}

/** null: not there, or not what a scanner of this version leaves. */
function readInventory(place: string, fromCache: boolean): Inventory | null {
  try {
    if (!existsSync(join(place, 'packages.json'))) return null;
    const scanned = Scanned.parse(JSON.parse(readFileSync(join(place, 'packages.json'), 'utf8')));
    const index = decodeFileIndex(readFileSync(join(place, 'files.index')));
    if (!(index instanceof FileIndex)) return null;
    utimesSync(place, new Date(), new Date());
    return { ...scanned, index, fromCache };
  } catch {
    return null;
  }
}
