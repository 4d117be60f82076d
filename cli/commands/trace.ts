/** `vedette trace`: where an image came from, as a chain of who says what, and what is wrong with it. Reads; changes nothing anywhere. */
import { parseArgs } from 'node:util';
import type { SignerKey } from '@vedette/origin/cosign/key';
import { openPlatform } from '@vedette/origin/jfrog/platform';
import { parseJfrogSettings } from '@vedette/origin/jfrog/settings';
import type { Platform } from '@vedette/origin/oci/manifest';
import { parseReference } from '@vedette/origin/oci/reference';
import { traceImage, type TraceSources } from '@vedette/origin/trace-image';
import { asking, readKeys, readUsable, registryWith, Unusable } from '../registry-access.ts';
import { complain, say, UsageError, type CliCommand } from './command.ts';
import { traceByHub } from './trace-hub.ts';
import { exitCodeOf, reportJson, reportLines } from './trace-report.ts';

function platformOf(text: string | undefined): Platform {
  if (text === undefined) return { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch, variant: null };
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  if (match === null) throw new UsageError(`--platform is OS/ARCHITECTURE, such as linux/arm64, not ${text}`);
  return { os: match[1]!, architecture: match[2]!, variant: match[3] ?? null };
}

function jfrogOf(path: string | undefined): TraceSources['jfrog'] {
  if (path === undefined) return null;
  const settings = readUsable(path, 'settings for Artifactory', parseJfrogSettings);
  return { platform: openPlatform({ url: settings.url, token: settings.token, projects: settings.projects, asking }), names: settings.names };
}

async function trace(args: readonly string[]): Promise<number> {
  const multiple = { type: 'string', multiple: true } as const;
  const one = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: true,
    options: { key: multiple, trust: multiple, 'registry-config': one, artifactory: one, platform: one, hub: one, 'token-file': one, path: one, 'plain-http': { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const [image, ...more] = positionals;
  if (image === undefined) throw new UsageError('name the image: registry/repository:tag, with @sha256:… where it is known');
  if (more.length > 0) throw new UsageError(`one image at a time; ${more.join(' ')} is too much`);
  if (values.hub !== undefined) return traceByHub(image, { hub: values.hub, tokenFile: values['token-file'], path: values.path, asJson: values.json ?? false });
  if (image.startsWith('pid:')) throw new UsageError('a running process is traced through the hub that its sensor reports to: --hub URL --token-file FILE; without a hub, name the image that the process runs');
  if (values.path !== undefined || values['token-file'] !== undefined) throw new UsageError('--path and --token-file go with --hub');
  const reference = parseReference(image);
  if ('problem' in reference) throw new UsageError(reference.problem);
  const platform = platformOf(values.platform);
  const keys: readonly SignerKey[] = readKeys(values.key ?? []);
  const traced = await traceImage(reference, platform, {
    registry: registryWith(reference.registry, { configPath: values['registry-config'], plainHttp: values['plain-http'] ?? false }),
    keys,
    trusted: values.trust ?? null,
    jfrog: jfrogOf(values.artifactory),
    clock: asking.clock,
  });
  say(values.json === true ? reportJson(traced) : reportLines(traced).join('\n'));
  return exitCodeOf(traced);
}

export const traceCommand: CliCommand = {
  name: 'trace',
  summary: 'Show where an image came from: registry, build, commit, signer',
  usage: 'vedette trace IMAGE [--key FILE …] [--trust REGISTRY[/PATH] …] [--registry-config FILE]\n       [--artifactory FILE] [--platform OS/ARCH] [--plain-http] [--json]\n       vedette trace IMAGE|pid:N --hub URL [--token-file FILE] [--path FILE] [--json]',
  details: `  IMAGE              registry/repository:tag, or with @sha256:… as it runs: then a moved tag is seen
  --key              public key of cosign (PEM, ECDSA P-256) to check signatures with; may be repeated
  --trust            a registry, or a folder in one, whose images are trusted; may be repeated
  --registry-config  credentials as docker and podman keep them (config.json, auth.json)
  --artifactory      JSON file: {"url", "token", "projects", "pathHosts", "domains", "ports"}
  --platform         which image of an index; this machine's by default
  --plain-http       ask the registry without TLS
  pid:N              a process of this host: through the hub that its sensor reports to
  --hub              ask a hub for what it has stored, instead of the registry
  --token-file       the hub's token; or VEDETTE_TOKEN in the environment
  --path             with --hub: a file of the process's container, instead of its program
  --json             everything that was found out, for programs
  Each line says who says so, how far it can be trusted (verified, recorded, claimed, inferred) and
  how old it is. ✓ known  – none  ? unknown, with the reason  ≠ sources contradict  ✗ wrong
  Exit code 0: all that was asked for was answered and nothing is wrong; 1: something is wrong,
  contradicts, or was asked for and not answered; 2: there is nothing to show.`,
  examples: [
    'vedette trace registry.example/team/web:1.4',
    'vedette trace registry.example/team/web:1.4@sha256:… --key cosign.pub --trust registry.example/team',
    'vedette trace nginx:1.27 --platform linux/arm64 --registry-config ~/.docker/config.json --json',
    'vedette trace acme.example/docker/web:1 --artifactory artifactory.json',
    'vedette trace pid:4711 --hub https://vedette.example.com --token-file token',
  ],
  async run(args) {
    try {
      return await trace(args);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      complain(error.message);
      return 2;
    }
  },
};
