/**
 * The objects of one kind as records: a whole list in bites, and between lists only what differs from what was said
 * before, gathered so that an object that changes ten times within a moment is one change. What is remembered of an
 * object is a digest, not the object. An object above the bound is not sent but counted; one that has grown above it is
 * told to be gone, since what was said of it is no longer true. Pure but for hashing.
 */
import { hash } from 'node:crypto';
import type { JsonObject } from './prune.ts';

export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface SentObject extends ObjectKey {
  readonly resourceVersion: string;
  readonly json: Uint8Array<ArrayBuffer>;
}

/** A ClusterObjects record without its kind and time. */
export interface ObjectsSaid {
  readonly changed: readonly SentObject[];
  readonly removed: readonly ObjectKey[];
  readonly listId: string;
  readonly listEnds: boolean;
  readonly listObjects: number;
}

/** What of an object is told, and its own key and version. */
export interface PrunedObject extends ObjectKey {
  readonly resourceVersion: string;
  readonly content: JsonObject;
}

export const objectBytesMax = 256 * 1024;
/** Of one record, so that it fits into a batch together with others. */
const recordBytesMax = 384 * 1024;
const recordObjectsMax = 500;

const encoder = new TextEncoder();

function keyOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}

export class KindFold {
  readonly #digests = new Map<string, string>();
  #pending = new Map<string, SentObject | ObjectKey>();
  /** Too large to be sent, by key: each counts once until it is gone or has become smaller. */
  readonly #tooLarge = new Set<string>();

  get objects(): number {
    return this.#digests.size;
  }

  get tooLarge(): number {
    return this.#tooLarge.size;
  }

  /** Names of a few that are too large, for a person. */
  get tooLargeExamples(): readonly string[] {
    return [...this.#tooLarge].slice(0, 3);
  }

  /** Everything there is; what waited to be said is in it or over. */
  listed(objects: readonly PrunedObject[], listId: string): ObjectsSaid[] {
    this.#digests.clear();
    this.#pending.clear();
    this.#tooLarge.clear();
    const bites: SentObject[][] = [[]];
    let bytes = 0;
    let total = 0;
    for (const object of objects) {
      const sent = this.#encoded(object);
      if (sent === undefined) continue;
      let bite = bites.at(-1) ?? [];
      if (bite.length > 0 && (bite.length >= recordObjectsMax || bytes + sent.json.byteLength > recordBytesMax)) {
        bite = [];
        bites.push(bite);
        bytes = 0;
      }
      bite.push(sent);
      bytes += sent.json.byteLength;
      total += 1;
    }
    return bites.map((changed, index) => {
      const listEnds = index === bites.length - 1;
      return { changed, removed: [], listId, listEnds, listObjects: listEnds ? total : 0 };
    });
  }

  changed(object: PrunedObject): void {
    const key = keyOf(object);
    const before = this.#digests.get(key);
    const sent = this.#encoded(object);
    if (sent === undefined) {
      const { namespace, name, uid } = object;
      if (this.#digests.delete(key)) this.#pending.set(key, { namespace, name, uid });
    } else if (this.#digests.get(key) !== before) {
      this.#pending.set(key, sent);
    }
  }

  removed({ namespace, name, uid }: ObjectKey): void {
    const key = keyOf({ namespace, name, uid });
    this.#tooLarge.delete(key);
    this.#digests.delete(key);
    this.#pending.set(key, { namespace, name, uid });
  }

  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** What has changed since the last call. */
  flush(): ObjectsSaid[] {
    const said: { changed: SentObject[]; removed: ObjectKey[]; listId: string; listEnds: boolean; listObjects: number }[] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const one of this.#pending.values()) {
      const size = 'json' in one ? one.json.byteLength : 0;
      let current = said.at(-1);
      if (current === undefined || bytes + size > recordBytesMax || current.changed.length + current.removed.length >= recordObjectsMax) {
        current = { changed: [], removed: [], listId: '', listEnds: false, listObjects: 0 };
        said.push(current);
        bytes = 0;
      }
      if ('json' in one) current.changed.push(one);
      else current.removed.push(one);
      bytes += size;
    }
    this.#pending = new Map();
    return said;
  }

  #encoded({ namespace, name, uid, resourceVersion, content }: PrunedObject): SentObject | undefined {
    const key = keyOf({ namespace, name, uid });
    const json = encoder.encode(JSON.stringify(content));
    if (json.byteLength > objectBytesMax) {
      this.#tooLarge.add(key);
      return undefined;
    }
    this.#tooLarge.delete(key);
    this.#digests.set(key, hash('sha256', json, 'base64'));
    return { namespace, name, uid, resourceVersion, json };
  }
}
