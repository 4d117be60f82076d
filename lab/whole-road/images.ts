/**
 * The images that travel the road: the shop with a critical package, the shop with the package mended, and its twin that lacks the
 * package that later turns bad. What the advisories say of them before and after that day.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeImage, type ShopImage } from '../containers/image.ts';
import { advisoryDirectory } from '../first-light/scene.ts';

export const badTag = '1.0';
export const goodTag = '1.1';
export const turningPackage = { name: 'lodash', version: '4.17.21' } as const;
export const turningVulnerability = 'CVE-2026-90077';

/** Stays up, uses what it has, and calls whom CALL names (host:port) a few times a second, saying its own name. */
const main = (uses: readonly string[]): string => `
for (const name of ${JSON.stringify(uses)}) require(name);
require('node:http').createServer((request, response) => response.end('hello from the shop')).listen(8080, () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
const [host, port] = (process.env.CALL || '').split(':');
if (port !== undefined) setInterval(() => {
  const call = require('node:net').connect({ host, port: Number(port), timeout: 1000 }, () => call.end(require('node:os').hostname()));
  call.on('error', () => undefined).on('timeout', () => call.destroy());
}, 250);
`;

const source = 'https://git.example/shop/cart';

export interface RoadImages {
  readonly bad: ShopImage;
  readonly good: ShopImage;
  readonly twin: ShopImage;
}

export async function roadImages(): Promise<RoadImages> {
  const wish = (name: string, tag: string, dependencies: Readonly<Record<string, string>>, uses: readonly string[]) =>
    nodeImage({ name: `road-${name}`, reference: `registry.test/shop/${name}:${tag}`, tag, application: { name: `road-${name}`, dependencies, main: main(uses) }, labels: { 'org.opencontainers.image.source': source } });
  return {
    bad: await wish('cart', badTag, { lodash: turningPackage.version, minimist: '1.2.0' }, ['lodash', 'minimist']),
    good: await wish('cart', goodTag, { lodash: turningPackage.version, minimist: '1.2.8' }, ['lodash', 'minimist']),
    twin: await wish('twin', goodTag, { minimist: '1.2.8' }, ['minimist']),
  };
}

const record = {
  id: turningVulnerability, modified: '2026-11-20T00:00:00Z', published: '2026-11-20T00:00:00Z', schema_version: '1.7.0', summary: 'Made for this lab.',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [{ package: { ecosystem: 'npm', name: turningPackage.name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.99' }] }] }],
};

/** Two directories below `place`, of which the second has one record more. */
export function writeFeeds(place: string): { readonly before: string; readonly after: string } {
  const [before, after] = [join(place, 'before'), join(place, 'after')];
  rmSync(place, { recursive: true, force: true });
  cpSync(advisoryDirectory('own')!, before, { recursive: true });
  cpSync(before, after, { recursive: true });
  mkdirSync(join(after, 'npm'), { recursive: true });
  writeFileSync(join(after, 'npm', `${turningVulnerability}.json`), JSON.stringify(record));
  return { before, after };
}
