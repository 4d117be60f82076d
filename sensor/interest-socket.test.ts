/** What is asked of sockets and of results, judged as the kernel does: an event that a rule matches is never filtered out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressOf, addressText } from '@vedette/rules/address';
import { needs, whole } from '@vedette/rules/interest';
import { loadRules, type RuleSet } from '@vedette/rules/ruleset';
import { syntheticSuppliers, type SyntheticEvent } from '@vedette/rules/synthetic';
import { kinds } from './decode/layout.ts';
import { errorName } from './detect/kernel-words.ts';
import { interestTable, listMax } from './interest-table.ts';
import { isJudged, judgeCall, judgeSocket } from './testing/judge.ts';
import { countedKinds, learnedInterests, wantedKinds } from './wanted-kinds.ts';

function rulesOf(...conditions: readonly string[]): RuleSet {
  const rules = loadRules([{ name: 'f', text: conditions.map((condition, index) => `- rule: r${index}\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`).join('') }]);
  assert.deepEqual(rules.problems.filter((one) => one.severity === 'error'), []);
  return rules;
}

const bit = (name: (typeof needs)[number]) => 1 << needs.indexOf(name);
const outcome = (result: number) => bit(result < 0 ? 'failed' : 'succeeded');

interface Made {
  readonly family: 1 | 2 | 10 | 17;
  readonly protocol: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly remote: string;
  readonly result: number;
  readonly name: string;
}

const port = fc.constantFrom(0, 1, 22, 53, 80, 443, 1023, 1024, 3333, 8080, 32767, 32768, 65535);
const v4 = fc.constantFrom('10.0.0.1', '10.1.2.3', '127.0.0.1', '169.254.169.254', '192.168.1.1', '8.8.8.8');
const v6 = fc.constantFrom('::1', 'fd00:ec2::254', 'fe80::1', '2001:db8::5');
const made: fc.Arbitrary<Made> = fc.record({
  family: fc.constantFrom<Made['family'][]>(1, 2, 10, 17), protocol: fc.constantFrom(6, 17, 1, 58, 262), localPort: port, remotePort: port, remote: v4, result: fc.constantFrom(0, 0, 5, -1, -13, -111, -115), name: fc.constantFrom('sh', 'cat', 'a-name-of-15-chr'),
  other: v6,
}).map(({ other, ...one }) => (one.family === 10 ? { ...one, remote: other } : one));

const types = { 1: 'unix', 2: 'ipv4', 10: 'ipv6', 17: 'packet' } as const;

/** As the sensor answers rules (detect/subject.ts). */
function eventOf({ family, protocol, localPort, remotePort, remote, result, name }: Made): SyntheticEvent {
  const hasEnds = family === 2 || family === 10;
  const transport = protocol === 17 ? 'udp' : protocol === 6 || protocol === 262 ? 'tcp' : 'icmp';
  const ends = { 'fd.lip': '10.9.9.9', 'fd.rip': remote, 'fd.lport': localPort, 'fd.rport': remotePort, 'fd.l4proto': transport };
  return { processes: [{ name }], fields: { 'fd.type': types[family], 'evt.rawres': result, 'evt.res': errorName(result), ...(hasEnds ? ends : {}) } };
}

function wantOf(bytes: Uint8Array, kind: number, { family, protocol, localPort, remotePort, remote, result, name }: Made): number {
  const hasEnds = family === 2 || family === 10;
  const remoteAddress = hasEnds ? addressOf(remote) ?? assert.fail(remote) : new Uint8Array(16);
  return judgeSocket(bytes, kind, { family, protocol, localPort: hasEnds ? localPort : 0, remotePort: hasEnds ? remotePort : 0, remoteAddress, result }, outcome(result), name);
}

