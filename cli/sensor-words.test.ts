import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from './log-file.ts';
import { refusalOf, SensorWords } from './sensor-words.ts';

const classes = ['exec', 'open', 'connect'];
const blind = (reason: string): LogLine => ({ level: 'warn', message: 'nothing is seen by kernel programs', reason });
const attached = (hooks: number, missing: readonly string[], more = {}): LogLine => ({ level: 'info', message: 'attached', attached: hooks, missing, rules: 12, processes: 80, ...more });
const words = (withInfo = false) => new SensorWords({ kernel: '6.18', logFile: '/var/lib/vedette/log/sensor.log', withInfo });

test('what it sees is said with the number of hooks and rules, in the right form', () => {
  const cases: [line: LogLine, mark: string, text: string][] = [
    [attached(17, []), 'good', 'sensor on kernel 6.18: 17 hooks, 12 rules'],
    [attached(1, [], { rules: 1 }), 'good', 'sensor on kernel 6.18: 1 hook, 1 rule'],
    [attached(17, [], { rules: 0 }), 'good', 'sensor on kernel 6.18: 17 hooks, 0 rules'],
    [attached(15, ['accept', 'listen']), 'warning', 'sensor on kernel 6.18: 15 hooks, 12 rules; not seen here: accept, listen. Why: Coverage in the console'],
  ];
  for (const [line, mark, text] of cases) {
    const sensor = words();
    assert.equal(sensor.sees, null);
    assert.deepEqual(sensor.read(line), { mark, text });
    assert.equal(sensor.sees, true);
  }
});

test('a sensor without hooks is a warning: what it does not see, why, and what to do', () => {
  const cases: [reason: string, why: RegExp, advice: RegExp][] = [
    ['not started as root: kernel programs need CAP_BPF and CAP_PERFMON', /not started as root: kernel programs need CAP_BPF and CAP_PERFMON/, /start Vedette as root/],
    ['clang is not installed (Debian: apt-get install clang)', /clang is not installed \(Debian: apt-get install clang\)/, /install it, and start Vedette again/],
    ['this kernel has no BTF (/sys/kernel/btf/vmlinux): it was built without CONFIG_DEBUG_INFO_BTF', /has no BTF/, /a kernel that has BTF/],
    ['the kernel programs cannot be loaded (Operation not permitted): x', /Operation not permitted/, /CAP_BPF.*locked down/],
    ['the ring buffer cannot be mapped', /ring buffer/, /docs\/platforms\.md.*\/var\/lib\/vedette\/log\/sensor\.log/],
    ['', /it did not say why/, /sensor\.log/],
  ];
  for (const [reason, why, advice] of cases) {
    const sensor = words();
    if (reason !== '') assert.equal(sensor.read(blind(reason)), null, 'said with what it means, below');
    const said = sensor.read(attached(0, classes));
    assert.equal(said?.mark, 'warning');
    const [what = '', second = '', third = '', ...rest] = said.text.split('\n');
    assert.equal(what, 'sensor on kernel 6.18: 0 hooks. It lists processes and sees nothing else; not seen here: exec, open, connect');
    assert.match(second, /^why: /);
    assert.match(second, why);
    assert.match(third, /^what to do: /);
    assert.match(third, advice);
    assert.deepEqual(rest, []);
    assert.equal(sensor.sees, false);
  }
  assert.match(words().read(attached(0, classes, { processes: 0 }))?.text ?? '', /^sensor on kernel 6\.18: 0 hooks\. It sees nothing; not seen here: exec/);
});

test('a sensor that was started again says only what has changed', () => {
  const sensor = words();
  assert.equal(sensor.read(attached(17, []))?.mark, 'good');
  assert.equal(sensor.read(attached(17, [], { rules: 41 })), null);
  sensor.read(blind('the kernel programs cannot be loaded (Cannot allocate memory): x'));
  assert.equal(sensor.read(attached(0, classes))?.mark, 'warning');
  assert.equal(sensor.sees, false);
  assert.equal(sensor.read(attached(17, []))?.mark, 'good');
  assert.equal(sensor.sees, true);
});

test('warnings are said as they come; information only where it is asked for', () => {
  const connected: LogLine = { level: 'info', message: 'connected to the hub' };
  assert.equal(words().read(connected), null);
  assert.deepEqual(words(true).read(connected), { mark: 'good', text: 'connected to the hub' });
  assert.equal(words(true).read({ level: 'info', message: 'session', kernel: '6.18' }), null);
  assert.deepEqual(words().read({ level: 'warn', message: 'the loader refused a command', command: 'kill', reason: 'no such process' }), { mark: 'warning', text: 'sensor: the loader refused a command: no such process' });
  assert.equal(words(true).read({ level: 'debug', message: 'x' }), null);
});

test('why the loader will not stay is said once, in its own words, without its usage', () => {
  const cases: [lines: readonly string[], code: number, text: string][] = [
    [['vedette-loader: another Vedette sensor is loaded in this kernel, and two that see everything would report it', 'twice. Stop the other one, or give this one a cgroup of its own: --cgroup PATH'], 3, 'another Vedette sensor is loaded in this kernel, and two that see everything would report it twice. Stop the other one, or give this one a cgroup of its own: --cgroup PATH'],
    [['vedette-loader: --cgroup /x is not a cgroup directory'], 2, '--cgroup /x is not a cgroup directory'],
    [['vedette-loader: 6s is not a number', 'usage: vedette-loader --object FILE', '  --object FILE  the compiled programs'], 2, '6s is not a number'],
    [['usage: vedette-loader --object FILE'], 2, 'its loader was started with options it does not know'],
    [[], 2, 'its loader was started with options it does not know'],
    [[], 3, 'another Vedette sensor is loaded in this kernel'],
  ];
  for (const [lines, code, text] of cases) assert.equal(refusalOf(lines, code), text);
  const sensor = words();
  assert.deepEqual(sensor.refused('another one is loaded'), { mark: 'warning', text: 'the sensor does not run: another one is loaded' });
  assert.equal(sensor.sees, false);
});
