import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { listOperators, modifiers, orderOperators, textOperators } from '../operators.ts';
import { insertedText } from '../placed-text.ts';
import type { At, Expression, LiteralOperand, Operand, RightOperand, TransformArgument, ValueOperand } from './ast.ts';
import { parseCondition } from './parse.ts';
import { printCondition } from './print.ts';

const source = (text: string) => insertedText(text, { file: 'test', line: 1, column: 1 });

const printed: readonly (readonly [condition: string, printed: string])[] = [
  ['proc.name=bash', 'proc.name = "bash"'],
  ['proc.name = bash and not proc.pname in (a, "b c")', 'proc.name = "bash" and not proc.pname in ("a", "b c")'],
  ['a or b and c', 'a or b and c'],
  ['(a or b) and c', '(a or b) and c'],
  ['not not a', 'a'],
  ['not not not a', 'not a'],
  ['not(a or b)', 'not (a or b)'],
  ['nothing', 'nothing'],
  ['a and(b) or(c)', 'a and b or c'],
  ['  a\n and\tb ', 'a and b'],
  ['proc.aname[2]=x', 'proc.aname["2"] = "x"'],
  ['container.mount.dest[/etc/*] exists', 'container.mount.dest["/etc/*"] exists'],
  ["proc.args contains 'it\\'s'", 'proc.args contains "it\'s"'],
  ['proc.args contains "a\\\\b\\n"', 'proc.args contains "a\\\\b\\n"'],
  ['proc.args contains "old\\ form"', 'proc.args contains "old\\\\form"'],
  ['proc.name in ()', 'proc.name in ()'],
  ['proc.name in (runc:[0:PARENT], /etc/*)', 'proc.name in ("runc:[0:PARENT]", "/etc/*")'],
  ['proc.name in some_list', 'proc.name in ("some_list")'],
  ['evt.rawres >= -1', 'evt.rawres >= -1'],
  ['fd.num<=0x1F', 'fd.num <= 0x1F'],
  ['proc.duration < 5e+9', 'proc.duration < 5e+9'],
  ['proc.name = val(proc.pname)', 'proc.name = val(proc.pname)'],
  ['len(basename(proc.exepath)) > 3', 'len(basename(proc.exepath)) > 3'],
  ['tolower( proc.name ) = x', 'tolower(proc.name) = "x"'],
  ['concat( proc.name,"a b" , 7 )=x', 'concat(proc.name, "a b", "7") = "x"'],
  ['join("-", (a.b, "c", toupper(d.e))) = x', 'join("-", (a.b, "c", toupper(d.e))) = "x"'],
  ['join(",", ()) exists', 'join(",", ()) exists'],
  ['proc.name = concat(proc.pname, "x")', 'proc.name = concat(proc.pname, "x")'],
  ['getopt(proc.args, "lp:")[p] != 80', 'getopt(proc.args, "lp:")["p"] != "80"'],
  ['len(getopt(proc.args, "lp:")) > 2', 'len(getopt(proc.args, "lp:")) > 2'],
  ['proc.name startswith anyof (a, b)', 'proc.name startswith anyof ("a", "b")'],
  ['proc.name = oneof(a,b)', 'proc.name = oneof ("a", "b")'],
  ['proc.name = anyof', 'proc.name = "anyof"'],
  ['proc.name in(a)', 'proc.name in ("a")'],
  ['proc.name == x', 'proc.name == "x"'],
  ['fd.name pmatch (/etc, /var/run)', 'fd.name pmatch ("/etc", "/var/run")'],
  ['evt.arg.request contains PTRACE', 'evt.arg.request contains "PTRACE"'],
];

test('conditions parse to the tree that is meant', () => {
  for (const [condition, expected] of printed) {
    const parsed = parseCondition(source(condition));
    equal(parsed.ok ? printCondition(parsed.expression) : parsed.message, expected, condition);
  }
});

const refused: readonly (readonly [condition: string, offset: number, message: RegExp])[] = [
  ['', 0, /empty/],
  ['proc.name', 9, /operator.*ends here/],
  ['proc.name =', 11, /value/],
  ['proc.name = (a)', 12, /value after =, found/],
  ['proc.name = a b', 14, /expected and, or.*"b"/],
  ['(a or b', 7, /expected \)/],
  ['a or', 4, /blank or \( after or/],
  ['a and and', 6, /field, a macro or \(, found "and"/],
  ['proc.name = "open', 12, /quote is not closed/],
  ['proc.name = "a\\qb"', 14, /not an escape/],
  ['proc.name in (a b)', 16, /expected , or \)/],
  ['proc.name in (a,)', 16, /value after the comma/],
  ['proc.duration < soon', 16, /number after </],
  ['proc.aname[] = a', 11, /argument/],
  ['proc.aname[1 = a', 12, /expected \]/],
  ['len(5) > 3', 4, /field in len/],
  ['join() = a', 5, /field in join/],
  ['concat(a.b, ) = a', 12, /value after the comma/],
  ['concat(a.b, (c.d) = a', 18, /to close concat/],
  ['join("-", (a.b c.d)) = a', 15, /expected , or \)/],
  ['getopt(a.b, "x")[] = a', 17, /argument/],
  ['= a', 0, /field, a macro or \(/],
];

