/** `vedette check`: an image against policies, before it is pushed or deployed. The gate in a pipeline: 0 passes, 1 fails, 2 could not be checked. */
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gather, type Advisories } from '@vedette/image/gather';
import { parsePlatform } from '@vedette/inventory/oci/manifest';
import type { Exception } from '@vedette/model/exception';
import type { CheckedPolicy } from '@vedette/policy/check';
import { nameFacts, type ImageFacts } from '@vedette/policy/image-facts';
import { formatReference } from '@vedette/origin/oci/reference';
import { judgeImage, type ImagePolicyInForce, type RuleVerdict } from '@vedette/policy/stage';
import { CannotCheck, openAdvisories, readExceptions, readPolicies } from '../check/files.ts';
import type { Hub, HubSet } from '../check/hub.ts';
import { readImage, type ImageOptions, type ImageToCheck } from '../check/image.ts';
import { pipelineRun } from '../check/pipeline.ts';
import { jsonOf, reportOf, type FeedAge, type Report } from '../check/report.ts';
import { tableOf } from '../check/table.ts';
import { parseTarget } from '../check/target.ts';
import { version } from '../version.ts';
import { checkOptions, details, examples, usage, type CheckValues } from '../check/usage.ts';
import { complain, UsageError, type CliCommand } from './command.ts';

const formats = ['table', 'json', 'sarif', 'junit'] as const;
type Format = (typeof formats)[number];

/** What the check goes by. Exceptions from files count for policies from files alone: a pipeline cannot except itself from the hub's. */
interface GoesBy {
  readonly files: readonly ImagePolicyInForce[];
  readonly fileExceptions: readonly Exception[];
  readonly hub: HubSet;
}

interface Options extends ImageOptions {
  readonly advisories: string | null;
  readonly reference: string | null;
  readonly trusted: readonly string[] | null;
  readonly unknown: 'fail' | 'warn';
}

export const check: CliCommand = {
  name: 'check',
  summary: 'Check an image against policies before it is pushed or deployed',
  usage,
  details,
  examples,
  async run(args) {
    const { values, positionals } = parseArgs({ args: [...args], options: checkOptions, allowPositionals: true, strict: true });
    const format = oneOf(formats, values.format, '--format');
    const reports = (values.report ?? []).map(reportAsked);
    const [targetText, ...more] = positionals;
    if (targetText === undefined) throw new UsageError('say what to check: oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG] or registry/repository:tag');
    if (more.length > 0) throw new UsageError(`one target at a time, not ${positionals.length}`);
    if (values.policy === undefined && values.hub === undefined) throw new UsageError('say by which policies: --policy FILE, or --hub URL');
    if (values['hub-required'] && values.hub === undefined) throw new UsageError('--hub-required says nothing without --hub URL');
    try {
      const options = optionsOf(targetText, values);
      const hub = values.hub === undefined ? null : (await import('../check/hub.ts')).hubOf(values.hub, values['token-file'], process.env);
      const goesBy = await policiesFor(hub, values);
      const { report, image } = await run(options, goesBy);
      for (const one of reports) writeFile(one.path, await textOf(one.format, report));
      write(report, await textOf(format, report), format, values.output ?? null);
      const isKept = hub === null || (await keepIn(hub, report, image, values, goesBy));
      return !isKept && values['hub-required'] ? 2 : report.passes ? 0 : 1;
    } catch (error) {
      // Files that cannot be used are said by the one who reads them.
      if (!(error instanceof CannotCheck) && !(error instanceof Error && error.constructor.name === 'Unusable')) throw error;
      complain(`vedette check: ${error.message}`);
      return 2;
    }
  },
};

function oneOf<T extends string>(allowed: readonly T[], given: string, name: string): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`${name} must be ${allowed.join(', ')}, not ${given}`);
  return found;
}

/** `sarif=FILE` */
function reportAsked(text: string): { readonly format: Format; readonly path: string } {
  const [word = '', ...path] = text.split('=');
  if (path.join('=') === '') throw new UsageError(`--report must be like sarif=FILE, not ${text}`);
  return { format: oneOf(formats, word, '--report'), path: path.join('=') };
}

function optionsOf(targetText: string, values: CheckValues): Options {
  if (values.reference !== undefined && nameFacts(values.reference) === null) throw new UsageError(`--reference must be the name of an image, not ${values.reference}`);
  const platform = values.platform === undefined ? null : parsePlatform(values.platform);
  if (values.platform !== undefined && platform === null) throw new UsageError(`--platform must be like linux/amd64, not ${values.platform}`);
  const unknown = oneOf(['fail', 'warn'] as const, values.unknown, '--unknown');
  const parsed = parseTarget(targetText, existsSync);
  if (!parsed.ok) throw new CannotCheck(parsed.reason);
  const { target } = parsed;
  return {
    target,
    targetText,
    platform,
    cache: !values['no-cache'],
    keys: values.key ?? [],
    registryConfig: values['registry-config'],
    plainHttp: values['plain-http'],
    advisories: values.advisories ?? null,
    reference: values.reference ?? (target.kind === 'registry' ? formatReference(target.reference) : null),
    trusted: values.trust ?? null,
    unknown,
  };
}

