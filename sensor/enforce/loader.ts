/**
 * The sensor's end of the socket pair to the loader: commands out, replies in. A refusal is a value, since the loader is
 * meant to refuse; a closed socket means that the loader is gone, which the owner is told once.
 */
import { Socket } from 'node:net';
import { commandMagic, effectMagic, encodeCommand, replyBytes, type Command, type EffectOrder } from './commands.ts';

export type Reply = { readonly ok: true } | { readonly ok: false; readonly errno: number; readonly reason: string };

/** 0, or why not as an error number (enforce/effect-words.ts), and what the loader read before and after, as a JSON object. */
export interface EffectAnswer {
  readonly errno: number;
  readonly evidence: string;
}

const noAnswer: EffectAnswer = { errno: 19, evidence: '{}' };

const reasons: Readonly<Record<number, string>> = {
  1: 'the loader refuses it: it touches a life line',
  2: 'no such entry',
  3: 'the process is gone',
  7: 'the kernel table is full',
  12: 'the kernel has no memory for it',
  19: 'no kernel programs are loaded',
  22: 'the loader could not read the command',
  38: 'this loader does not know the command',
};
const repliesMax = 4096;

export class LoaderConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #effects = new Map<number, (answer: EffectAnswer) => void>();
  #nextId = 1;
  #rest: Buffer = Buffer.alloc(0);
  #open = true;
  refused = 0;

  constructor(fd: number, onGone: () => void) {
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('data', (bytes) => this.#onBytes(Buffer.from(bytes)));
    this.#socket.on('error', () => this.#close(onGone));
    this.#socket.on('close', () => this.#close(onGone));
  }

  /** Fire and forget: a position needs no answer, the next one says more. */
  acknowledge(position: number): void {
    if (this.#open) this.#socket.write(encodeCommand({ do: 'acknowledge', position }, 0));
  }

  async send(command: Command): Promise<Reply> {
    if (!this.#open) return { ok: false, errno: 19, reason: 'the loader is gone' };
    if (this.#waiting.size >= repliesMax) return { ok: false, errno: 11, reason: 'too many commands wait for an answer' };
    const id = this.#nextId++;
    this.#socket.write(encodeCommand(command, id));
    return await new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** An effect's answer has evidence; one that was never given is -ENODEV, as the loader that is gone. */
  async effect(order: EffectOrder): Promise<EffectAnswer> {
    if (!this.#open || this.#effects.size >= repliesMax) return noAnswer;
    const id = this.#nextId++;
    this.#socket.write(encodeCommand(order, id));
    return await new Promise((resolve) => this.#effects.set(id, resolve));
  }

  #onBytes(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= replyBytes) {
      const reply = this.#rest.subarray(0, replyBytes);
      if (reply.readUInt32LE(0) === effectMagic) {
        const end = replyBytes + reply.readUInt32LE(12);
        if (this.#rest.length < end) return;
        this.#effects.get(reply.readUInt32LE(4))?.({ errno: -reply.readInt32LE(8), evidence: this.#rest.toString('utf8', replyBytes, end) });
        this.#effects.delete(reply.readUInt32LE(4));
        this.#rest = this.#rest.subarray(end);
        continue;
      }
      this.#rest = this.#rest.subarray(replyBytes);
      if (reply.readUInt32LE(0) !== commandMagic) throw new Error('the loader answered something that is no reply');
      this.refused = reply.readUInt32LE(12);
      const status = reply.readInt32LE(8);
      const waiting = this.#waiting.get(reply.readUInt32LE(4));
      this.#waiting.delete(reply.readUInt32LE(4));
      waiting?.(status === 0 ? { ok: true } : { ok: false, errno: -status, reason: reasons[-status] ?? `error ${-status}` });
    }
  }

  #close(onGone: () => void): void {
    if (!this.#open) return;
    this.#open = false;
    for (const waiting of this.#waiting.values()) waiting({ ok: false, errno: 19, reason: 'the loader is gone' });
    this.#waiting.clear();
    for (const waiting of this.#effects.values()) waiting(noAnswer);
    this.#effects.clear();
    onGone();
  }
}
