import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { EventClass } from './events.ts';
import { loadRules } from './ruleset.ts';
import { syntheticSuppliers, type SyntheticEvent } from './synthetic.ts';

function outputOf(output: string, eventClass: EventClass, event: SyntheticEvent) {
  const text = `- rule: r\n  desc: d\n  condition: evt.num > 0\n  priority: INFO\n  warn_evttypes: false\n  output: ${JSON.stringify(output)}\n`;
  const rules = loadRules([{ name: 'f', text }]);
  deepEqual(rules.problems.filter((one) => one.severity === 'error'), []);
  const [match] = rules.bind(syntheticSuppliers).evaluate(eventClass, event);
  ok(match !== undefined);
  return match.output();
}

const exec: SyntheticEvent = {
  processes: [{ name: 'bash', exepath: '/usr/bin/bash', cmdline: 'bash\n-c "\u202ex"', pid: 7 }, { name: 'nginx' }, { name: 'init' }],
  fields: { 'user.uid': 0, 'proc.is_exe_upper_layer': false, 'evt.type': 'execve', 'container.id': 'host' },
};

const rows: readonly (readonly [output: string, text: string])[] = [
  ['*shell %proc.name.', 'shell bash.'],
  ['user=%user.uid name=%user.name', 'user=0 name=<NA>'],
  ['%proc.aname[1]/%proc.aname[2]/%proc.aname[3]', 'nginx/init/<NA>'],
  ['%proc.aname', 'nginx init'],
  ['%10proc.name|%2proc.name|', 'bash      |ba|'],
  ['%toupper(proc.name) %len(proc.name) %basename( proc.exepath )', 'BASH 4 bash'],
  ['%proc.cmdline', 'bash\\n-c "\\u202ex"'],
  ['%proc.is_exe_upper_layer %evt.type %evt.dir %evt.res', 'false execve < SUCCESS'],
  ['%proc.names', 'bashs'],
  ['%evt.arg.flags %fd.name %container.info(%container.id)', '<NA> <NA> (host)'],
  ['%proc.pid%proc.ppid', '7<NA>'],
];

test('outputs', () => {
  for (const [output, text] of rows) equal(outputOf(output, 'exec', { ...exec, fields: { ...exec.fields, 'evt.num': 1 } }).text, text, output);
});

test('output fields hold values as they are, once, without transformed ones', () => {
  const { fields } = outputOf('%proc.name %user.uid %proc.name %user.name %toupper(proc.name) %proc.aname[1]', 'exec', { ...exec, fields: { ...exec.fields, 'evt.num': 1 } });
  deepEqual(fields, [
    { name: 'proc.name', value: 'bash', text: 'bash' },
    { name: 'user.uid', value: 0, text: '0' },
    { name: 'user.name', value: null, text: '<NA>' },
    { name: 'proc.aname[1]', value: 'nginx', text: 'nginx' },
  ]);
});

test('addresses print as text', () => {
  const { text, fields } = outputOf('%fd.sip %fd.sport %fd.cip', 'connect', { fields: { 'evt.num': 1, 'fd.rip': '10.0.0.1', 'fd.rport': 22 } });
  equal(text, '10.0.0.1 22 <NA>');
  equal(fields[0]?.value, '10.0.0.1');
});
