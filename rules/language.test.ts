/**
 * The Falco language, statement by statement: each row says what the language promises and asks the engine. What one event
 * answers stands in `evaluate.test.ts`, how files merge in `ruleset.test.ts`; here is the whole of it, to be read as a list.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { eventClasses } from './events.ts';
import type { FieldSpec, FieldTable } from './field-table.ts';
import { fieldTable } from './fields.ts';
import { problemLine } from './problems.ts';
import { loadRules } from './ruleset.ts';
import { syntheticSuppliers, tryCondition, type SyntheticEvent } from './synthetic.ts';

/** Fields that no event class supplies yet, as if all did: the language is the same for them. */
const supplied = ['evt.buffer', 'fd.types', 'proc.env', 'proc.aenv', 'evt.rawarg', 'proc.fdusage', 'proc.exeline', 'k8smeta.svc.name'];
const table: FieldTable = new Map([...fieldTable].map(([name, spec]): [string, FieldSpec] => {
  if (!supplied.includes(name)) return [name, spec];
  return [name, { ...spec, on: eventClasses, ...(name === 'evt.rawarg' ? { eventArguments: { exec: ['uid', 'path'] } } : {}) }];
}));

const bash: SyntheticEvent = {
  processes: [
    { name: 'bash', exe: '-bash', exepath: '/usr/bin/bash', cmdline: 'bash -lc id', pid: 30 },
    { name: 'nginx', exe: 'nginx: worker', exepath: '/usr/sbin/nginx', cmdline: 'nginx worker', pid: 20 },
    { name: 'containerd-shim', exe: 'shim', exepath: '/usr/bin/containerd-shim', cmdline: 'shim -id 1', pid: 10 },
  ],
  arguments: ['-lc', 'id', '--', '-x'],
  fields: {
    'evt.num': 7, 'proc.tty': 34816, 'user.uid': 0, 'user.loginuid': -1, 'proc.is_exe_upper_layer': true, 'container.id': 'host', 'proc.cwd': '/home/me/',
    'evt.buffer': 'GET \u0000\u0001/', 'fd.types': ['ipv4', 'file'], 'proc.env': 'HOME=/root PATH=/bin', 'proc.env[HOME]': '/root', 'proc.aenv[1]': 'A=1', 'proc.aenv[2]': 'B=2', 'proc.aenv[A]': '1',
    'evt.rawarg.uid': 1000, 'evt.rawarg.path': '/x', 'evt.arg.filename': 'bash', 'proc.fdusage': 12.5, 'proc.exeline': 'L2V0Yy9wYXNzd2Q',
  },
};
const link: SyntheticEvent = {
  fields: { 'fd.type': 'ipv4', 'fd.lip': '10.1.2.3', 'fd.rip': '93.184.216.34', 'fd.lport': 40000, 'fd.rport': 443, 'fd.l4proto': 'tcp' },
};

type Row = readonly [statement: string, condition: string, answer: 'match' | 'no'];

const grammar: readonly Row[] = [
  ['and binds tighter than or', 'proc.name = bash or proc.name = zsh and proc.tty = 0', 'match'],
  ['parentheses bind first', '(proc.name = bash or proc.name = zsh) and proc.tty = 0', 'no'],
  ['not binds tighter than and', 'not proc.name = zsh and proc.tty != 0', 'match'],
  ['repeated not cancels', 'not not proc.name = bash', 'match'],
  ['not( without a blank', 'not(proc.name = zsh)', 'match'],
  ['and( and or( without a blank', 'proc.name = bash and(proc.tty != 0) or(proc.tty = 0)', 'match'],
  ['an argument in brackets may be bare', 'proc.aname[1] = nginx', 'match'],
  ['an argument in brackets may be quoted', 'proc.aname["1"] = nginx', 'match'],
  ['a bare text may hold colons, brackets, slashes and stars', 'not proc.name in (runc:[0:PARENT], /etc/*)', 'match'],
  ['single quotes', "proc.cmdline = 'bash -lc id'", 'match'],
  ['a backslash keeps a quote inside', 'not proc.name = "ba\\"sh"', 'match'],
  ['decimal numbers', 'proc.tty = 34816', 'match'],
  ['hexadecimal numbers', 'proc.tty = 0x8800', 'match'],
  ['numbers with an exponent', 'proc.tty > 3.4e+4', 'match'],
  ['negative numbers', 'user.loginuid = -1', 'match'],
];

