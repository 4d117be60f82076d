/** A capture and one condition → what the rule printed, for tests of single facts. */
import type { Alert } from '@vedette/rules/alert';
import { problemLine } from '@vedette/rules/problems';
import { loadReplay, type ReplayResult } from '../replay.ts';

export interface Replayed {
  readonly outputs: readonly string[];
  readonly alerts: readonly Alert[];
  readonly result: ReplayResult;
}

export function replayed(bytes: Buffer, condition: string, output = '%evt.type', pieceBytes = bytes.length): Replayed {
  return replayedRules(bytes, `- rule: one\n  desc: one\n  priority: NOTICE\n  condition: ${JSON.stringify(condition)}\n  output: ${JSON.stringify(output)}\n`, pieceBytes);
}

export function replayedRules(bytes: Buffer, rules: string, pieceBytes = bytes.length): Replayed {
  const alerts: Alert[] = [];
  const loaded = loadReplay([{ name: 'test', text: rules }]);
  const errors = loaded.problems.filter((one) => one.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(problemLine).join('\n'));
  const replay = loaded.start((alert) => alerts.push(alert));
  for (let at = 0; at < bytes.length; at += Math.max(1, pieceBytes)) if (!replay.push(Buffer.from(bytes.subarray(at, at + pieceBytes)))) break;
  return { alerts, outputs: alerts.map((one) => one.output.text), result: replay.finish() };
}
