/**
 * The one connection of a cluster part to the hub: its own calls and those that it passes on for its sensors share it. Made
 * with the first call, anew after it broke, and again when the part's certificate was renewed; streams that were open on
 * the old one break then and are opened again by whoever holds them.
 */
import { createClient, type Client } from '@connectrpc/connect';
import { Enrollment, Link } from '@vedette/model/wire/generated/link_pb';
import { connectLink, linkClientOver, type LinkClient, type LinkConnection } from './client.ts';
import { pem } from './certificate-text.ts';
import type { Credentials } from './credentials.ts';
import { failureOf, type LinkFailure } from './failure.ts';
import type { RelayCertificate } from './relay.ts';

const callMsMax = 30_000;

export class Upstream {
  #credentials: Credentials;
  #connection: LinkConnection;
  #link: Client<typeof Link>;
  #enrollment: Client<typeof Enrollment>;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.#connection = connectLink(credentials);
    this.#link = createClient(Link, this.#connection.transport);
    this.#enrollment = createClient(Enrollment, this.#connection.transport);
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get link(): Client<typeof Link> {
    return this.#link;
  }

  get enrollment(): Client<typeof Enrollment> {
    return this.#enrollment;
  }

  /** For the part's own sender; closing it closes nothing but its calls. */
  linkClient(credentials: Credentials): LinkClient {
    if (credentials.certificatePem !== this.#credentials.certificatePem) this.#replace(credentials);
    return linkClientOver(this.#connection.transport, () => undefined);
  }

  /** A key and, from the hub, the certificate under which this part's relay listens. */
  async certifyRelay(): Promise<RelayCertificate | LinkFailure> {
    const { privateKeyPem, request } = await (await import('./certificate-request.ts')).createCertificateRequest();
    try {
      const { certificate, authorities, serverName } = await this.#link.certifyRelay({ certificateRequest: request }, { timeoutMs: callMsMax });
      return { certificatePem: pem(certificate), privateKeyPem, serverName, authoritiesPem: authorities.map((one) => pem(one)) };
    } catch (error) {
      return failureOf(error);
    }
  }

  close(): void {
    this.#connection.close();
  }

  #replace(credentials: Credentials): void {
    const before = this.#connection;
    this.#credentials = credentials;
    this.#connection = connectLink(credentials);
    this.#link = createClient(Link, this.#connection.transport);
    this.#enrollment = createClient(Enrollment, this.#connection.transport);
    before.close();
  }
}
