/**
 * What is in each of our three images, as trees that become layers: Debian's libraries and Node (the same two for all, so that
 * a node pulls them once), the third-party modules, our own sources or what is compiled from them. The sensor's image holds the
 * compiled kernel programs, the loader and the built sensor: no compiler, no shell, no sources.
 */
import { chmod, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildConsole, buildProbe, buildSensor, probeObject, projectRoot, type Built } from '@vedette/cli/build';
import { sensorNodeFlags } from '@vedette/cli/sensor-part';
import { closureOf, readLock } from './closure.ts';
import { baseline } from './debian.ts';
import type { ImageConfig } from './layout.ts';

export const imageNames = ['hub', 'cluster', 'sensor'] as const;
export type ImageName = (typeof imageNames)[number];

export interface Tree {
  readonly what: string;
  fill(root: string): Promise<void>;
}

export interface Contents {
  readonly title: string;
  readonly packages: readonly string[];
  /** Besides Debian's packages and Node, from the most to the least steady. */
  readonly trees: readonly Tree[];
  readonly config: Omit<ImageConfig, 'labels' | 'environment'>;
}

/** Nobody's, and the same everywhere: volumes keep their owner from one version to the next. */
export const serviceUser = 65_532;
const home = 'opt/vedette';
const node = `/${home}/bin/node`;

export const nodeTree: Tree = {
  what: 'Node.js, a user, places to write',
  async fill(root) {
    await mkdir(path.join(root, home, 'bin'), { recursive: true });
    await copyFile(path.join(projectRoot, 'node_modules/node/bin/node'), path.join(root, node));
    await chmod(path.join(root, node), 0o755);
    await mkdir(path.join(root, 'etc'), { recursive: true });
    await writeFile(path.join(root, 'etc/passwd'), `root:x:0:0:root:/:/sbin/nologin\nvedette:x:${serviceUser}:${serviceUser}:vedette:/:/sbin/nologin\n`);
    await writeFile(path.join(root, 'etc/group'), `root:x:0:\nvedette:x:${serviceUser}:\n`);
    for (const [folder, mode] of [['tmp', 0o1777], ['var/lib/vedette', 0o755]] as const) {
      await mkdir(path.join(root, folder), { recursive: true });
      await chmod(path.join(root, folder), mode);
    }
  },
};

/** Needed where something is built, and nothing is built in an image. */
const unbuilt: ReadonlySet<string> = new Set(['vite']);

function isShipped(source: string): boolean {
  const name = path.basename(source);
  return !/\.test\.(tsx?|yaml)$|\.map$|\.md$|\.d\.[cm]?ts$/.test(name) && !['node_modules', 'testing', 'golden', 'fixture', '.git'].includes(name);
}

/** The third-party modules of parts, as they lie in node_modules. */
function modulesOf(parts: readonly string[]): Tree {
  return {
    what: `modules of ${parts.join(' and ')}`,
    async fill(root) {
      const { modules } = closureOf(readLock(projectRoot), parts, unbuilt);
      for (const one of modules) {
        const inside = (source: string): boolean => !path.relative(path.join(projectRoot, one), source).split(path.sep).includes('node_modules');
        await cp(path.join(projectRoot, one), path.join(root, home, one), { recursive: true, verbatimSymlinks: true, filter: (source) => inside(source) && !/\.(map|md)$|\.d\.[cm]?ts$/.test(source) });
      }
    },
  };
}

function sourcesOf(parts: readonly string[], more: readonly string[] = []): Tree {
  return {
    what: `${parts.join(' and ')}, from the sources`,
    async fill(root) {
      const { workspaces } = closureOf(readLock(projectRoot), parts, unbuilt);
      await mkdir(path.join(root, home, 'node_modules/@vedette'), { recursive: true });
      for (const one of [...workspaces, ...more]) await cp(path.join(projectRoot, one), path.join(root, home, one), { recursive: true, filter: isShipped });
      for (const one of workspaces) await symlink(`../../${one}`, path.join(root, home, 'node_modules/@vedette', one));
      await copyFile(path.join(projectRoot, 'package.json'), path.join(root, home, 'package.json'));
      await copyFile(path.join(projectRoot, 'LICENSE'), path.join(root, home, 'LICENSE'));
    },
  };
}

async function built(what: string, building: Promise<Built>): Promise<string> {
  const result = await building;
  if (!result.ok) throw new Error(`${what} could not be built: ${result.reason}`);
  return result.directory;
}

function consoleTree(buildRoot: string): Tree {
  return {
    what: 'the console, built',
    async fill(root) {
      await cp(await built('the console', buildConsole(buildRoot)), path.join(root, home, 'console'), { recursive: true });
    },
  };
}

function sensorTree(buildRoot: string): Tree {
  return {
    what: 'kernel programs, loader and sensor, compiled',
    async fill(root) {
      const [probe, sensor] = [await built('the kernel programs', buildProbe(buildRoot)), await built('the sensor', buildSensor(buildRoot))];
      const place = path.join(root, home);
      await mkdir(place, { recursive: true });
      await copyFile(path.join(probe, 'vedette-loader'), path.join(place, 'vedette-loader'));
      await copyFile(probeObject(probe), path.join(place, 'probe.o'));
      await cp(sensor, place, { recursive: true, filter: (source) => !source.endsWith('.map') });
      await cp(path.join(projectRoot, 'content/rules'), path.join(place, 'content/rules'), { recursive: true, filter: isShipped });
      await copyFile(path.join(projectRoot, 'LICENSE'), path.join(place, 'LICENSE'));
    },
  };
}

/** For people who look into the hub's container, and for pipelines: advisories, check, trace. */
const command: Tree = {
  what: 'the vedette command',
  async fill(root) {
    const place = path.join(root, 'usr/bin/vedette');
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, `#!/bin/sh\nexec ${node} /${home}/cli/main.ts "$@"\n`);
    await chmod(place, 0o755);
  },
};

export function contentsOf(name: ImageName, buildRoot: string): Contents {
  switch (name) {
    case 'hub':
      return {
        title: 'Vedette hub',
        // initdb asks a shell to start the server
        packages: [...baseline, 'libc-bin', 'dash'],
        trees: [modulesOf(['hub', 'cli']), command, consoleTree(buildRoot), sourcesOf(['hub', 'cli'], ['content'])],
        config: { entrypoint: [node, `/${home}/hub/main.ts`], user: `${serviceUser}:${serviceUser}`, ports: [7420, 7421] },
      };
    case 'cluster':
      return {
        title: 'Vedette cluster part',
        packages: baseline,
        trees: [modulesOf(['cluster']), sourcesOf(['cluster'])],
        config: { entrypoint: [node, `/${home}/cluster/main.ts`], user: `${serviceUser}:${serviceUser}`, ports: [7444, 8443, 8485] },
      };
    case 'sensor':
      return {
        title: 'Vedette sensor',
        packages: [...baseline, 'libbpf1', 'libelf1', 'zlib1g'],
        trees: [sensorTree(buildRoot)],
        // root only as far as the container's capabilities go; the loader gives them up to what it needs, the sensor runs as the service user
        config: {
          entrypoint: [`/${home}/vedette-loader`, '--object', `/${home}/probe.o`, '--user', `${serviceUser}:${serviceUser}`, '--', node, ...sensorNodeFlags, `/${home}/sensor.mjs`],
          user: '0:0',
          ports: [],
        },
      };
    default:
      return name satisfies never;
  }
}