const operators: readonly Row[] = [
  ['exists: whether there is a value', 'proc.cwd exists and not group.gid exists', 'match'],
  ['== is =', 'proc.name == bash', 'match'],
  ['= compares bytes', 'proc.name = Bash', 'no'],
  ['order on texts goes by bytes', 'proc.name < val(proc.pname)', 'match'],
  ['also with a number, as text', 'proc.args < 5 and not proc.name < 10', 'match'],
  ['contains', 'proc.cmdline contains "-lc"', 'match'],
  ['icontains ignores case', 'proc.cmdline icontains "LC ID"', 'match'],
  ['startswith', 'proc.exepath startswith /usr', 'match'],
  ['endswith', 'proc.exepath endswith /bash', 'match'],
  ['glob: * matches a slash', 'proc.exepath glob "/*bash"', 'match'],
  ['glob: ? matches one', 'proc.name glob "b?sh"', 'match'],
  ['glob: classes', 'proc.name glob "[a-c]ash"', 'match'],
  ['glob minds case', 'proc.name glob "BASH"', 'no'],
  ['iglob does not', 'proc.name iglob "B*H"', 'match'],
  ['regex is anchored at both ends', 'proc.exepath regex "usr/bin"', 'no'],
  ['regex', 'proc.exepath regex "/usr/s?bin/[a-z]+"', 'match'],
  ['in: one of a set', 'proc.name in (sh, bash)', 'match'],
  ['in on a list: all of its values must be in the set', 'fd.types in (ipv4, file, ipv6)', 'match'],
  ['in on a list: one missing is enough to fail', 'fd.types in (ipv4)', 'no'],
  ['intersects on one value is in', 'proc.name intersects (sh, bash)', 'match'],
  ['intersects on a list: one is enough', 'fd.types intersects (file, pipe)', 'match'],
  ['intersects on a list: none', 'fd.types intersects (pipe)', 'no'],
  ['pmatch: a directory holds what is below', 'proc.exepath pmatch (/usr)', 'match'],
  ['pmatch: the path itself', 'proc.exepath pmatch (/usr/bin/bash)', 'match'],
  ['pmatch: by components, not characters', 'proc.exepath pmatch (/us)', 'no'],
  ['pmatch: not what is above', 'proc.exepath pmatch (/usr/bin/bash/x)', 'no'],
  ['pmatch: components may be globs', 'proc.cwd pmatch (/ho*/m?)', 'match'],
  ['pmatch: empty components do not count', 'proc.cwd pmatch (//home//me/)', 'match'],
  ['bcontains takes hexadecimal', 'evt.buffer bcontains 0001', 'match'],
  ['bstartswith takes hexadecimal', 'evt.buffer bstartswith 474554', 'match'],
  ['contains on bytes', 'evt.buffer contains "GET "', 'match'],
  ['startswith on bytes', 'evt.buffer startswith GET', 'match'],
  ['bcontains anyof', 'evt.buffer bcontains anyof (ffff, 0001)', 'match'],
  ['oneof: exactly one', 'proc.name startswith oneof (b, z)', 'match'],
  ['oneof: two are too many', 'proc.name startswith oneof (b, ba)', 'no'],
  ['anyof: at least one', 'proc.name endswith anyof (x, sh)', 'match'],
  ['allof: all', 'proc.name contains allof (ba, as, sh)', 'match'],
  ['allof: one is missing', 'proc.name contains allof (ba, x)', 'no'],
  ['!= allof: none is equal', 'proc.name != allof (zsh, bash)', 'no'],
  ['regex anyof', 'proc.name regex anyof ("z.*", "b.*")', 'match'],
  ['icontains, glob and iglob take modifiers', 'proc.name icontains anyof (AS) and proc.name glob anyof (b*) and proc.name iglob allof (B*, *H)', 'match'],
  ['an empty list never matches', 'proc.name = anyof () or proc.name contains allof () or proc.name glob oneof ()', 'no'],
  ['booleans', 'proc.is_exe_upper_layer = true and proc.is_exe_upper_layer != false and proc.is_exe_upper_layer in (true)', 'match'],
  ['modifiers on booleans', 'proc.is_exe_upper_layer = anyof (true, false) and not proc.is_exe_upper_layer = allof (true, false)', 'match'],
];

