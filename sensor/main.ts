/**
 * The sensor process. Started by the loader with the records at one descriptor and the commands at another, and gets ready while the
 * kernel takes the loader's programs; without a loader (`blindReason`) it lists processes and says what it cannot see.
 * `main.ts replay FILE` runs a recording instead.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { alertJson, alertLine, type Alert } from '@vedette/rules/alert';
import { BlindWatch } from './blind.ts';
import { readSensorConfig, type SensorConfig } from './config.ts';
import { LoaderConnection } from './enforce/loader.ts';
import { log } from './log.ts';
import { RecordReader } from './record-reader.ts';
import { readRuleFiles, replay } from './replay.ts';
import { Session } from './session.ts';

const deliverPatienceMs = 2000;
/** A loader that was told to stop closes the pipe first and then signals. */
const signalPatienceMs = 200;
/** What the loader had sent before it was told to stop is still taken; it closes the pipe behind it. */
const lastRecordsMsMax = 4000;

/** All rule files below a directory, in a fixed order; tests of rules lie beside them. */
function rulePaths(directory: string | undefined): string[] {
  if (directory === undefined) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name.endsWith('.yaml') && !one.name.endsWith('.test.yaml'))
    .map((one) => join(one.parentPath, one.name))
    .sort();
}

async function runSensor(config: SensorConfig): Promise<void> {
  const recordsFd = Number(process.env['VEDETTE_RECORDS_FD'] ?? -1);
  const commandsFd = Number(process.env['VEDETTE_COMMANDS_FD'] ?? -1);
  const rules = await readRuleFiles(rulePaths(config.rulesDirectory));
  const ended = Promise.withResolvers<string | null>();
  const hasLoader = recordsFd >= 0 && commandsFd >= 0;
  const loader = hasLoader ? new LoaderConnection(commandsFd, () => undefined) : null;
  let reader: RecordReader | null = null;
  const blind = new BlindWatch((event) => session.take(event));
  const onBlocked = (isBlocked: boolean) => reader?.hold(isBlocked);
  const session: Session = new Session({ config, log, loader, rules, onBlocked, ...(hasLoader ? { onUnseeing: () => blind.list() } : {}) });
  session.prepare();
  const asked = Promise.withResolvers<true>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve(true));
  void asked.promise.then(async () => {
    if (hasLoader) await sleep(lastRecordsMsMax);
    ended.resolve(null);
  });
  if (hasLoader) {
    reader = new RecordReader(recordsFd, session.stream, { beforeFirst: () => session.attached(), onBytes: () => session.onBytes(), onEnd: (reason) => ended.resolve(reason) });
    reader.start();
  } else {
    await session.attached();
    blind.start(config.blindReason ?? 'the sensor was started without its loader');
  }
  const reason = await ended.promise;
  reader?.stop();
  blind.stop();
  if (reason !== null) {
    const wasAsked = await Promise.race([asked.promise, sleep(signalPatienceMs, false)]);
    log(wasAsked ? 'info' : 'warn', reason);
  }
  await session.finish(reason, deliverPatienceMs);
  // a read on the pipe may still be waiting on the thread pool: it must not keep the process
  process.exit(0);
}

type ReplayAs = 'records' | 'text' | 'json';

/** Findings as they would be delivered, then the summary; or, as `text` or `json`, alerts as Falco prints them, and the summary aside. */
async function runReplay(file: string, ruleFiles: readonly string[], as: ReplayAs, indexed: boolean): Promise<void> {
  const rules = await readRuleFiles(ruleFiles);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const heard = as === 'records' ? { onRecord: (json: unknown) => say(JSON.stringify(json)) } : { onRecord: () => undefined, onAlert: (alert: Alert) => say(as === 'json' ? alertJson(alert) : alertLine(alert)) };
  const summary = await replay(file, { rules, policies: [], indexed, ...heard });
  (as === 'records' ? process.stdout : process.stderr).write(`${JSON.stringify({ summary })}\n`);
}

function replayAs(given: string): ReplayAs {
  if (given === 'records' || given === 'text' || given === 'json') return given;
  throw new Error(`a recording is replayed as records, text or json, not as ${given}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { config: { type: 'string' }, rules: { type: 'string', multiple: true }, as: { type: 'string', default: 'records' }, 'without-index': { type: 'boolean', default: false } }, allowPositionals: true });
  if (positionals[0] === 'replay' && positionals[1] !== undefined) return await runReplay(positionals[1], (values.rules ?? []).flatMap((one) => (one.endsWith('.yaml') ? [one] : rulePaths(one))), replayAs(values.as), !values['without-index']);
  await runSensor(readSensorConfig(values.config ?? '{}'));
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    log('error', 'the sensor cannot go on', { error: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  });
}
