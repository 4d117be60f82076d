/**
 * The one connection of a cluster part to the hub: its own calls and those that it passes on for its sensors share it. Made
 * with the first call, anew after it broke, and again when the part's certificate was renewed; streams that were open on
 * the old one break then and are opened again by whoever holds them.
 */
import { createClient, type Client } from '@connectrpc/connect';
import { Enrollment, Link } from '@vedette/model/wire/generated/link_pb';
import { connectLink, linkClientOver, type LinkClient, type LinkConnection } from './client.ts';
import type { Credentials } from './credentials.ts';

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