const transformers: readonly Row[] = [
  ['tolower', 'tolower(proc.exe) = -bash', 'match'],
  ['toupper', 'toupper(proc.name) = BASH', 'match'],
  ['b64 without padding', 'b64(proc.exeline) = /etc/passwd', 'match'],
  ['b64 of what cannot be decoded makes every check false', 'b64(proc.cmdline) != x', 'no'],
  ['basename', 'basename(proc.exepath) = bash', 'match'],
  ['basename without a slash', 'basename(proc.name) = bash', 'match'],
  ['basename after a last slash is empty', 'basename(proc.cwd) = ""', 'match'],
  ['len of a text', 'len(proc.name) = 4', 'match'],
  ['len of bytes counts NUL', 'len(evt.buffer) = 7', 'match'],
  ['len of a list', 'len(fd.types) = 2', 'match'],
  ['they nest', 'len(basename(proc.exepath)) = 4', 'match'],
  ['on the right', 'proc.name = basename(proc.exepath)', 'match'],
  ['nested on both sides', 'toupper(basename(proc.exepath)) = toupper(proc.name)', 'match'],
  ['val compares with another field', 'proc.pname = val(proc.name)', 'no'],
  ['val with other operators', 'proc.exepath endswith val(proc.name)', 'match'],
  ['val on numbers', 'proc.pid > val(proc.ppid)', 'match'],
  ['concat', 'concat(proc.pname, ">", proc.name) = "nginx>bash"', 'match'],
  ['concat of literals', 'concat("a", 7) = a7', 'match'],
  ['concat, nested', 'toupper(concat(proc.name, concat("-", basename(proc.exepath)))) = BASH-BASH', 'match'],
  ['concat on the right', 'proc.exepath = concat("/usr/bin/", proc.name)', 'match'],
  ['concat with a missing value', 'concat(proc.name, user.name) exists', 'no'],
  ['join of a list', 'join("+", fd.types) = ipv4+file', 'match'],
  ['join of values', 'join("->", (proc.aname[2], proc.pname, toupper(proc.name))) = "containerd-shim->nginx->BASH"', 'match'],
  ['join of numbers', 'join(",", (evt.num, user.uid)) = "7,0"', 'match'],
  ['join of nothing', 'join(",", ()) = ""', 'match'],
  ['join, then len', 'len(join("-", ("aaa", "bbb"))) = 7', 'match'],
  ['join, then b64', 'b64(join("W", ("YWFhL", "JiYg"))) = "aaa-bbb"', 'match'],
  ['getopt: a cluster of letters', 'getopt(proc.args, "lc:") intersects (l)', 'match'],
  ['getopt: the value behind its letter', 'getopt(proc.args, "lc:") in (l, c, id)', 'match'],
  ['getopt: ends at --', 'getopt(proc.args, "lc:x") intersects (x)', 'no'],
  ['getopt: an attached value', 'getopt(("-p80"), "p:")[p] = 80', 'match'],
  ['getopt: an option by its letter', 'getopt(proc.args, "lc:")[c] = id', 'match'],
  ['getopt: an option without a value is its letter', 'getopt(proc.args, "lc:")[l] = l', 'match'],
  ['getopt: an option that is not there', 'getopt(proc.args, "lc:z")[z] != a', 'no'],
  ['getopt: the last one counts', 'getopt(("-p", "1", "-p2"), "p:")[p] = 2', 'match'],
  ['getopt: a missing value is empty', 'getopt(("-p"), "p:")[p] = ""', 'match'],
  ['getopt: unknown letters', 'getopt(("-xn"), "n") in ("?", n)', 'match'],
  ['getopt: long options are passed over', 'getopt(("--name", "-n"), "n") intersects (n)', 'match'],
  ['getopt: ends at what is no option', 'getopt(("file", "-n"), "n") intersects (n)', 'no'],
  ['getopt: a value may look like an option', 'getopt(("-t", "-1"), "t:")[t] = "-1"', 'match'],
  ['getopt, then len', 'len(getopt(proc.args, "lc:")) = 3', 'match'],
  ['transformers of text change each element of a list', 'toupper(fd.types) intersects (IPV4)', 'match'],
];

