/**
 * gRPC over a runtime's unix socket. One connection per socket, made when first needed; every call has a deadline, so a
 * runtime that hangs delays nothing but its own answer.
 */
import { connect } from 'node:net';
import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { DescService } from '@bufbuild/protobuf';

const callTimeoutMs = 2000;

export function runtimeClient<S extends DescService>(service: S, socketPath: string): Client<S> {
  const transport = createGrpcTransport({
    baseUrl: 'http://runtime.invalid',
    defaultTimeoutMs: callTimeoutMs,
    readMaxBytes: 16 << 20,
    nodeOptions: { createConnection: () => connect(socketPath) },
  });
  return createClient(service, transport);
}

/** True: the runtime answered that it knows no such thing. False: it could not be asked. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.NotFound;
}

export function sentenceOf(error: unknown): string {
  if (error instanceof ConnectError) return `${Code[error.code]}: ${error.rawMessage}`;
  return error instanceof Error ? error.message : String(error);
}
