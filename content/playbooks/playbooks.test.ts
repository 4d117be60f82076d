import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stepNatures } from '@vedette/model/playbook';
import { parsePlaybooks } from '@vedette/policy/playbook';
import type { ResponseFacts } from '@vedette/policy/playbook-facts';

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml')).sort();
const read = (name: string) => parsePlaybooks(name, readFileSync(join(import.meta.dirname, name), 'utf8'));

for (const name of files) {
  test(`${name}: off, under its own name, and nothing that runs is changed without approval`, () => {
    const { playbooks, problems } = read(name);
    deepEqual(problems, []);
    equal(playbooks.length, 1);
    const { metadata, spec } = playbooks[0]!.playbook;
    equal(`${metadata.name}.yaml`, name);
    equal(spec.mode, 'off');
    for (const step of spec.steps) if (!stepNatures[step.kind].tells && step.kind !== 'artifactory-property') ok(step.approval !== null, step.name);
  });
}

const incident: ResponseFacts = { 'incident.severity': 'critical', 'incident.kind': 'verdict', 'incident.outcome': 'killed', 'pod.name': 'web-1', 'container.id': 'c1' };
const violation: ResponseFacts = { 'violation.severity': 'critical', 'violation.verdict': 'violated', 'violation.mode': 'enforce' };

for (const { file, facts, expected } of [
  { file: 'contain-critical-incident.yaml', facts: incident, expected: true },
  { file: 'contain-critical-incident.yaml', facts: { ...incident, 'incident.severity': 'high' }, expected: false },
  { file: 'contain-critical-incident.yaml', facts: { ...incident, 'pod.name': null }, expected: false },
  { file: 'freeze-killed-attacker.yaml', facts: incident, expected: true },
  { file: 'freeze-killed-attacker.yaml', facts: { ...incident, 'incident.outcome': 'would-have-killed' }, expected: false },
  { file: 'freeze-killed-attacker.yaml', facts: { ...incident, 'container.id': null }, expected: false },
  { file: 'roll-back-bad-image.yaml', facts: violation, expected: true },
  { file: 'roll-back-bad-image.yaml', facts: { ...violation, 'violation.verdict': 'unknown' }, expected: false },
  { file: 'roll-back-bad-image.yaml', facts: { ...violation, 'violation.mode': 'shadow' }, expected: false },
  { file: 'stop-tampered-image.yaml', facts: { 'integrity.kind': 'signature-failed' }, expected: true },
  { file: 'stop-tampered-image.yaml', facts: { 'integrity.kind': 'unsigned' }, expected: false },
]) {
  test(`${file} ${expected ? 'answers' : 'does not answer'} ${JSON.stringify(facts)}`, () => {
    equal(read(file).playbooks[0]?.condition.evaluate(facts).value, expected);
  });
}