const comparison = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const network = fc.oneof(v4, v4.map((one) => `${one}/8`), v4.map((one) => `${one}/20`), v6.map((one) => `"${one}"`), v6.map((one) => `"${one}/7"`), v6.map((one) => `"${one}/64"`), fc.constantFrom('0.0.0.0/0', '"::/0"'));
const result = fc.oneof(
  fc.tuple(comparison, fc.constantFrom(-116, -115, -111, -13, -2, -1, 0, 1, 5)).map(([operator, value]) => `evt.rawres ${operator} ${value}`),
  fc.tuple(fc.constantFrom('=', '!='), fc.constantFrom('SUCCESS', 'EINPROGRESS', 'EACCES', 'ECONNREFUSED', 'ENOBODY')).map(([operator, value]) => `evt.res ${operator} ${value}`),
  fc.constantFrom('evt.failed = true', 'evt.failed = false', 'evt.failed != true', 'evt.res in (SUCCESS, EPERM)', 'evt.res in (EPERM, EACCES)', 'evt.rawres in (-1, 0)'),
);
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom('fd.sport', 'fd.cport', 'fd.lport', 'fd.rport', 'fd.port'), comparison, port).map(([field, operator, value]) => `${field} ${operator} ${value}`),
  fc.tuple(fc.constantFrom('fd.sport', 'fd.port'), fc.array(port, { minLength: 1, maxLength: 4 })).map(([field, values]) => `${field} in (${values.join(', ')})`),
  fc.tuple(fc.constantFrom('fd.sip', 'fd.snet', 'fd.rip', 'fd.net', 'fd.ip'), fc.array(network, { minLength: 1, maxLength: 3 })).map(([field, values]) => `${field} in (${values.map((one) => (one.includes('/') && !one.startsWith('"') ? `"${one}"` : one)).join(', ')})`),
  fc.constantFrom('fd.type = ipv4', 'fd.type in (ipv4, ipv6)', 'fd.type != unix', 'fd.typechar = 4', 'fd.typechar in (4, 6)', 'fd.sockfamily = ip', 'fd.l4proto = udp', 'fd.l4proto = tcp', 'fd.sip exists', 'fd.sport exists', 'proc.name = sh', 'proc.name in (sh, cat)', 'proc.name in (cat, a-name-of-15-chr)', 'proc.name != cat'),
  result,
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof({ maxDepth: 3 }, leaf, fc.tuple(fc.array(tie('condition'), { minLength: 2, maxLength: 3 }), fc.constantFrom(' and ', ' or ')).map(([of, by]) => `(${of.join(by)})`), tie('condition').map((of) => `not (${of})`)),
}));

