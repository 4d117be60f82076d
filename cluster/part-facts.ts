/** What the cluster part says of the machine it runs on, as every sender does: facts, never identity. */
import { readFileSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import { version } from '@vedette/model/version';

/** Of the kernel that this process runs on; batches carry it as a sensor's do. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '0';
  }
}

export function partFacts() {
  return { hostname: hostname(), kernelRelease: release(), architecture: arch() === 'x64' ? 'x86_64' : arch() === 'arm64' ? 'aarch64' : arch(), bootId: bootId(), sensorVersion: version };
}