const missing: readonly Row[] = [
  ['a missing value makes = false', 'user.name = root', 'no'],
  ['and != as well', 'user.name != root', 'no'],
  ['not of it is true', 'not user.name = root and not user.name != root', 'match'],
  ['also in, pmatch, and order', 'user.name in (root) or fd.name pmatch (/etc) or group.gid >= 0', 'no'],
  ['a missing value on the right', 'proc.name != val(user.name)', 'no'],
  ['an ancestor that is not there', 'proc.aname[9] != x', 'no'],
  ['an argument that this event does not have', 'evt.arg.flags exists', 'no'],
  ['<NA> is a text like others', 'user.name = "<NA>" or user.name in ("<NA>", "N/A", "")', 'no'],
];

const fields: readonly Row[] = [
  ['[0] is the process itself', 'proc.aname[0] = bash and proc.aexe[0] = "-bash" and proc.apid[0] = 30', 'match'],
  ['[1] is the parent', 'proc.aname[1] = nginx and proc.aexepath[1] = /usr/sbin/nginx and proc.acmdline[1] = "nginx worker"', 'match'],
  ['without brackets, any ancestor from the parent on', 'proc.aname = containerd-shim', 'match'],
  ['the process itself is not among them', 'proc.aname = bash', 'no'],
  ['!= asks for one that differs', 'proc.aname != nginx', 'match'],
  ['in on any ancestor', 'proc.aexe in (x, shim)', 'match'],
  ['proc.aexepath', 'proc.aexepath endswith -shim', 'match'],
  ['proc.acmdline', 'proc.acmdline contains "-id"', 'match'],
  ['proc.apid', 'proc.apid = 10', 'match'],
  ['proc.aenv: any ancestor', 'proc.aenv contains "B=2"', 'match'],
  ['proc.aenv: one of them', 'proc.aenv[1] = "A=1"', 'match'],
  ['proc.aenv: the first that has the variable', 'proc.aenv[A] = 1', 'match'],
  ['proc.env', 'proc.env contains PATH and proc.env[HOME] = /root and not proc.env[SHELL] exists', 'match'],
  ['proc.args and one of them', 'proc.args = "-lc id -- -x" and proc.args[1] = id', 'match'],
  ['evt.arg.x and evt.arg[x]', 'evt.arg.filename = bash and evt.arg[filename] = bash', 'match'],
  ['evt.rawarg has the type of the argument', 'evt.rawarg.uid > 999 and evt.rawarg.path = /x', 'match'],
  ['evt.type within its class', 'evt.type = execveat and evt.type in (execve)', 'match'],
  ['evt.type.is', 'evt.type.is.execve = 1 and evt.type.is.open = 0', 'match'],
  ['container.id is host outside of containers', 'container.id = host', 'match'],
];

const network: readonly Row[] = [
  ['= is containment in a network', 'fd.rip = 93.184.0.0/16', 'match'],
  ['another family: = is false', 'fd.rip = ::1', 'no'],
  ['another family: != is true', 'fd.rip != ::1', 'match'],
  ['in: any network that holds it', 'fd.snet in (10.0.0.0/8, 93.184.216.0/24)', 'match'],
  ['fd.ip: either end', 'fd.ip = 10.1.2.3 and fd.ip = 93.184.216.34', 'match'],
  ['fd.ip !=: both ends differ', 'fd.ip != 10.1.2.3', 'no'],
  ['fd.net: either end', 'fd.net = 10.0.0.0/8 and not fd.net = 192.168.0.0/16', 'match'],
  ['fd.port: either end', 'fd.port = 443 and fd.port in (40000) and fd.port != 80', 'match'],
  ['client and server by role', 'fd.cip = 10.1.2.3 and fd.sip = 93.184.216.34 and fd.sport = 443', 'match'],
  ['modifiers on addresses', 'fd.sip = anyof (10.0.0.0/8, 93.0.0.0/8) and fd.sip != allof (10.0.0.1, ::1) and fd.sip = oneof (93.0.0.0/8, 10.0.0.0/8)', 'match'],
  ['modifiers on addresses: not all', 'fd.sip != allof (93.184.216.34, ::1) or fd.sip = allof (93.0.0.0/8, 10.0.0.0/8)', 'no'],
  ['a port may be named', 'fd.sport = https and fd.sport in (http, https)', 'match'],
  ['an address with another', 'fd.sip = val(fd.rip) and fd.sip != val(fd.cip)', 'match'],
  ['an address in a text', 'concat(fd.rip, ":", fd.rport) in ("93.184.216.34:443")', 'match'],
];