test('a socket that a rule matches is never filtered out', () => {
  let [matched, filtered] = [0, 0];
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), fc.array(made, { minLength: 1, maxLength: 20 }), fc.constantFrom('connect', 'bind', 'send'), (conditions, sockets, eventClass) => {
      const name = eventClass === 'send' ? 'sendto' : eventClass;
      const rules = rulesOf(...conditions.map((one) => `evt.type = ${name} and (${one})`));
      const { bytes } = interestTable(rules.interests(), wantedKinds(() => true), 1);
      const bound = rules.bind(syntheticSuppliers);
      for (const one of sockets) {
        const matches = bound.evaluate(eventClass, eventOf(one)).length > 0;
        for (const kind of eventClass === 'connect' ? [kinds.connect, kinds.connectUnix] : [kinds[eventClass]]) {
          const want = isJudged(bytes, kind) ? wantOf(bytes, kind, one) : 2;
          if (want === 0) filtered += 1;
          assert.ok(!matches || want > 0, `${conditions.join(' | ')} matches ${JSON.stringify(one)}`);
        }
        if (matches) matched += 1;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(matched > 1000 && filtered > 1000, `${matched} matched, ${filtered} filtered`);
});

test('a call that a rule matches by its result is never filtered out', () => {
  let filtered = 0;
  fc.assert(
    fc.property(fc.array(result, { minLength: 1, maxLength: 3 }), fc.constantFrom(' and ', ' or '), fc.boolean(), fc.constantFrom(0, 5, -1, -13, -115), (leaves, by, negated, returned) => {
      const rules = rulesOf(`evt.type = ptrace and ${negated ? 'not ' : ''}(${leaves.join(by)})`);
      const { bytes } = interestTable(rules.interests(), wantedKinds(() => true), 1);
      const matches = rules.bind(syntheticSuppliers).evaluate('ptrace', { fields: { 'evt.rawres': returned, 'evt.res': errorName(returned) } }).length > 0;
      const want = isJudged(bytes, kinds.ptrace) ? judgeCall(bytes, kinds.ptrace, outcome(returned)) : 2;
      if (want === 0) filtered += 1;
      assert.ok(!matches || want > 0, `${leaves.join(by)} matches ${returned}`);
    }),
    { numRuns: 2000 },
  );
  assert.ok(filtered > 100, `${filtered} filtered`);
});

test('only what is named is wanted', () => {
  const socket = { family: 2, protocol: 6, localPort: 40000, remotePort: 443, remoteAddress: addressOf('10.1.2.3')!, result: 0 };
  const rows: readonly (readonly [condition: string, want: number])[] = [
    ['fd.sport = 443', 2], ['fd.sport = 444', 0], ['fd.port = 40000', 2], ['fd.sport < 1024', 2], ['fd.sport > 443', 0],
    ['fd.snet = "10.0.0.0/8"', 2], ['fd.snet = "11.0.0.0/8"', 0], ['fd.sip = 10.1.2.3 and fd.sport = 443', 2], ['fd.sip = 10.1.2.4 and fd.sport = 443', 0],
    ['fd.type = ipv6', 0], ['fd.l4proto = udp', 0], ['evt.failed = true', 0], ['evt.failed = false and fd.type = ipv4', 2], ['evt.res = EINPROGRESS', 0],
  ];
  for (const [asked, want] of rows) {
    const { bytes } = interestTable(rulesOf(`evt.type = connect and ${asked}`).interests(), 0n, 1);
    assert.equal(judgeSocket(bytes, kinds.connect, socket, outcome(socket.result)), want, `${asked} of ${addressText(socket.remoteAddress)}`);
  }
});

test('a new socket is wanted by the family that was asked for, and by the place that it takes where a rule looks at duplicates', () => {
  const of = (bytes: Uint8Array, family: number, result: number) => judgeSocket(bytes, kinds.socket, { family, protocol: 0, localPort: 0, remotePort: 0, remoteAddress: new Uint8Array(16), result }, outcome(result));
  const all = wantedKinds(() => true);
  const packets = interestTable(rulesOf('evt.type = socket and evt.arg.domain contains AF_PACKET', 'evt.type = dup and fd.num in (0, 1, 2)').interests(), all, 1).bytes;
  assert.deepEqual([of(packets, 17, 7), of(packets, 17, -1), of(packets, 2, 7), of(packets, 2, -1), of(packets, 2, 0), of(packets, 10, 2), of(packets, 10, 3)], [2, 2, 0, 0, 2, 2, 0]);
  const rows: readonly (readonly [asked: string, families: readonly number[] | 'whole'])[] = [
    ['= AF_INET', [2]], ['contains AF_INET', [2, 10]], ['in (AF_UNIX, AF_VSOCK)', [1, 40]], ['startswith AF_NONE', []],
    // what shows as its number can be found by that, and what must not be is no atom
    ['contains 7', 'whole'], ['contains A', 'whole'], ['!= AF_INET', 'whole'], ['contains AF_INET or evt.arg.domain = 99', 'whole'],
  ];
  for (const [asked, families] of rows) {
    const { bytes, pushed } = interestTable(rulesOf(`evt.type = socket and (evt.arg.domain ${asked})`).interests(), all, 1);
    assert.deepEqual(pushed.find((one) => one.kind === 'socket')?.wholeFor, families === 'whole' ? ['r0'] : [], asked);
    if (families !== 'whole') assert.deepEqual([0, 1, 2, 10, 17, 40, 46].filter((family) => of(bytes, family, 5) > 0), families, asked);
  }
});

test('what is counted, or told to another class of rules, or too much, is wanted whole', () => {
  const rules = rulesOf('evt.type in (connect, bind, socket) and evt.failed = true', 'evt.type = dup and evt.failed = false');
  const all = wantedKinds((one) => one !== 'listen');
  const { bytes, pushed } = interestTable([...rules.interests(), ...learnedInterests], all, 1, countedKinds);
  assert.deepEqual([kinds.connect, kinds.accept, kinds.listen].map((kind) => isJudged(bytes, kind)), [false, false, false]);
  assert.deepEqual([kinds.connectUnix, kinds.bind, kinds.dup, kinds.socket].map((kind) => isJudged(bytes, kind)), [true, true, true, true]);
  assert.deepEqual(pushed.filter((one) => ['connect', 'socket'].includes(one.kind)).map((one) => one.wholeFor), [['connections'], []]);
  assert.deepEqual([judgeCall(bytes, kinds.bind, bit('container') | bit('succeeded')), judgeCall(bytes, kinds.bind, bit('failed')), judgeCall(bytes, kinds.bind, bit('succeeded'))], [2, 2, 0]);
  const ports = rulesOf(`evt.type = bind and fd.lport in (${Array.from({ length: listMax + 1 }, (_, index) => index * 2).join(', ')})`);
  const crowded = interestTable(ports.interests(), all, 1);
  assert.ok(!isJudged(crowded.bytes, kinds.bind));
  assert.deepEqual(crowded.pushed.find((one) => one.kind === 'bind')?.wholeFor, [`${listMax + 1} interests, of which ${listMax} fit`]);
  const nobody = interestTable([{ by: 'other', eventClass: 'ptrace', any: [whole], repeat: 'each' }], all, 1);
  assert.deepEqual([isJudged(nobody.bytes, kinds.ptrace), isJudged(nobody.bytes, kinds.kill), judgeCall(nobody.bytes, kinds.kill, bit('failed'))], [false, true, 0]);
});
