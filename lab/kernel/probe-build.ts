/** The compiled kernel programs and loader, built once for all tests, outside the tree. */
import { buildProbe, probeObject } from '@vedette/cli/build';
import { join } from 'node:path';
import { cacheRoot } from '../containers/debian-root.ts';

export interface ProbeFiles {
  readonly object: string;
  readonly loader: string;
}

export async function probeFiles(): Promise<ProbeFiles> {
  const built = await buildProbe(join(cacheRoot, 'build'));
  if (!built.ok) throw new Error(`the kernel programs could not be built: ${built.reason}`);
  return { object: probeObject(built.directory), loader: join(built.directory, 'vedette-loader') };
}
