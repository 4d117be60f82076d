/**
 * The webhook's own authority and certificate: made here, kept in the state directory, and replaced at half of their lives. A new
 * authority is first told to the API server beside the old one; it signs only once that was taken, so that there is no
 * moment in which the API server is shown a certificate that it does not know. Beside them the secret part of the webhook's
 * path: whoever does not know it can ask nothing, and forge nothing.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const dayMs = 86_400_000;
const Authority = z.object({ certificatePem: z.string(), privateKeyPem: z.string(), notBeforeMs: z.number(), notAfterMs: z.number() });
const Serving = z.object({ chainPem: z.string(), privateKeyPem: z.string(), notBeforeMs: z.number(), notAfterMs: z.number(), names: z.array(z.string()), signedBy: z.string() });
const Kept = z.object({ secret: z.string().regex(/^[0-9a-f]{64}$/), authorities: z.array(Authority).min(1).max(2), serving: Serving });
type Kept = z.output<typeof Kept>;

export interface CertificateLives {
  readonly authorityMs: number;
  readonly servingMs: number;
}
export const certificateLives: CertificateLives = { authorityMs: 365 * dayMs, servingMs: 30 * dayMs };

export interface ServingCertificate {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

export class Certificates {
  readonly #file: string;
  readonly #names: readonly string[];
  readonly #lives: CertificateLives;
  #kept: Kept | undefined;
  /** The authorities that the API server was last told of. */
  #told = '';

  constructor(directory: string, names: readonly string[], lives: CertificateLives = certificateLives) {
    this.#file = path.join(directory, 'admission-certificates.json');
    this.#names = names;
    this.#lives = lives;
    try {
      this.#kept = Kept.safeParse(JSON.parse(readFileSync(this.#file, 'utf8'))).data;
    } catch {
      // none yet, or not whole: others are made, and the API server is told
    }
  }

  get serving(): ServingCertificate | undefined {
    return this.#kept?.serving;
  }

  /** In the path of every question. */
  get secret(): string {
    return this.#kept?.secret ?? '';
  }

  /** What the API server is to believe: PEM, the old and the new one while they overlap. */
  get bundle(): string {
    return (this.#kept?.authorities ?? []).map((one) => `${one.certificatePem.trim()}\n`).join('');
  }

  /** The API server believes this bundle now. */
  told(bundle: string): void {
    this.#told = bundle;
  }

  /** Makes and replaces what is due; answers whether another certificate is to be served. */
  async tend(nowMs: number): Promise<boolean> {
    const before = this.#kept;
    const authorities = await this.#authorities(nowMs);
    const newest = authorities.at(-1);
    if (newest === undefined) return false;
    // a new authority signs once it was told; the very first has nobody to overlap with
    const signer = authorities.length === 1 || this.#told.includes(newest.certificatePem.trim()) ? newest : (authorities[0] ?? newest);
    let serving = before?.serving;
    if (serving === undefined || isHalfOver(serving, nowMs) || serving.signedBy !== signer.certificatePem || serving.names.join() !== this.#names.join()) {
      const { loadAuthority } = await import('@vedette/link/transport/authority');
      const authority = await loadAuthority(signer.certificatePem, signer.privateKeyPem);
      const signed = await authority.signServer(this.#names, nowMs, this.#lives.servingMs, 'CN=vedette admission');
      serving = { chainPem: signed.chainPem, privateKeyPem: signed.privateKeyPem, notBeforeMs: nowMs, notAfterMs: signed.notAfterMs, names: [...this.#names], signedBy: signer.certificatePem };
    }
    // the old one goes when nothing it signed is served any more
    const needed = authorities.filter((one) => one === signer || one === newest || one.certificatePem === serving.signedBy);
    const isSame = before !== undefined && serving === before.serving && needed.length === before.authorities.length && needed.every((one, index) => one === before.authorities[index]);
    if (isSame) return false;
    this.#keep({ secret: before?.secret ?? randomBytes(32).toString('hex'), authorities: needed, serving });
    return serving !== before?.serving;
  }

  async #authorities(nowMs: number): Promise<Kept['authorities']> {
    const held = (this.#kept?.authorities ?? []).filter((one) => one.notAfterMs > nowMs);
    const newest = held.at(-1);
    if (newest !== undefined && !isHalfOver(newest, nowMs)) return held;
    const { createAuthority } = await import('@vedette/link/transport/authority');
    const { authority, privateKeyPem } = await createAuthority(nowMs, this.#lives.authorityMs);
    return [...held.slice(-1), { certificatePem: authority.certificatePem, privateKeyPem, notBeforeMs: nowMs, notAfterMs: authority.notAfterMs }];
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // a full disk: it holds for this process; the next one makes its own and tells the API server
    }
  }
}

function isHalfOver({ notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number }, nowMs: number): boolean {
  return nowMs >= notBeforeMs + (notAfterMs - notBeforeMs) / 2;
}
