/**
 * A process of its own for the bench: admission as the cluster part has it, or a webhook that only says yes, on a free port.
 * Says on its output where it listens and whom to believe, and ends with its input.
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { Admission } from '@vedette/cluster/admit/admission';
import { answerOf, critical, imageFacts } from '@vedette/cluster/admit/testing/reviews';
import { openKubernetes } from '@vedette/cluster/kubernetes/client';
import { TestApiServer } from '@vedette/cluster/kubernetes/testing/api-server';
import { createAuthority } from '@vedette/link/transport/authority';
import { PolicySetSchema } from '@vedette/model/wire/generated/link_pb';
import { known } from '@vedette/policy/vocabulary';

const policiesDirectory = join(import.meta.dirname, '..', '..', 'content', 'policies', 'image');
const packagesOfImage = 300;
const vulnerabilitiesOfImage = 40;

function say(port: number, path: string, authorityPem: string): void {
  process.stdout.write(`${JSON.stringify({ port, path, authorityPem })}\n`);
}

/** Answers without reading more than the uid. */
async function empty(): Promise<void> {
  const { authority } = await createAuthority(Date.now());
  const { chainPem, privateKeyPem } = await authority.signServer(['127.0.0.1'], Date.now());
  const server = createServer({ cert: chainPem, key: privateKeyPem, keepAliveTimeout: 120_000 } as never, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      const uid = /"uid":"([^"]*)"/.exec(Buffer.concat(pieces).toString('utf8'))?.[1] ?? '';
      const text = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  say((server.address() as AddressInfo).port, '/', authority.certificatePem);
}

async function whole(count: number): Promise<void> {
  const api = new TestApiServer();
  const kubernetes = openKubernetes(await api.start());
  const packages = Array.from({ length: packagesOfImage }, (_, index) => ({ ecosystem: 'npm', name: `package-${index}`, version: '1.2.3', path: '/srv/app' }));
  const vulnerabilities = packages.slice(0, vulnerabilitiesOfImage).map((one, index) => ({ ...critical, id: `CVE-2026-${1000 + index}`, severity: known(index % 4 === 0 ? ('high' as const) : ('medium' as const)), package: one }));
  const facts = (reference: string) => imageFacts(reference, { packages: { items: packages, incomplete: null }, vulnerabilities: { items: vulnerabilities, incomplete: null }, advisoriesAgeDays: known(1), environment: known([]) });
  const admission = new Admission({
    place: { name: 'vedette-cluster', form: 'url', urlHost: '127.0.0.1', port: 0, namespace: 'vedette', failurePolicy: 'Ignore', timeoutSeconds: 5, excludedNamespaces: [] },
    listenHost: '127.0.0.1', stateDirectory: mkdtempSync(join(tmpdir(), 'vedette-bench-admission-')), kubernetes,
    ask: async (references) => ({ kind: 'answered', images: references.map((one) => answerOf(facts(one))) }),
    pod: () => undefined, push: async () => false, report: () => undefined, log: () => undefined,
  });
  // only those that speak at deployment count
  const texts = readdirSync(policiesDirectory).filter((name) => name.endsWith('.yaml')).map((name) => readFileSync(join(policiesDirectory, name), 'utf8')).filter((text) => text.includes('deploy:')).slice(0, count);
  admission.setPolicies(create(PolicySetSchema, { policies: texts.map((yaml, index) => ({ name: `p${index}`, yaml, mode: 'shadow' })) }));
  await admission.round();
  if (admission.rulebook.rules.policies.length !== count) throw new Error(`${admission.rulebook.rules.policies.length} policies are in force, not ${count}: ${admission.rulebook.problems.join('; ')}`);
  setInterval(() => void admission.round(), 5000).unref();
  say(admission.port, admission.workloadsPath, admission.bundle);
}

process.stdin.resume().on('end', () => process.exit(0));
await (process.argv[2] === 'empty' ? empty() : whole(Number(process.argv[2])));
