/**
 * Keeps a sensor's certificate fresh: from the half of its life on it makes a new key and asks the hub to sign it, again
 * and again until it succeeds, also after the end, because the hub renews for a while what has expired during its own
 * absence. A renewed pair that the disk does not take is used and stored again later.
 */
import type { LinkClient } from './client.ts';
import type { Credentials, Validity } from './credentials.ts';
import { validityOf } from './credentials.ts';
import { flawOf } from './join.ts';

export interface RenewalOptions {
  readonly credentials: Credentials;
  readonly connect: (credentials: Credentials) => LinkClient;
  /** Stores credentials; yields why that failed. */
  readonly keep: (credentials: Credentials) => string | undefined;
  readonly onRenewed: () => void;
  readonly retryMs?: number;
}

export class Renewal {
  readonly #options: RenewalOptions;
  readonly #retryMs: number;
  #credentials: Credentials;
  #validity: Validity;
  #underWay = false;
  #unkept = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #sentence: string | undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#retryMs = options.retryMs ?? 60_000;
    this.#credentials = options.credentials;
    this.#validity = validityOf(options.credentials);
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get notAfterMs(): number {
    return this.#validity.notAfterMs;
  }

  /** Why the last renewal failed, until one succeeds. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** To be called often; does something when it is time to. */
  async tend(wallMs: number): Promise<void> {
    // A clock that was set back must not put it off for longer than the pause would be.
    const paused = wallMs < this.#notBeforeMs && this.#notBeforeMs - wallMs <= this.#retryMs;
    if (this.#underWay || paused) return;
    if (this.#unkept) this.#store(wallMs);
    if (wallMs < this.#validity.renewMs) return;
    this.#underWay = true;
    this.#notBeforeMs = wallMs + this.#retryMs;
    try {
      await this.#renew(wallMs);
    } finally {
      this.#underWay = false;
    }
  }

  async #renew(wallMs: number): Promise<void> {
    const { privateKeyPem, request } = await (await import('./certificate-request.ts')).createCertificateRequest();
    const client = this.#options.connect(this.#credentials);
    const answer = await client.renew(request);
    client.close();
    if (answer.kind === 'failed') {
      this.#sentence = `The certificate could not be renewed: ${answer.reason}`;
      return;
    }
    const { certificatePem, authoritiesPem } = answer;
    const fresh: Credentials = { ...this.#credentials, privateKeyPem, certificatePem, authoritiesPem };
    const flaw = flawOf(fresh);
    if (flaw !== undefined) {
      this.#sentence = flaw;
      return;
    }
    this.#credentials = fresh;
    this.#validity = validityOf(fresh);
    this.#store(wallMs);
    this.#options.onRenewed();
  }

  #store(wallMs: number): void {
    this.#sentence = this.#options.keep(this.#credentials);
    this.#unkept = this.#sentence !== undefined;
    if (this.#unkept) this.#notBeforeMs = wallMs + this.#retryMs;
  }
}