for (const [name, rows] of Object.entries({ grammar, operators, transformers, 'missing values': missing, fields })) {
  test(`conditions: ${name}`, () => {
    for (const [statement, condition, answer] of rows) deepEqual(tryCondition(condition, 'exec', bash, '', { fields: table }), { ok: true, answer }, `${statement}: ${condition}`);
  });
}

test('conditions: network', () => {
  for (const [statement, condition, answer] of network) deepEqual(tryCondition(condition, 'connect', link), { ok: true, answer }, `${statement}: ${condition}`);
});

const refusals: readonly (readonly [statement: string, conditions: readonly string[], error: RegExp])[] = [
  ['unknown names', ['nonsense', 'proc.nonsense = 1', 'evt.type = exevce', 'evt.type.is.exevce = 1'], /there is no/],
  ['booleans take = != in intersects exists', ['proc.is_exe_upper_layer contains t', 'proc.is_exe_upper_layer > 1', 'proc.is_exe_upper_layer = 1'], /cannot be used on|not true or false/],
  ['addresses take = != in intersects exists', ['fd.sip startswith 10', 'fd.sip > 5', 'fd.ip contains 1', 'fd.net glob 1*', 'fd.sip = localhost'], /cannot be used on|not an IP address/],
  ['lists take in, intersects and exists', ['fd.types = file', 'fd.types contains file', 'getopt(proc.args, "l") = l'], /cannot be used on/],
  ['bcontains and bstartswith are for bytes', ['proc.name bcontains 00', 'proc.name bstartswith 00'], /cannot be used on/],
  ['and take hexadecimal', ['evt.buffer bcontains xyz', 'evt.buffer bcontains 123', 'evt.buffer bstartswith ""'], /hexadecimal/],
  ['order takes numbers or a field', ['proc.tty < many', 'proc.name < many', 'proc.is_exe_upper_layer < 1'], /number|cannot be used on/],
  ['invalid patterns', ['proc.name regex "("', 'proc.name regex "a{2000}"'], /not a pattern/],
  ['fields of one type are compared', ['proc.name = val(proc.tty)', 'proc.tty = len(proc.is_exe_upper_layer)', 'proc.name = val(fd.types)'], /one type|cannot/],
  ['not with pmatch and regex', ['proc.cwd pmatch val(proc.exepath)', 'proc.name regex val(proc.pname)'], /cannot be compared with another field/],
  ['not with networks', ['fd.snet = val(fd.cip)', 'fd.ip = val(fd.cip)'], /cannot be compared with another field/],
  [
    'fields that cannot stand on the right',
    ['fd.sip = val(fd.ip)', 'fd.sport = val(fd.port)', 'fd.cproto = val(fd.proto)', 'fd.sip = val(fd.snet)', 'fd.cproto = val(fd.sip.name)', 'fd.types in val(fd.types)', 'proc.name = val(evt.rawarg.path)', 'proc.pid = val(proc.apid[1])', 'proc.name = val(proc.aname[1])', 'proc.exe = val(proc.aexe[1])', 'proc.exepath = val(proc.aexepath[1])', 'proc.cmdline = val(proc.acmdline[1])', 'proc.env = val(proc.aenv[1])'],
    /cannot stand on the right side|one type/,
  ],
  [
    'fields that cannot be transformed',
    ['len(proc.aname) > 1', 'toupper(proc.aexe[1]) = X', 'toupper(proc.aexepath[1]) = X', 'toupper(proc.acmdline[1]) = X', 'toupper(proc.aenv) = X', 'toupper(evt.rawarg.path) = X', 'toupper(fd.sip.name) = X', 'toupper(fd.proto) = X'],
    /cannot be transformed/,
  ],
  ['val is for the right, alone, with a field', ['val(proc.name) = x', 'proc.name = val(toupper(proc.name))', 'proc.name = toupper(val(proc.name))', 'proc.name = val("x")'], /val/],
  ['transformers by type', ['toupper(proc.tty) = X', 'basename(proc.tty) = x', 'b64(proc.tty) = x', 'len(proc.tty) = 1', 'len(len(proc.name)) = 1'], /cannot be used on/],
  ['join takes a separator and a list', ['join() = x', 'join("-") = x', 'join("-", "a", "b") = x', 'join(("a"), ("b")) = x', 'join("a", "b") = x', 'join(fd.types, ("a")) = x'], /join/],
  ['concat takes two values or more', ['concat() = x', 'concat("a") = x', 'concat(fd.types, "a") = x', 'concat(("a", "b"), "a") = x', 'concat(proc.aname, "a") = x'], /concat/],
  ['getopt takes a list and letters', ['getopt() intersects (n)', 'getopt(("a")) intersects (n)', 'getopt(("a"), "n", "x") intersects (n)', 'getopt("a", "n") intersects (n)', 'getopt(("a"), ("n")) intersects (n)', 'getopt(proc.args, "n")[no] = x'], /getopt/],
  ['arguments in brackets', ['proc.aname[x] = y', 'proc.name[1] = y', 'container.mount.dest = y', 'evt.arg = y', 'toupper(proc.name)[1] = y'], /brackets|needs an argument/],
];

