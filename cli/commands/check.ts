/** `vedette check`: an image against policies, before it is pushed. The gate in a pipeline: 0 passes, 1 fails, 2 could not be checked. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '@vedette/advisories/store';
import { readOciImage, type OciImage } from '@vedette/inventory/oci/image';
import { openArchive, openDirectory } from '@vedette/inventory/oci/layout';
import { parsePlatform, type Platform } from '@vedette/inventory/oci/manifest';
import { isReadByScan } from '@vedette/inventory/scan';
import { passwdPath } from '@vedette/inventory/users';
import type { Exception } from '@vedette/model/exception';
import type { CheckedPolicy } from '@vedette/policy/check';
import { nameFacts } from '@vedette/policy/image-facts';
import { parseExceptions, parsePolicies, type PolicyProblem } from '@vedette/policy/parse';
import { judgeImage, type ImagePolicyInForce } from '@vedette/policy/stage';
import { gather, type Advisories, type Gathered } from '../check/facts.ts';
import { junitOf } from '../check/junit.ts';
import { jsonOf, reportOf, type FeedAge, type Report } from '../check/report.ts';
import { sarifOf } from '../check/sarif.ts';
import { tableOf } from '../check/table.ts';
import { parseTarget, type Target } from '../check/target.ts';
import { stateDirectory } from '../state-directory.ts';
import { version } from '../version.ts';
import { complain, UsageError, type CliCommand } from './command.ts';

const formats = ['table', 'json', 'sarif', 'junit'] as const;
type Format = (typeof formats)[number];

/** The check itself cannot run: a sentence, exit code 2. */
class CannotCheck extends Error {}

interface Options {
  readonly target: Target;
  readonly targetText: string;
  readonly policies: readonly ImagePolicyInForce[];
  readonly exceptions: readonly Exception[];
  readonly advisories: string | null;
  readonly reference: string | null;
  readonly platform: Platform | null;
  readonly unknown: 'fail' | 'warn';
}

