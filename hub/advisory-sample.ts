/** A store of advisories for tests, made by the code that the sync uses. */
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { readOsv } from '@vedette/advisories/osv';
import { StoreWriter } from '@vedette/advisories/store';

export interface SampleAdvisory {
  readonly id: string;
  readonly ecosystem: string;
  readonly name: string;
  readonly fixed: string;
  readonly cvss?: string;
}

/** Writes a store with these records and puts it into place as the sync does: by renaming. */
export function putAdvisories(file: string, records: readonly SampleAdvisory[]): void {
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  const writer = new StoreWriter(fresh);
  for (const ecosystem of new Set(records.map((one) => one.ecosystem.split(':')[0]!))) {
    const feed = writer.openFeed(ecosystem);
    const own = records.filter((one) => one.ecosystem.split(':')[0] === ecosystem);
    for (const one of own) {
      const osv = readOsv(
        JSON.stringify({
          id: one.id,
          modified: '2026-01-01T00:00:00Z',
          published: '2025-12-01T00:00:00.123456Z',
          summary: `About ${one.id}`,
          references: [{ type: 'WEB', url: 'https://example.org/a' }],
          severity: one.cvss === undefined ? [] : [{ type: 'CVSS_V3', score: one.cvss }],
          affected: [{ package: { ecosystem: one.ecosystem, name: one.name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: one.fixed }] }] }],
        }),
      );
      assert.ok(!('rejected' in osv), JSON.stringify(osv));
      writer.add(feed, osv, () => true);
    }
    writer.closeFeed(feed, { advisories: own.length, withdrawn: 0, rejected: 0, rejections: {}, newest: '2026-01-01T00:00:00Z', syncedAt: new Date().toISOString(), origin: 'test', etag: null, content: JSON.stringify(own) });
  }
  writer.finish();
  renameSync(fresh, file);
}