test('conditions that are refused', () => {
  for (const [statement, conditions, error] of refusals) {
    for (const condition of conditions) {
      const tried = tryCondition(condition, 'exec', bash, '', { fields: table });
      ok(!tried.ok && error.test(tried.errors.join('\n')), `${statement}: ${condition} → ${JSON.stringify(tried)}`);
    }
  }
});

const rule = (condition: string, more = '') => `- rule: r\n  desc: d\n  condition: ${condition}\n  output: o %proc.name\n  priority: INFO\n${more}`;
const exec = 'evt.type = execve';
const files: readonly (readonly [statement: string, texts: readonly string[], lines: readonly RegExp[], rules: number])[] = [
  ['every key of a rule', [rule(exec, '  source: syscall\n  enabled: true\n  capture: true\n  capture_duration: 5000\n  warn_evttypes: false\n  skip-if-unknown-filter: true\n  tags: [a]\n  exceptions: []\n')], [], 1],
  ['unknown keys warn', [rule(exec, '  severity: high\n')], [/warning: .*"severity" is not known/], 1],
  ['an item of another kind warns', [`- webhook: x\n${rule(exec)}`], [/warning: this item is none of/], 1],
  ['priorities in any case, INFO for INFORMATIONAL', ['EMERGENCY', 'Alert', 'critical', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'INFORMATIONAL', 'DEBUG'].map((word, index) => rule(exec).replace('INFO', word).replace('rule: r', `rule: r${index}`)), [], 9],
  ['a file of tests beside the rules is none of them', ['rules: [x.yaml]\ntests: []\n', rule(exec)], [], 1],
  ['an older engine is enough', [`- required_engine_version: 57\n- required_engine_version: 0.57.0\n- required_engine_version: 0.63.0\n${rule(exec)}`], [], 1],
  ['a newer engine is not there', [`${rule(exec)}- required_engine_version: 64\n`], [/error: .*requires version 0\.64\.0/], 0],
  ['a plugin of ours', [`- required_plugin_versions:\n  - name: container\n    version: 0.4.0\n${rule(exec)}`], [], 1],
  ['a plugin or its alternative', [`- required_plugin_versions:\n  - name: k8smeta\n    version: 0.1.0\n    alternatives: [{ name: container, version: 0.2.0 }]\n${rule(exec)}`], [], 1],
  ['a plugin that is not there', [`- required_plugin_versions:\n  - name: k8saudit\n    version: 0.7.0\n${rule(exec)}`], [/requires the plugin k8saudit 0\.7\.0/], 0],
  ['a newer plugin than ours', [`- required_plugin_versions:\n  - name: container\n    version: 1.0.0\n${rule(exec)}`], [/requires the plugin container 1\.0\.0/], 0],
  ['another source is skipped with a warning', [rule('ka.verb = get', '  source: k8s_audit\n')], [/warning: .*"k8s_audit" is not supplied here; the rule is skipped/], 0],
  ['an unknown field is an error', [rule('no.such = 1')], [/error: .*no field no\.such/], 0],
  ['or skips the rule that asks for it', [rule('no.such = 1', '  skip-if-unknown-filter: true\n')], [/warning: .*The rule is skipped/], 0],
  ['also in its output', [rule(exec, '  skip-if-unknown-filter: true\n').replace('%proc.name', '%no.such')], [/warning: .*The rule is skipped/], 0],
  ['a rule that names no event warns', [rule('proc.name = a')], [/warning: .*names no event type/], 1],
  ['unless it does not want to', [rule('proc.name = a', '  warn_evttypes: false\n')], [], 1],
  ['changing what is not defined', ['- rule: r\n  enabled: false\n', '- macro: m\n  condition: x.y = 1\n  append: true\n', '- list: l\n  items: [a]\n  override: { items: replace }\n'], [/no earlier rule r/, /append is deprecated/, /no earlier macro m/, /no earlier list l/], 0],
  ['an output that ends in %', [rule(exec).replace('%proc.name', '%')], [/a % must be followed/], 0],
  ['an output that ends in a number', [rule(exec).replace('%proc.name', '%12')], [/a % must be followed/], 0],
  ['%container.info is deprecated', [rule(exec).replace('%proc.name', '%container.info')], [/warning: .*%container\.info in an output is deprecated/], 1],
  ['that order on texts is not that of numbers', [rule(`${exec} and proc.name < 10`)], [/warning: .*"10" comes before "9"/], 1],
  ['a simpler operator is told', [rule(`${exec} and proc.name regex "ba.*"`)], [/warning: .*startswith "ba"/], 1],
  ['fd.net in takes all networks here', [rule('evt.type = connect and fd.net in (10.0.0.0/8, 11.0.0.0/8)')], [/note: .*Falco reads only the first/], 1],
];

