/**
 * The hub's last word on each image, on the disk: one file a name, so that a part which starts while the hub is away judges by
 * what was known. A file is read when its image is asked about, and written behind the answer. Bounds: files and their size, the
 * longest unwritten go first; what is older than anybody would use is taken away at the start. What cannot be read is none.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const Answer = z.object({ version: z.literal(1), reference: z.string(), digest: z.string(), factsJson: z.string(), learnedAtMs: z.number(), askedAtMs: z.number() });

export interface KeptAnswer {
  readonly reference: string;
  readonly digest: string;
  readonly factsJson: string;
  readonly learnedAtMs: number;
  /** By this part's clock. */
  readonly askedAtMs: number;
}

export interface KeptBounds {
  readonly filesMax: number;
  readonly bytesMax: number;
  readonly ageMsMax: number;
}

export const keptBounds: KeptBounds = { filesMax: 5000, bytesMax: 64 << 20, ageMsMax: 24 * 60 * 60_000 };
const name = /^[0-9a-f]{64}\.json$/;

export class KeptImages {
  readonly #directory: string;
  readonly #bounds: KeptBounds;
  /** File → its size, the longest unwritten first. */
  readonly #files = new Map<string, number>();
  /** File → what is to stand there; null: nothing. */
  readonly #pending = new Map<string, string | null>();
  #bytes = 0;
  #writing: Promise<void> | undefined;
  /** Answers that a full or broken disk did not take: they hold for this process. */
  unkept = 0;

  constructor(stateDirectory: string, nowMs: number, bounds: KeptBounds = keptBounds) {
    this.#directory = path.join(stateDirectory, 'admission-images');
    this.#bounds = bounds;
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const found = readdirSync(this.#directory).map((file) => ({ file, ...factsOf(path.join(this.#directory, file)) }));
      for (const { file, bytes, writtenAtMs } of found.toSorted((a, b) => a.writtenAtMs - b.writtenAtMs)) {
        if (!name.test(file) || nowMs - writtenAtMs > bounds.ageMsMax) rmSync(path.join(this.#directory, file), { force: true, recursive: true });
        else this.#count(file, bytes);
      }
      this.#evict('');
    } catch {
      // a directory that cannot be made or read: nothing is kept, and each answer that is not is counted
    }
  }

  get size(): number {
    return this.#files.size;
  }

  read(reference: string): KeptAnswer | null {
    const file = fileOf(reference);
    if (!this.#files.has(file)) return null;
    try {
      const text = this.#pending.get(file) ?? readFileSync(path.join(this.#directory, file), 'utf8');
      const kept = Answer.safeParse(JSON.parse(text));
      return kept.success && kept.data.reference === reference ? kept.data : null;
    } catch {
      return null;
    }
  }

  keep(answer: KeptAnswer): void {
    const file = fileOf(answer.reference);
    const text = JSON.stringify({ version: 1, ...answer });
    this.#discount(file);
    this.#count(file, Buffer.byteLength(text));
    this.#write(file, text);
    this.#evict(file);
  }

  forget(reference: string): void {
    const file = fileOf(reference);
    if (!this.#files.has(file)) return;
    this.#discount(file);
    this.#write(file, null);
  }

  /** Everything that was said stands on the disk. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  #evict(newest: string): void {
    for (const file of this.#files.keys()) {
      if (this.#files.size <= this.#bounds.filesMax && this.#bytes <= this.#bounds.bytesMax) return;
      if (file === newest) continue;
      this.#discount(file);
      this.#write(file, null);
    }
  }

  #count(file: string, bytes: number): void {
    this.#files.set(file, bytes);
    this.#bytes += bytes;
  }

  #discount(file: string): void {
    this.#bytes -= this.#files.get(file) ?? 0;
    this.#files.delete(file);
  }

  #write(file: string, text: string | null): void {
    this.#pending.set(file, text);
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** One file at a time; of one that is said twice meanwhile the last word. */
  async #writeAll(): Promise<void> {
    for (let next = first(this.#pending); next !== undefined; next = first(this.#pending)) {
      const [file, text] = next;
      const place = path.join(this.#directory, file);
      try {
        if (text === null) await rm(place, { force: true });
        else {
          await writeFile(`${place}.new`, text, { mode: 0o600 });
          await rename(`${place}.new`, place);
        }
      } catch {
        this.unkept += 1;
        this.#discount(file);
      }
      if (this.#pending.get(file) === text) this.#pending.delete(file);
    }
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): readonly [K, V] | undefined {
  return map.entries().next().value;
}

function fileOf(reference: string): string {
  return `${createHash('sha256').update(reference).digest('hex')}.json`;
}

function factsOf(place: string): { readonly bytes: number; readonly writtenAtMs: number } {
  const { size, mtimeMs } = statSync(place);
  return { bytes: size, writtenAtMs: mtimeMs };
}
