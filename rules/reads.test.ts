import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { readsByClass } from './reads.ts';
import { loadRules } from './ruleset.ts';

const rows: readonly (readonly [condition: string, reads: Readonly<Record<string, readonly string[]>>])[] = [
  ['evt.type = ptrace and evt.arg.request contains ATTACH', { ptrace: ['evt.arg.request'] }],
  ['evt.type = execve and evt.dir = < and proc.aname[2] = x', { exec: ['proc.aname[2]'] }],
  ['evt.type in (execve, connect) and (proc.env[HOME] = x or fd.sport = 22)', { exec: ['proc.env[HOME]'], connect: ['fd.sport'] }],
  ['evt.type = execve and concat(proc.name, proc.pname) = x and not user.uid exists', { exec: ['proc.name', 'proc.pname', 'user.uid'] }],
  ['evt.type = execve and join(",", (proc.name, proc.exe)) = x', { exec: ['proc.exe', 'proc.name'] }],
  ['evt.type = execve and getopt(proc.args, "p:")[p] = 1', { exec: ['proc.args'] }],
  ['evt.type = execve and proc.name = val(proc.pname)', { exec: ['proc.name', 'proc.pname'] }],
];

test('what is read on each class, after all that the class decides', () => {
  for (const [condition, expected] of rows) {
    const text = `- rule: r\n  desc: d\n  condition: ${JSON.stringify(condition)}\n  output: o\n  priority: INFO\n`;
    const [rule] = loadRules([{ name: 'f', text }]).rules;
    ok(rule !== undefined, condition);
    deepEqual(Object.fromEntries(readsByClass(rule.conditions).map((one) => [one.eventClass, one.fields])), expected, condition);
  }
});