async function policiesFor(hub: Hub | null, values: CheckValues): Promise<GoesBy> {
  const inMode = (policy: CheckedPolicy, mode: ImagePolicyInForce['mode']): ImagePolicyInForce => ({ policy, mode: values.enforce && mode === 'shadow' ? 'enforce' : mode });
  const files = readPolicies(values.policy ?? []).map((policy) => inMode(policy, policy.policy.spec.mode));
  const fileExceptions = readExceptions(values.exceptions ?? []);
  if (hub === null) return { files, fileExceptions, hub: { policies: [], exceptions: [] } };
  const { askForSet } = await import('../check/hub.ts');
  const answer = await askForSet(hub);
  if (answer.ok) return { files, fileExceptions, hub: { ...answer.value, policies: answer.value.policies.map((one) => inMode(one.policy, one.mode)) } };
  if (files.length === 0) throw new CannotCheck(`the policies of the hub cannot be had, and no --policy was given: ${answer.reason}`);
  if (values['hub-required']) throw new CannotCheck(`the hub is required: ${answer.reason}`);
  complain(`  ! the hub's policies and exceptions are not asked: ${answer.reason}`);
  return { files, fileExceptions, hub: { policies: [], exceptions: [] } };
}

async function run(options: Options, goesBy: GoesBy): Promise<{ report: Report; image: ImageToCheck }> {
  const startMs = performance.now();
  const nowMs = Date.now();
  const ofHub = new Set(goesBy.hub.policies.map(({ policy }) => policy.policy.metadata.name));
  const files = goesBy.files.filter(({ policy }) => !ofHub.has(policy.policy.metadata.name));
  const all = [...goesBy.hub.policies, ...files];
  if (!all.some(({ policy }) => policy.imageRules.some(({ rule }) => rule.actions.build !== undefined))) {
    throw new CannotCheck('none of these policies has a rule with an action for build, so nothing would be checked');
  }
  const image = await readImage(options);
  const { content, names, indexDigest } = image.image;
  const advisories = openAdvisories(options.advisories);
  const { facts } = gather(content, { reference: options.reference, names, indexDigest, advisories, signatures: image.signatures, trusted: options.trusted, nowMs });
  const judge = (policies: readonly ImagePolicyInForce[], exceptions: readonly Exception[]): readonly RuleVerdict[] => judgeImage(facts, { stage: 'build', policies, exceptions, nowMs, unknown: options.unknown });
  const overruled = goesBy.files.filter((one) => !files.includes(one)).map(({ policy }) => ({ policy: policy.policy.metadata.name, why: 'the hub’s policy of this name is asked instead' }));
  const report = reportOf({
    version,
    atMs: nowMs,
    tookMs: performance.now() - startMs,
    image: { target: options.targetText, facts, packages: content.packages.length, distribution: content.distribution?.name ?? null, problems: content.problems },
    advisories: advisories.store === null ? null : { revision: advisories.store.revision, feeds: feedAges(advisories, nowMs) },
    unknown: options.unknown,
    verdicts: [...judge(goesBy.hub.policies, goesBy.hub.exceptions), ...judge(files, [...goesBy.hub.exceptions, ...goesBy.fileExceptions])],
    silent: [...silentPolicies(all, facts), ...overruled],
  });
  advisories.store?.close();
  return { report, image };
}

/** False: the hub does not have it. */
async function keepIn(hub: Hub, report: Report, { image }: ImageToCheck, values: CheckValues, goesBy: GoesBy): Promise<boolean> {
  const [{ keep }, { hubReport }] = await Promise.all([import('../check/hub.ts'), import('../check/hub-report.ts')]);
  const run = pipelineRun(process.env, { repository: values.repository, commit: values.commit, runUrl: values['run-url'], principal: values.principal });
  const fromHub = new Set(goesBy.hub.policies.map(({ policy }) => policy.policy.metadata.name));
  const kept = await keep(hub, hubReport(report, image.content, { run, fromHub }));
  if (!kept.ok) complain(`  ! the hub has not kept this check: ${kept.reason}`);
  return kept.ok;
}

function feedAges({ store }: Advisories, nowMs: number): FeedAge[] {
  return (store?.feeds() ?? []).map(({ ecosystem, syncedAt }) => ({ ecosystem, ageDays: Math.max(0, Math.floor((nowMs - Date.parse(syncedAt)) / 86_400_000)) }));
}

function silentPolicies(policies: readonly ImagePolicyInForce[], facts: ImageFacts): { policy: string; why: string }[] {
  return policies.flatMap(({ policy, mode }) => {
    const { name } = policy.policy.metadata;
    if (!policy.imageRules.some(({ rule }) => rule.actions.build !== undefined)) return [{ policy: name, why: 'it says nothing about build' }];
    if (mode === 'off') return [{ policy: name, why: 'it is off' }];
    return policy.imageScope(facts) === 'out' ? [{ policy: name, why: 'the image is out of its scope' }] : [];
  });
}

/** Each writer is loaded only where it is asked for. */
async function textOf(format: Format, report: Report): Promise<string> {
  switch (format) {
    case 'table':
      return tableOf(report, false);
    case 'json':
      return jsonOf(report);
    case 'sarif':
      return (await import('../check/sarif.ts')).sarifOf(report);
    case 'junit':
      return (await import('../check/junit.ts')).junitOf(report);
    default:
      return format satisfies never;
  }
}

function write(report: Report, text: string, format: Format, output: string | null): void {
  const table = () => tableOf(report, process.stdout.isTTY);
  if (output === null) {
    process.stdout.write(format === 'table' ? table() : text);
    return;
  }
  writeFile(output, text);
  process.stdout.write(table());
}

function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotCheck(`${path} cannot be written (${String(error.code)})`);
  }
}
