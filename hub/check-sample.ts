/** A pipeline's report and an exception for tests. */
import type { CheckReport } from '@vedette/model/api/checks';

export const sampleDigest = (letter: string): string => `sha256:${letter.repeat(64)}`;

export function sampleCheck(over: { digest?: string; run?: string; commit?: string; image?: Partial<CheckReport['image']>; packages?: CheckReport['packages']['items'] } = {}): CheckReport {
  const digest = over.digest ?? sampleDigest('d');
  const items = over.packages ?? [{ ecosystem: 'npm', name: 'lodash', version: '4.17.15', sourceName: '', sourceVersion: '', path: '/srv/node_modules/lodash' }];
  return {
    at: '2026-11-20T10:00:00.000Z',
    version: '0.1.0',
    stage: 'build',
    verdict: 'fail',
    unknownCountsAs: 'fail',
    image: {
      digest,
      indexDigest: sampleDigest('e'),
      reference: 'registry.example.com/shop/cart:1.4',
      platform: 'linux/amd64',
      distribution: null,
      facts: {
        'image.reference': { value: 'registry.example.com/shop/cart:1.4' }, 'image.registry': { value: 'registry.example.com' }, 'image.repository': { value: 'shop/cart' }, 'image.tag': { value: '1.4' },
        'image.pinned': { value: false }, 'image.user': { absent: true }, 'image.runsAsRoot': { value: true }, 'image.distribution.id': { unknown: 'it was not looked for' },
        'image.labels': { value: { 'org.opencontainers.image.revision': 'abc' } }, 'image.environment': { value: ['PATH'] },
      },
      signatures: { items: [], incomplete: 'signatures were not looked for' },
      problems: [],
      ...over.image,
    },
    packages: { revision: sampleDigest('f'), items: [...items], incomplete: null },
    layers: [{ digest: sampleDigest('1'), diffId: sampleDigest('2'), sizeBytes: 1000, packages: items.map((_, at) => at) }],
    findings: [
      {
        policy: 'no-root-user', rule: 'root', severity: 'high', mode: 'enforce', action: 'fail', answer: 'broken', effect: 'stop', effectIfEnforced: 'stop',
        summary: 'registry.example.com/shop/cart:1.4 fails the build by the policy no-root-user.', message: null, fact: 'The image runs as root (image.runsAsRoot).', evidence: [], fix: 'set a user', exceptions: [], exceptionsNotCounted: [],
      },
    ],
    policies: [{ name: 'no-root-user', source: 'hub' }],
    advisories: { revision: 'sha256:store', ageDays: 1 },
    run: { system: 'github-actions', repository: 'https://git.example.com/shop/cart', commit: over.commit ?? 'abc123', run: over.run ?? '1/1/build', runUrl: 'https://git.example.com/shop/cart/actions/runs/1', principal: 'ada' },
  };
}

export function sampleException(name: string, expiresAt = '2099-01-01', more = ''): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata: { name: ${name} }
spec:
  scope: { policies: [no-root-user] }
  reason: The base image needs root; a new one comes in spring.
  owner: team shop
  expiresAt: ${expiresAt}
${more}`;
}
