/** Who sent a batch, in which boot, received when: what every record of it needs to become a row. */
import type { Boot } from './execution.ts';

export interface Origin extends Boot {
  readonly sensorId: string;
  readonly clusterId: string;
  /** What its certificate is for: a cluster part reports of its cluster, a sensor of its node, neither for the other. */
  readonly part: 'sensor' | 'cluster';
  /** Empty for a cluster part. */
  readonly nodeId: string;
  readonly hostname: string;
  /** False for what was spooled before the node's last boot: counted and stored, but alive no more. */
  readonly isCurrentBoot: boolean;
  /** The day of receipt: the partition. */
  readonly day: string;
}
