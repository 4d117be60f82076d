/**
 * What must be compiled before the product runs: the kernel programs and the loader (clang), the sensor and the console (Vite). Each
 * result lies in the state directory under a key made from its sources and its compiler, so an unchanged one is found again
 * at once and two clones never overwrite each other. A build that fails says why in a value; what can run without it does.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Policies, rules and playbooks: the shipped ones, or a person's own in their place. */
export function contentDirectory(): string {
  return process.env['VEDETTE_CONTENT'] || join(projectRoot, 'content');
}

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const keptBuilds = 4;

export type Built = { readonly ok: true; readonly directory: string; readonly fresh: boolean } | { readonly ok: false; readonly reason: string };

function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && !one.parentPath.includes('node_modules') && !one.name.endsWith('.test.ts'))
    .map((one) => join(one.parentPath, one.name))
    .sort();
}

function keyOf(files: readonly string[], more: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(relative(projectRoot, file)).update('\0').update(readFileSync(file)).update('\0');
  for (const one of more) hash.update(one).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Builds beside and renames, so that a build that was interrupted is never taken for a finished one. */
async function cached(buildRoot: string, name: string, key: string, make: (directory: string) => Promise<void>): Promise<Built> {
  const place = join(buildRoot, name);
  const directory = join(place, key);
  if (existsSync(directory)) {
    utimesSync(directory, new Date(), new Date());
    return { ok: true, directory, fresh: false };
  }
  const beside = join(place, `.${key}.${process.pid}`);
  mkdirSync(beside, { recursive: true });
  try {
    await make(beside);
    if (!existsSync(directory)) renameSync(beside, directory);
  } catch (error) {
    // who built the same meanwhile may have been done first
    if (!existsSync(directory)) return { ok: false, reason: reasonOf(error) };
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  forgetOld(place, key);
  return { ok: true, directory, fresh: true };
}

function forgetOld(place: string, current: string): void {
  const old = readdirSync(place)
    .filter((one) => !one.startsWith('.') && one !== current)
    .map((one) => ({ path: join(place, one), at: statSync(join(place, one)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const one of old.slice(keptBuilds)) rmSync(one.path, { recursive: true, force: true });
}

function reasonOf(error: unknown): string {
  const { stderr, message, code } = error as { stderr?: string; message?: string; code?: string };
  if (code === 'ENOENT') return 'clang is not installed (Debian: apt-get install clang libbpf-dev libelf-dev zlib1g-dev)';
  return (stderr !== undefined && stderr !== '' ? stderr : (message ?? String(error))).trim().split('\n').slice(0, 12).join('\n');
}

const targets = { x86_64: 'x86', aarch64: 'arm64' } as const;

/** probe.x86_64.o, probe.aarch64.o and, for this machine, vedette-loader. */
export async function buildProbe(buildRoot: string): Promise<Built> {
  const sources = join(projectRoot, 'sensor', 'probe');
  const files = filesUnder(sources).filter((one) => /\.(c|h)$/.test(one));
  let compiler: string;
  try {
    compiler = (await run('clang', ['--version'])).stdout;
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  return await cached(buildRoot, 'probe', keyOf(files, [compiler, process.arch]), async (directory) => {
    for (const [machine, target] of Object.entries(targets)) {
      const out = join(directory, `probe.${machine}.o`);
      await run('clang', ['-O2', '-g', '-target', 'bpf', `-D__TARGET_ARCH_${target}`, '-Wall', '-Werror', '-Wno-unused-function', '-c', join(sources, 'probe.bpf.c'), '-o', out]);
    }
    const loader = files.filter((one) => one.endsWith('.c') && dirname(one).endsWith('loader'));
    const hardened = ['-D_GNU_SOURCE', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-fPIE', '-pie', '-Wl,-z,relro,-z,now'];
    await run('clang', ['-O2', '-g', '-Wall', '-Wextra', '-Werror', ...hardened, ...loader, '-o', join(directory, 'vedette-loader'), '-lbpf', '-lelf', '-lz', '-lpthread']);
  });
}

/** The console as static files. */
export async function buildConsole(buildRoot: string): Promise<Built> {
  const web = join(projectRoot, 'web');
  const files = [...filesUnder(web), ...filesUnder(join(projectRoot, 'model')), join(projectRoot, 'package-lock.json')];
  return await cached(buildRoot, 'console', keyOf(files, []), async (directory) => await vite(web, directory));
}

/** sensor.mjs and scanner.mjs: the sensor without its sources' weight; see sensor/vite.config.ts. */
export async function buildSensor(buildRoot: string): Promise<Built> {
  const parts = ['sensor', 'model', 'rules', 'policy', 'inventory', 'link'].flatMap((one) => filesUnder(join(projectRoot, one)));
  const files = [...parts.filter((one) => one.endsWith('.ts')), join(projectRoot, 'package-lock.json')];
  return await cached(buildRoot, 'sensor', keyOf(files, []), async (directory) => await vite(join(projectRoot, 'sensor'), directory));
}

async function vite(part: string, directory: string): Promise<void> {
  const program = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js');
  await run(process.execPath, [program, 'build', '--outDir', directory, '--emptyOutDir', '--logLevel', 'error'], { cwd: part, maxBuffer: 16 << 20 });
}

export function probeObject(directory: string): string {
  return join(directory, process.arch === 'arm64' ? 'probe.aarch64.o' : 'probe.x86_64.o');
}
