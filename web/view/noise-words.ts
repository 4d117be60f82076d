/** Noise in words. */
import type { NoiseView } from '@vedette/model/api/noise';

/** `ci/nightly`, or the host; what ran in a container that is forgotten is of its host too. */
export function noisePlace(row: Pick<NoiseView, 'workload' | 'namespace' | 'hostname' | 'containers'>): string {
  if (row.workload !== null) return row.namespace === null ? `${row.workload}${row.hostname === null ? '' : ` on ${row.hostname}`}` : `${row.namespace}/${row.workload}`;
  return row.containers === 0 ? (row.hostname ?? 'a host') : `${row.containers === 1 ? 'a container' : 'containers'} on ${row.hostname ?? 'a host'}`;
}
