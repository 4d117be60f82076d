import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { alertJson, alertLine } from './alert.ts';
import type { AppendOutput } from './append-output.ts';
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
  arguments: ['-c', 'id'],
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
  ['%concat(proc.name, ":", proc.pid) %join("->", (proc.aname[2], proc.pname, proc.name))', 'bash:7 init->nginx->bash'],
  ['%8toupper(concat(proc.name, "x"))| %concat(proc.name, user.name) %getopt(proc.args, "c:")[c]', 'BASHX   | <NA> id'],
  ['%getopt(proc.args, "c:")', '(c,id)'],
  ['%proc.name[x] %container.mount.dest[/etc]', 'bash[x] <NA>'],
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

const oneRule = "- rule: r\n  desc: d\n  condition: evt.type = execve\n  priority: NOTICE\n  tags: [b, a]\n  output: shell %proc.name\n";

test('what a configuration appends stands behind the output and among its fields', () => {
  const rows: readonly (readonly [addition: AppendOutput, text: string, fields: readonly string[]])[] = [
    [{ extraOutput: 'by %user.uid' }, 'shell bash by 0', ['proc.name=bash', 'user.uid=0']],
    [{ match: { rule: 'other' }, extraOutput: 'x' }, 'shell bash', ['proc.name=bash']],
    [{ match: { tags: ['a'], source: 'syscall' }, extraOutput: 'x' }, 'shell bash x', ['proc.name=bash']],
    [{ match: { tags: ['a', 'z'] }, extraOutput: 'x' }, 'shell bash', ['proc.name=bash']],
    [{ extraFields: ['user.uid', { key: 'home', text: '/home/%proc.name' }, 'user.name'] }, 'shell bash', ['proc.name=bash', 'user.uid=0', 'home=/home/bash', 'user.name=null']],
    [{ extraOutput: '%static.site' }, 'shell bash north', ['proc.name=bash', 'static.site=north']],
    [
      { suggestedOutput: true },
      'shell bash container_id=host container_name=<NA> container_image_repository=<NA> container_image_tag=<NA> k8s_pod_name=<NA> k8s_ns_name=<NA>',
      ['proc.name=bash', 'container.id=host', 'container.name=null', 'container.image.repository=null', 'container.image.tag=null', 'k8s.pod.name=null', 'k8s.ns.name=null'],
    ],
  ];
  for (const [addition, text, fields] of rows) {
    const rules = loadRules([{ name: 'f', text: oneRule }], { appendOutput: [addition], staticFields: { site: 'north' } });
    deepEqual(rules.problems, []);
    const output = rules.bind(syntheticSuppliers).evaluate('exec', exec)[0]?.output();
    deepEqual([output?.text, output?.fields.map((one) => `${one.name}=${one.value}`)], [text, fields], JSON.stringify(addition));
  }
  const faulty = loadRules([{ name: 'f', text: oneRule }], { appendOutput: [{ extraOutput: '%no.such' }] });
  deepEqual([faulty.rules.length, faulty.problems[0]?.code], [0, 'field-unknown']);
});

test('an alert prints with the keys that Falco prints', () => {
  const [match] = loadRules([{ name: 'f', text: oneRule }]).bind(syntheticSuppliers).evaluate('exec', exec);
  ok(match !== undefined);
  const alert = { rule: match.rule.name, priority: match.rule.priority, tags: match.rule.tags, source: 'syscall', hostname: 'h', timeNs: 1_700_000_000_123_456_789n, output: match.output() };
  equal(alertLine(alert), '22:13:20.123456789: Notice shell bash');
  equal(alertLine(alert, { isoTime: true }), '2023-11-14T22:13:20.123456789+0000: Notice shell bash');
  equal(
    alertJson(alert),
    '{"hostname":"h","output":"22:13:20.123456789: Notice shell bash","output_fields":{"evt.time":1700000000123456789,"proc.name":"bash"},"priority":"Notice","rule":"r","source":"syscall","tags":["a","b"],"time":"2023-11-14T22:13:20.123456789Z"}',
  );
  deepEqual(Object.keys(JSON.parse(alertJson(alert, { withMessage: true, isoTime: true }))), ['hostname', 'message', 'output', 'output_fields', 'priority', 'rule', 'source', 'tags', 'time']);
});
