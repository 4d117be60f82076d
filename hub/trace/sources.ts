/**
 * The integrations as stored → whom to ask about one image: its registry when it is configured (else a registry that answers "not configured"), the
 * keys for it, the list of what is trusted, the Artifactory that its reference means, Xray. A setting that cannot be used is a sentence, never a guess.
 */
import { ArtifactorySettings, CosignKeySettings, RegistrySettings, XraySettings } from '@vedette/model/api/origin';
import { unknown } from '@vedette/model/origin';
import { isInner, isLoopback, type Asking, type Fetch } from '@vedette/origin/ask/ask';
import { parsePublicKey, type SignerKey } from '@vedette/origin/cosign/key';
import { meantBy, type PullNames } from '@vedette/origin/jfrog/manifest';
import { openPlatform, type Platform } from '@vedette/origin/jfrog/platform';
import type { Credentials } from '@vedette/origin/oci/credentials';
import { apiHostOf, type ImageReference } from '@vedette/origin/oci/reference';
import { openRegistry, type Registry } from '@vedette/origin/oci/registry';
import { isTrusted } from '@vedette/origin/integrity';
import type { TraceSources } from '@vedette/origin/trace-image';
import type { IntegrationRow } from '../store/integrations.ts';
import { guardedFetch, type Lookup } from './guard.ts';
import type { Seal } from './seal.ts';

export interface World {
  readonly fetch: Fetch;
  readonly lookup: Lookup;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** For one attempt. */
  readonly timeoutMs: number;
  /** All waiting that a busy server may ask for in one question. */
  readonly waitMsMax: number;
}

interface OpenRegistry {
  readonly settings: RegistrySettings;
  readonly registry: Registry;
}
interface OpenArtifactory {
  readonly platform: Platform;
  readonly names: PullNames;
}

export interface Sources {
  readonly registries: ReadonlyMap<string, OpenRegistry>;
  readonly artifactories: ReadonlyMap<string, OpenArtifactory>;
  readonly xrays: ReadonlyMap<string, Platform>;
  readonly keys: readonly { readonly key: SignerKey; readonly images: readonly string[] }[];
  /** null: no registry says what is trusted. */
  readonly trusted: readonly string[] | null;
  /** By integration, what of it cannot be used. */
  readonly problems: ReadonlyMap<string, string>;
}

export function credentialsOf(user: string | null, secret: string | null): Credentials | null {
  if (secret === null) return null;
  if (user === null) return { kind: 'bearer', token: secret };
  return user === '<token>' ? { kind: 'identity', token: secret } : { kind: 'basic', user, password: secret };
}

/** Hosts and ports as the addresses of questions carry them. */
function addressOf(row: IntegrationRow): string | null {
  if (row.kind === 'registry') {
    const { host, plainHttp } = RegistrySettings.parse(row.settings);
    const api = URL.parse(`https://${apiHostOf(host)}/`);
    return api === null ? null : (URL.parse(`${plainHttp || isLoopback(api.hostname) ? 'http' : 'https'}://${apiHostOf(host)}/`)?.host ?? null);
  }
  const url = row.settings['url'];
  return typeof url === 'string' ? (URL.parse(url)?.host ?? null) : null;
}

export function readSources(rows: readonly IntegrationRow[], seal: Seal, world: World): Sources {
  const configured = new Set(rows.map(addressOf).filter((one) => one !== null));
  const asking: Asking = { fetch: guardedFetch(world.fetch, world.lookup, configured), clock: world.clock, sleep: world.sleep, timeoutMs: world.timeoutMs, waitMsMax: world.waitMsMax };
  const registries = new Map<string, OpenRegistry>();
  const artifactories = new Map<string, OpenArtifactory>();
  const xrays = new Map<string, Platform>();
  const keys: { key: SignerKey; images: readonly string[] }[] = [];
  const problems = new Map<string, string>();
  for (const row of rows) {
    const secret = row.secret === null ? null : seal.open(row.name, row.secret);
    if (row.secret !== null && secret === null) {
      problems.set(row.name, 'its secret cannot be opened with the key of this hub: give it again');
      continue;
    }
    switch (row.kind) {
      case 'registry': {
        const settings = RegistrySettings.parse(row.settings);
        const { host, user, plainHttp } = settings;
        if (registries.has(host)) problems.set(row.name, `another integration is for ${host} too: that one is asked`);
        else registries.set(host, { settings, registry: openRegistry({ registry: host, credentials: credentialsOf(user, secret), asking, plainHttp }) });
        break;
      }
      case 'cosign-key': {
        const { pem, images } = CosignKeySettings.parse(row.settings);
        const key = parsePublicKey(pem, row.name);
        if ('problem' in key) problems.set(row.name, key.problem);
        else keys.push({ key, images });
        break;
      }
      case 'artifactory': {
        const { url, projects, pathHosts, domains, ports } = ArtifactorySettings.parse(row.settings);
        const base = platformAddress(url);
        artifactories.set(row.name, { platform: openPlatform({ url: base, token: secret, projects, asking }), names: { pathHosts: pathHosts ?? [base.host], domains, ports } });
        break;
      }
      case 'xray':
        xrays.set(row.name, openPlatform({ url: platformAddress(XraySettings.parse(row.settings).url), token: secret, projects: [], asking }));
        break;
      case 'webhook':
      case 'slack':
      case 'smtp':
        // Receivers of responses: nobody is asked about images there.
        break;
      default:
        problems.set(row.name, `${row.kind} is not a kind of integration that this hub knows`);
    }
  }
  return { registries, artifactories, xrays, keys, trusted: trustedIn(rows), problems };
}

/** Registries and folders that the integrations call trusted; null: none says. No secret is needed to know it. */
export function trustedIn(rows: readonly IntegrationRow[]): readonly string[] | null {
  const lists = rows.flatMap((row) => {
    if (row.kind !== 'registry') return [];
    const { host, trusted } = RegistrySettings.parse(row.settings);
    return trusted === null ? [] : [trusted.map((one) => (one === '*' ? host : `${host}/${one}`))];
  });
  return lists.length === 0 ? null : lists.flat();
}

/** People copy it with the path that the product answers under. */
function platformAddress(text: string): URL {
  const url = new URL(text);
  url.pathname = url.pathname.replace(/\/(artifactory|xray)\/?$/, '/');
  return url;
}

/** What answers for a host that nobody has configured: nothing is sent to it. */
function closedRegistry(host: string): Registry {
  const name = isInner(URL.parse(`https://${apiHostOf(host)}/`)?.hostname ?? '') ? `${host} is an address inside of this machine or its link` : host;
  const answer = unknown('not-configured', `the registry ${name} is not among the integrations, so it was not asked`);
  const never = async (): Promise<typeof answer> => answer;
  return { name: host, ping: never, manifest: never, blob: never, pieces: never, config: never, referrers: never };
}

export function sourcesFor(sources: Sources, reference: ImageReference): Omit<TraceSources, 'clock' | 'records'> {
  const keys = sources.keys.filter((one) => one.images.length === 0 || isTrusted(reference, one.images)).map((one) => one.key);
  const all = [...sources.artifactories.values()];
  const artifactory = all.find((one) => meantBy(reference, one.names) !== null) ?? all[0] ?? null;
  const [xray = null] = sources.xrays.values();
  return {
    registry: sources.registries.get(reference.registry)?.registry ?? closedRegistry(reference.registry),
    keys,
    trusted: sources.trusted,
    jfrog: artifactory === null ? null : { ...artifactory, xray },
  };
}