test('what is not a condition is refused with its offset', () => {
  for (const [condition, offset, message] of refused) {
    const parsed = parseCondition(source(condition));
    ok(!parsed.ok, condition);
    equal(parsed.at.offset, offset, condition);
    ok(message.test(parsed.message), `${condition}: ${parsed.message}`);
  }
});

test('nesting is bounded, and the bound is far from the end of the stack', () => {
  const nested = (depth: number) => `${'('.repeat(depth)}a${')'.repeat(depth)}`;
  ok(parseCondition(source(nested(1000))).ok);
  for (const text of [nested(100_000), 'not '.repeat(100_000), 'a or not (b and '.repeat(50_000), `${'len('.repeat(100_000)}x.y`]) {
    const refused = parseCondition(source(text));
    ok(!refused.ok && refused.message.length < 200, text.slice(0, 20));
  }
});

const at: At = { text: source(''), offset: 0 };

/** Positions differ between a tree and what its print parses to. */
function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'at' ? undefined : inner)));
}

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/).filter((text) => !/^(not|and|or|exists|in|val|len|b64|tolower|toupper|basename|join|concat|getopt)/.test(text));
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => value.toWellFormed());
const value = text.map((one): ValueOperand => ({ kind: 'value', text: one, at }));
const list = fc.array(value, { maxLength: 4 }).map((items) => ({ kind: 'list' as const, items, at }));
const field = fc.record({ name: fc.tuple(word, word).map((parts) => parts.join('.')), argument: fc.option(text) }).map((one): Operand => ({ kind: 'field', ...one, at }));
const transform = fc.constantFrom('tolower', 'toupper', 'b64', 'basename', 'len');
const argument: fc.Arbitrary<Operand | LiteralOperand> = fc.oneof(field, text.map((one): LiteralOperand => ({ kind: 'literal', text: one, at })));
const operand: fc.Arbitrary<Operand> = fc.oneof(
  field,
  fc.tuple(transform, field).map(([name, of]): Operand => ({ kind: 'transform', name: name as 'tolower', of: [of], argument: null, at })),
  fc.tuple(fc.constantFrom('join' as const, 'concat' as const, 'getopt' as const), fc.array(fc.oneof(argument, fc.array(argument, { maxLength: 3 }).map((of): TransformArgument => ({ kind: 'tuple', of, at }))), { minLength: 1, maxLength: 3 }), fc.option(text))
    .map(([name, of, brackets]): Operand => ({ kind: 'transform', name, of, argument: brackets, at })),
);
const compare = fc.oneof(
  fc.tuple(operand, fc.constantFrom(...textOperators), fc.oneof(value, fc.tuple(transform, field).map(([name, of]): RightOperand => ({ kind: 'transform', name: name as 'len', of: [of], argument: null, at })))).map(([left, operator, right]): Expression => ({ kind: 'compare', left, operator, modifier: null, right, at })),
  fc.tuple(operand, fc.constantFrom(...textOperators), fc.constantFrom(...modifiers), list).map(([left, operator, modifier, right]): Expression => ({ kind: 'compare', left, operator, modifier, right, at })),
  fc.tuple(operand, fc.constantFrom(...listOperators), list).map(([left, operator, right]): Expression => ({ kind: 'compare', left, operator, modifier: null, right, at })),
  fc.tuple(operand, fc.constantFrom(...orderOperators), fc.integer()).map(([left, operator, number]): Expression => ({ kind: 'compare', left, operator, modifier: null, right: { kind: 'value', text: String(number), at }, at })),
);
const expression = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    compare,
    operand.map((left): Expression => ({ kind: 'exists', left, at })),
    word.map((name): Expression => ({ kind: 'macro', name, at })),
    tie('tree').map((of): Expression => ({ kind: 'not', of, at })),
    fc.tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('tree'), { minLength: 2, maxLength: 4 })).map(([kind, of]): Expression => ({ kind, of, at })),
  ),
})).tree;

test('a printed tree parses to the same tree', () => {
  fc.assert(
    fc.property(expression, (tree) => {
      const condition = printCondition(tree);
      const parsed = parseCondition(source(condition));
      ok(parsed.ok, `${condition}: ${parsed.ok ? '' : parsed.message}`);
      deepEqual(bare(parsed.expression), bare(tree));
    }),
    { numRuns: 500 },
  );
});

test('no text makes the parser throw', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab.=()"\'\\ ,[]<>!09'.split(''), ' and ', ' or ', 'not ', ' in ', 'proc.name', 'len(', ' exists'), maxLength: 60 }), (condition) => {
    parseCondition(source(condition));
  }), { numRuns: 2000 });
});
