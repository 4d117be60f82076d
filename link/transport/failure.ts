/**
 * What a call to the hub can come to besides an answer, as one sentence a person can act on and the scope of the
 * damage: the connection is of no use, only this request failed, or the hub does not admit this sensor at all.
 */
import { Code, ConnectError } from '@connectrpc/connect';

/** A relay says so when it is there and the hub behind it is not: the connection to the relay is as good as before. */
export const hubAwayHeader = 'vedette-hub-away';

export interface LinkFailure {
  readonly kind: 'failed';
  readonly scope: 'connection' | 'request' | 'admission';
  readonly reason: string;
}

/** Codes of the system and of TLS, and what they mean to the person who reads them on the coverage page. */
const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The hub refuses connections: it is not running, or this is not its address.',
  ECONNRESET: 'The connection to the hub was cut.',
  EHOSTUNREACH: 'The hub cannot be reached from this network.',
  ENETUNREACH: 'The hub cannot be reached from this network.',
  ENOTFOUND: 'The name of the hub cannot be resolved.',
  EAI_AGAIN: 'The name of the hub cannot be resolved at the moment.',
  ETIMEDOUT: 'The hub does not answer.',
  CERT_HAS_EXPIRED: 'The certificate of the hub has expired.',
  CERT_NOT_YET_VALID: 'The certificate of the hub is not valid yet: the clocks of sensor and hub differ.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The hub proves itself by an authority that this sensor does not trust.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The hub proves itself by an authority that this sensor does not trust.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The hub proves itself by an authority that this sensor does not trust.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The hub proves itself by an authority that this sensor does not trust.',
  CERT_SIGNATURE_FAILURE: 'The hub proves itself by an authority that this sensor does not trust.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the hub is for another name than the one it is called by.',
};

const requestCodes: readonly Code[] = [
  Code.ResourceExhausted, Code.Internal, Code.Unknown, Code.InvalidArgument, Code.FailedPrecondition, Code.OutOfRange, Code.Unimplemented, Code.DataLoss,
];

export function failureOf(error: unknown): LinkFailure {
  const systemCode = systemCodeOf(error);
  if (systemCode !== undefined) return failed('connection', sentences[systemCode] ?? `The connection to the hub failed (${systemCode}).`);
  const { code, rawMessage, metadata } = ConnectError.from(error);
  if (metadata.has(hubAwayHeader)) return failed('request', rawMessage);
  if (code === Code.Unauthenticated || code === Code.PermissionDenied) return failed('admission', rawMessage);
  if (code === Code.DeadlineExceeded) return failed('connection', 'The hub did not answer in time.');
  return failed(requestCodes.includes(code) ? 'request' : 'connection', rawMessage === '' ? 'The hub did not say why it failed.' : rawMessage);
}

export function failed(scope: LinkFailure['scope'], reason: string): LinkFailure {
  return { kind: 'failed', scope, reason };
}

/** The code of the error at the bottom: it is there only when the failure is one of the connection. */
function systemCodeOf(error: unknown): string | undefined {
  let code: string | undefined;
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < 8; depth += 1) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
    at = at.cause;
  }
  return code;
}
