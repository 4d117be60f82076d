/** This sensor reads what sensors of every tagged version wrote: their recordings and their spools. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { BatchPayloadSchema } from '@vedette/model/wire/generated/record_pb';
import { readRuleFiles, replay } from '@vedette/sensor/replay';
import { keptSpool, taggedVersions } from './tagged.ts';

test('something of a tagged version is kept', () => {
  assert.ok(taggedVersions.some((one) => one.tag === 'v0.1'));
});

interface Said {
  readonly detection?: { readonly fields?: readonly { readonly name: string }[] };
}

/** A later version may store more fields with a detection than its rule prints. */
function withoutNews(now: Said, then: Said | undefined): Said {
  const known = new Set(then?.detection?.fields?.map((one) => one.name));
  if (now.detection?.fields === undefined || known.size === 0) return now;
  return { ...now, detection: { ...now.detection, fields: now.detection.fields.filter((one) => known.has(one.name)) } };
}

for (const version of taggedVersions) {
  test(`a recording of ${version.tag} replays to what that version said of it`, async () => {
    const records: unknown[] = [];
    const rules = (await readRuleFiles([join(version.directory, 'rule.yaml')])).map((one) => ({ ...one, name: 'shell-in-container.yaml' }));
    const summary = await replay(join(version.directory, 'recording.vdr'), { rules, policies: [], onRecord: (json) => void records.push(json) });
    const said = JSON.parse(readFileSync(join(version.directory, 'replayed.json'), 'utf8')) as { records: readonly Said[] };
    const saysNow = JSON.parse(JSON.stringify({ summary, records })) as { summary: unknown; records: readonly Said[] };
    assert.deepEqual({ ...saysNow, records: saysNow.records.map((one, index) => withoutNews(one, said.records[index])) }, said);
  });

  test(`a spool of ${version.tag} goes on in its epoch, and this version knows all that is in its batches`, () => {
    const { epoch, problems, batches } = keptSpool(version);
    assert.deepEqual([epoch, problems], ['00000000c0de0000', []]);
    const kinds = new Set<string | undefined>();
    for (const { payload } of [...batches.detection, ...batches.telemetry]) {
      const read = fromBinary(BatchPayloadSchema, payload);
      assert.equal(read.$unknown, undefined);
      for (const record of read.records) {
        assert.equal(record.$unknown, undefined);
        kinds.add(record.kind.case);
      }
    }
    for (const one of ['processStarted', 'executionCount', 'containerSeen', 'detection']) assert.ok(kinds.has(one), `${one} of ${[...kinds].join(', ')}`);
  });
}
