/** A failed control and the exceptions → the one that accepts it, if any counts. One that has expired or was not approved accepts nothing. */
import type { Exception } from '@vedette/model/exception';
import { whyNotCounted } from '../exceptions.ts';
import { fitsAny } from '../scope.ts';
import type { ControlResult } from './judge.ts';

/** `shop/cart` for the Deployment cart in shop, also with its type: `shop/Deployment/cart`; what has no namespace by its name. */
function namesOf({ subject }: ControlResult): readonly string[] {
  const { namespace, type, name } = subject;
  const place = namespace === '' ? '' : `${namespace}/`;
  return [`${place}${name}`, `${place}${type}/${name}`];
}

export function acceptedBy(exceptions: readonly Exception[], result: ControlResult, cluster: string, nowMs: number): Exception | null {
  if (result.state !== 'failed') return null;
  return (
    exceptions.find((one) => {
      const { controls, subjects, clusters } = one.spec.scope;
      if (controls === undefined || !fitsAny(controls)(result.control)) return false;
      if (clusters !== undefined && !fitsAny(clusters)(cluster)) return false;
      if (subjects !== undefined && !namesOf(result).some(fitsAny(subjects))) return false;
      return whyNotCounted(one, nowMs) === null;
    }) ?? null
  );
}