test('files', () => {
  for (const [statement, texts, expected, count] of files) {
    const loaded = loadRules(texts.map((text, index) => ({ name: `f${index}`, text })));
    const lines = loaded.problems.filter((one) => one.code !== 'check-undecided').map(problemLine);
    for (const line of expected) ok(lines.some((one) => line.test(one)), `${statement}: ${lines.join('\n')}`);
    if (expected.length === 0) deepEqual(lines, [], statement);
    equal(loaded.rules.length, count, `${statement}: ${lines.join('\n')}`);
  }
});

/** Which keys may be appended to, and which replaced. */
test('the matrix of overrides', () => {
  const values: Readonly<Record<string, string>> = {
    condition: 'and proc.name = a', output: 'x', desc: 'x', tags: '[x]', exceptions: '[{ name: e, fields: [proc.name], values: [[a]] }]', priority: 'DEBUG', enabled: 'false', capture: 'true', capture_duration: '5', warn_evttypes: 'false', 'skip-if-unknown-filter': 'true', source: 'x',
  };
  const replacing: Readonly<Record<string, string>> = { ...values, condition: exec };
  const appendable = ['condition', 'output', 'desc', 'tags', 'exceptions'];
  for (const key of Object.keys(values)) {
    for (const mode of ['append', 'replace'] as const) {
      const change = `- rule: r\n  ${key}: ${(mode === 'append' ? values : replacing)[key]}\n  override: { ${key}: ${mode} }\n`;
      const errors = loadRules([{ name: 'f', text: rule(exec) + change }]).problems.filter((one) => one.severity === 'error');
      equal(errors.length === 0, key !== 'source' && (mode === 'replace' || appendable.includes(key)), `${mode} ${key}: ${errors.map(problemLine).join()}`);
    }
  }
});

test('all rules that match are reported, in the order of the files', () => {
  const rules = loadRules([{ name: 'f', text: [rule(exec), rule('evt.type = open').replace(': r', ': s'), rule(`${exec} and proc.name = bash`).replace(': r', ': t')].join('') }]);
  deepEqual(rules.bind(syntheticSuppliers).evaluate('exec', bash).map((one) => one.rule.name), ['r', 't']);
});

test('lists print in parentheses, doubles with a decimal, booleans as words, bytes readably', () => {
  const text = rule(exec).replace('%proc.name', '%fd.types|%proc.fdusage|%proc.is_exe_upper_layer|%evt.buffer|%6proc.pname|%3proc.pname|%user.name');
  const output = loadRules([{ name: 'f', text }], { fields: table }).bind(syntheticSuppliers).evaluate('exec', bash)[0]?.output();
  equal(output?.text, 'o (ipv4,file)|12.5|true|GET \\u0000\\u0001/|nginx |ngi|<NA>');
  deepEqual(output?.fields.map((one) => one.value), [['ipv4', 'file'], 12.5, true, 'GET \\u0000\\u0001/', 'nginx', null]);
});
