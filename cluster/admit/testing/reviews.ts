/** AdmissionReviews as the API server sends them, and facts as the hub answers, for tests. */
import { unknownImage, nameFacts, type ImageFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { writeImageFacts } from '@vedette/policy/image-facts-text';
import { absent, known, unknown } from '@vedette/policy/vocabulary';

type Plain = Record<string, unknown>;

export function podSpec(image: string, more: Plain = {}): Plain {
  return { containers: [{ name: 'main', image }], ...more };
}

export interface ReviewWish {
  readonly uid?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly operation?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
  readonly dryRun?: boolean;
  readonly subResource?: string;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

export function reviewOf(wish: ReviewWish): Plain {
  const { uid = 'u-1', group = '', kind = 'Pod', operation = 'CREATE', namespace = 'shop', name = 'cart', user = 'alice', dryRun = false, subResource, object = null, oldObject = null } = wish;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid, kind: { group, version: 'v1', kind }, resource: { group, version: 'v1', resource: `${kind.toLowerCase()}s` }, operation, namespace, name, dryRun, object, oldObject, options: null,
      userInfo: { username: user, uid: '', groups: ['system:authenticated'] },
      ...(subResource === undefined ? {} : { subResource }),
    },
  };
}

export function podReview(image: string, wish: ReviewWish & { readonly spec?: Plain } = {}): Plain {
  return reviewOf({ object: { metadata: { name: wish.name ?? 'cart' }, spec: podSpec(image, wish.spec) }, ...wish });
}

export function templateReview(kind: string, image: string, wish: ReviewWish = {}): Plain {
  const template = { metadata: { labels: { app: 'cart' } }, spec: podSpec(image) };
  const group = kind === 'ReplicationController' ? '' : kind.endsWith('Job') ? 'batch' : 'apps';
  const spec = kind === 'CronJob' ? { schedule: '* * * * *', jobTemplate: { spec: { template } } } : { replicas: 1, template };
  return reviewOf({ group, kind, object: { metadata: { name: 'cart' }, spec }, ...wish });
}

export const critical: VulnerabilityFacts = {
  id: 'CVE-2026-0001', aliases: [], severity: known('critical'), cvss: known(9.8), fixedIn: known('4.17.21'), malicious: false,
  package: { ecosystem: 'npm', name: 'lodash', version: '4.17.15', path: '/srv/app' }, affected: known(true), loaded: unknown('it does not run'),
};

/** A clean image, but for what is said. */
export function imageFacts(reference: string, more: Partial<ImageFacts> = {}): ImageFacts {
  return {
    ...unknownImage('not said by the test'), ...nameFacts(reference), digest: known(`sha256:${'a'.repeat(64)}`), runsAsRoot: known(false), user: known('1000'), labels: known({}), endOfLife: absent,
    packages: { items: [critical.package], incomplete: null }, vulnerabilities: { items: [], incomplete: null }, signatures: { items: [], incomplete: null }, ...more,
  };
}

export function answerOf(facts: ImageFacts): { digest: string; factsJson: string; learnedAtMs: number; problem: string } {
  return { digest: facts.digest.is === 'known' ? facts.digest.value : '', factsJson: writeImageFacts(facts), learnedAtMs: 1, problem: '' };
}

export function policyYaml(name: string, rule: { readonly when: string; readonly action?: string; readonly fix?: string; readonly message?: string }): string {
  const { when, action = 'deny', fix, message } = rule;
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec:
  description: test
  severity: high
  mode: enforce
${message === undefined ? '' : `  message: ${JSON.stringify(message)}\n`}  rules:
    - { name: rule, on: image, when: ${JSON.stringify(when)}, actions: { deploy: ${action} }${fix === undefined ? '' : `, fix: ${JSON.stringify(fix)}`} }
`;
}
