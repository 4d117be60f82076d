/** A reporter for Node's test runner: after a run, the files that took longest, so that whoever made one slow sees it. */
import { relative } from 'node:path';
import { root } from './machine.mjs';

const shownMax = 10;
const secondsMin = 3;

export default async function* slowFiles(events) {
  const files = [];
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined) files.push({ file: relative(root, data.file), seconds: data.duration_ms / 1000 });
  }
  const slow = files.filter((one) => one.seconds >= secondsMin).sort((a, b) => b.seconds - a.seconds);
  if (slow.length > 0) yield `the slowest files: ${slow.slice(0, shownMax).map((one) => `${one.file} ${one.seconds.toFixed(0)} s`).join(', ')}\n`;
}
