/**
 * A validating webhook of a lab's own: answers AdmissionReviews over HTTPS on an address of the cluster's slot with a
 * certificate of the cluster, by a function of the caller, and keeps what it was asked. It is reached by URL, or as a Service
 * that leads to its address.
 */
import { createServer, type Server } from 'node:https';
import { z } from 'zod';
import type { ControlPlane } from './control-plane.ts';

const bodyBytesMax = 8 << 20;
const review = z.looseObject({
  request: z.looseObject({
    uid: z.string(), operation: z.string(), namespace: z.string().optional(), name: z.string().optional(), kind: z.looseObject({ kind: z.string() }),
    userInfo: z.looseObject({ username: z.string().optional() }), object: z.unknown(),
  }),
});
export type AdmissionRequest = z.infer<typeof review>['request'];

export interface WebhookOptions {
  readonly cluster: ControlPlane;
  /** Names besides its address, as NAME.NAMESPACE.svc. */
  readonly hosts?: readonly string[];
  /** null allows; a text refuses, and says why. */
  readonly judge: (request: AdmissionRequest) => string | null;
}

export class Webhook {
  readonly address: string;
  readonly port: number;
  readonly seen: AdmissionRequest[] = [];
  readonly #server: Server;

  private constructor(address: string, port: number, server: Server, seen: AdmissionRequest[]) {
    this.address = address;
    this.port = port;
    this.#server = server;
    this.seen = seen;
  }

  static async start({ cluster, hosts = [], judge }: WebhookOptions): Promise<Webhook> {
    const address = cluster.slot.address(null);
    const { certificatePem, privateKeyPem } = await cluster.certificate({ name: 'webhook', usage: 'server', hosts: [address, ...hosts] });
    const seen: AdmissionRequest[] = [];
    const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.length > bodyBytesMax) request.destroy();
      });
      request.on('end', () => {
        const parsed = review.safeParse(JSON.parse(text));
        if (!parsed.success) return void response.writeHead(400).end();
        const asked = parsed.data.request;
        seen.push(asked);
        const why = judge(asked);
        const body = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: asked.uid, allowed: why === null, ...(why === null ? {} : { status: { code: 403, message: why } }) } };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.on('error', reject).listen(0, address, () => {
        const bound = server.address();
        if (bound !== null && typeof bound === 'object') resolve(bound.port);
      });
    });
    return new Webhook(address, port, server, seen);
  }

  get url(): string {
    return `https://${this.address}:${this.port}/validate`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