export const check: CliCommand = {
  name: 'check',
  summary: 'Check an image against policies before it is pushed',
  usage: `vedette check TARGET --policy FILE|DIRECTORY … [--exceptions FILE …] [--advisories STORE]
       [--reference NAME] [--platform OS/ARCH] [--enforce] [--unknown fail|warn]
       [--format table|json|sarif|junit] [--output FILE]`,
  details: `  TARGET         oci:DIRECTORY[:TAG] or oci-archive:FILE[:TAG]
  --policy       policies; of a directory every .yaml file in it
  --exceptions   exceptions; one that is expired or not approved does not count, and is named
  --advisories   the store to match with; without it the one that vedette advisories sync made
                 here. Without any, what is vulnerable is unknown
  --reference    what the image is or will be called, where the layout does not say
  --platform     of a multi-platform image; without it this machine's
  --enforce      as if policies in shadow were enforced, to try them
  --unknown      a rule that cannot be answered counts as failed (fail, the default) or warns
  --format       table for people; json, sarif (2.1.0) or junit for machines
  --output       write the format there, and the table to the terminal
  Exit code: 0 passes, 1 a rule failed or an unknown counted as failed, 2 it could not be checked.`,
  examples: [
    'vedette check oci:build/image:latest --policy policies/',
    'vedette check oci-archive:image.tar --policy gate.yaml --exceptions accepted.yaml --unknown warn',
    'vedette check oci:image --policy gate.yaml --format sarif --output vedette.sarif',
    'vedette check oci:image --policy content/policies/image --enforce --reference registry.example.com/shop/cart:1.4',
  ],
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        policy: { type: 'string', multiple: true },
        exceptions: { type: 'string', multiple: true },
        advisories: { type: 'string' },
        reference: { type: 'string' },
        platform: { type: 'string' },
        enforce: { type: 'boolean', default: false },
        unknown: { type: 'string', default: 'fail' },
        format: { type: 'string', default: 'table' },
        output: { type: 'string' },
      },
      allowPositionals: true,
      strict: true,
    });
    const format = oneOf(formats, values.format, '--format');
    const unknown = oneOf(['fail', 'warn'] as const, values.unknown, '--unknown');
    const [targetText, ...more] = positionals;
    if (targetText === undefined) throw new UsageError('say what to check: oci:DIRECTORY[:TAG] or oci-archive:FILE[:TAG]');
    if (more.length > 0) throw new UsageError(`one target at a time, not ${positionals.length}`);
    if (values.policy === undefined) throw new UsageError('say by which policies: --policy FILE');
    if (values.reference !== undefined && nameFacts(values.reference) === null) throw new UsageError(`--reference must be the name of an image, not ${values.reference}`);
    const platform = values.platform === undefined ? null : parsePlatform(values.platform);
    if (values.platform !== undefined && platform === null) throw new UsageError(`--platform must be like linux/amd64, not ${values.platform}`);
    try {
      const parsed = parseTarget(targetText, existsSync);
      if (!parsed.ok) throw new CannotCheck(parsed.reason);
      const policies = readPolicies(values.policy).map((policy) => ({ policy, mode: modeOf(policy, values.enforce) }));
      const exceptions = readExceptions(values.exceptions ?? []);
      const report = await run({ target: parsed.target, targetText, policies, exceptions, advisories: values.advisories ?? null, reference: values.reference ?? null, platform, unknown });
      write(report, format, values.output ?? null);
      return report.passes ? 0 : 1;
    } catch (error) {
      if (!(error instanceof CannotCheck)) throw error;
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

function modeOf(policy: CheckedPolicy, enforce: boolean): ImagePolicyInForce['mode'] {
  const { mode } = policy.policy.spec;
  return enforce && mode === 'shadow' ? 'enforce' : mode;
}

async function run(options: Options): Promise<Report> {
  const startMs = performance.now();
  const nowMs = Date.now();
  if (!options.policies.some(({ policy }) => policy.imageRules.some(({ rule }) => rule.actions.build !== undefined))) {
    throw new CannotCheck('none of these policies has a rule with an action for build, so nothing would be checked');
  }
  const image = await readImage(options);
  const advisories = openAdvisories(options.advisories);
  const gathered = gather(image, { reference: options.reference, advisories, nowMs, clock: () => performance.now() });
  const report = reportOf({
    version,
    atMs: nowMs,
    tookMs: performance.now() - startMs,
    image: {
      target: options.targetText,
      facts: gathered.facts,
      packages: gathered.scanned.packages.length,
      distribution: gathered.scanned.distribution?.name ?? null,
      problems: [...image.problems, ...gathered.scanned.problems],
    },
    advisories: advisories.store === null ? null : { revision: advisories.store.revision, feeds: feedAges(advisories, nowMs) },
    unknown: options.unknown,
    verdicts: judgeImage(gathered.facts, { stage: 'build', policies: options.policies, exceptions: options.exceptions, nowMs, unknown: options.unknown }),
    silent: silentPolicies(options.policies, gathered),
  });
  advisories.store?.close();
  return report;
}

async function readImage({ target, targetText, platform }: Options): Promise<OciImage> {
  const opened = target.kind === 'oci' ? openDirectory(target.path) : openArchive(target.path);
  if (!opened.ok) throw new CannotCheck(opened.reason);
  try {
    const read = await readOciImage(opened.layout, {
      name: target.name,
      platform: platform ?? { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
      platformAsked: platform !== null,
      wants: (path) => path === passwdPath || isReadByScan(path),
      clock: () => performance.now(),
    });
    if (!read.ok) throw new CannotCheck(`${targetText} cannot be read: ${read.reason}`);
    return read.value;
  } finally {
    opened.layout.close();
  }
}

/** A store that somebody named must be there; the one of this machine may be missing, and then what it would say is unknown. */
function openAdvisories(given: string | null): Advisories {
  const named = given ?? join(stateDirectory().hub, 'advisories');
  // the directory that holds it is what a person finds first
  const path = statSync(named, { throwIfNoEntry: false })?.isDirectory() === true ? join(named, 'store.sqlite') : named;
  const store = openStore(path);
  if (!('problem' in store)) return { store, reason: '' };
  if (given !== null) throw new CannotCheck(`${path}: ${store.sentence}`);
  return { store: null, reason: store.problem === 'absent' ? 'no advisory store is here, and none was named with --advisories' : `${path}: ${store.sentence}` };
}

function feedAges({ store }: Advisories, nowMs: number): FeedAge[] {
  return (store?.feeds() ?? []).map(({ ecosystem, syncedAt }) => ({ ecosystem, ageDays: Math.max(0, Math.floor((nowMs - Date.parse(syncedAt)) / 86_400_000)) }));
}

function silentPolicies(policies: readonly ImagePolicyInForce[], { facts }: Gathered): { policy: string; why: string }[] {
  return policies.flatMap(({ policy, mode }) => {
    const { name } = policy.policy.metadata;
    if (!policy.imageRules.some(({ rule }) => rule.actions.build !== undefined)) return [{ policy: name, why: 'it says nothing about build' }];
    if (mode === 'off') return [{ policy: name, why: 'it is off' }];
    return policy.imageScope(facts) === 'out' ? [{ policy: name, why: 'the image is out of its scope' }] : [];
  });
}

function readPolicies(paths: readonly string[]): readonly CheckedPolicy[] {
  const read = paths.flatMap(filesOf).map((path) => ({ path, ...parsePolicies(path, textOf(path)) }));
  refuse(read.flatMap((one) => one.problems));
  const policies = read.flatMap((one) => one.policies);
  if (policies.length === 0) throw new CannotCheck(`there is no policy in ${paths.join(', ')}`);
  refuseTwice('policies', policies.map((one) => one.policy.metadata.name));
  return policies;
}

function readExceptions(paths: readonly string[]): readonly Exception[] {
  const read = paths.flatMap(filesOf).map((path) => parseExceptions(path, textOf(path)));
  refuse(read.flatMap((one) => one.problems));
  const exceptions = read.flatMap((one) => one.exceptions);
  refuseTwice('exceptions', exceptions.map((one) => one.metadata.name));
  return exceptions;
}

const problemsShown = 20;

function refuse(problems: readonly PolicyProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.slice(0, problemsShown).map((one) => `${one.file}:${one.line}:${one.column}: ${one.message}. ${one.advice}`);
  throw new CannotCheck([...lines, ...(problems.length > problemsShown ? [`and ${problems.length - problemsShown} more`] : [])].join('\n'));
}

function refuseTwice(what: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new CannotCheck(`two ${what} are called ${twice}`);
}

function filesOf(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new CannotCheck(`there is no file ${path}`);
  if (!found.isDirectory()) return [path];
  const files = readdirSync(path).filter((one) => /\.ya?ml$/.test(one)).sort();
  if (files.length === 0) throw new CannotCheck(`there is no .yaml file in ${path}`);
  return files.map((one) => join(path, one));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotCheck(`${path} cannot be read (${String(error.code)})`);
  }
}

function write(report: Report, format: Format, output: string | null): void {
  const text = { table: tableOf, json: jsonOf, sarif: sarifOf, junit: junitOf }[format];
  if (output === null) {
    process.stdout.write(format === 'table' ? tableOf(report, process.stdout.isTTY) : text(report, false));
    return;
  }
  try {
    writeFileSync(output, text(report, false));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CannotCheck(`${output} cannot be written (${String(error.code)})`);
  }
  process.stdout.write(tableOf(report, process.stdout.isTTY));
}
