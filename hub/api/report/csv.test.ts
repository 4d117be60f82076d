import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { field, line } from './csv.ts';
import { escape } from './html.ts';
import { plain } from './pdf.ts';

test('a field that a spreadsheet would reckon with is a text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain', 'plain'], ['', ''], ['a,b', '"a,b"'], ['say "hi"', '"say ""hi"""'], ['two\nlines', '"two\nlines"'], ['a;b', '"a;b"'],
    ['=1+1', `"'=1+1"`], ['+1', `"'+1"`], ['-1', `"'-1"`], ['@SUM(A1)', `"'@SUM(A1)"`], [' =1', `"' =1"`], ['\t=1', `"'\t=1"`], ['\r=1', `"'\r=1"`], ['|cmd', `"'|cmd"`], ['\uFF1D1', `"'\uFF1D1"`], ['\u200b=1', `"'\u200b=1"`], ['1=1', '1=1'],
  ];
  for (const [text, written] of cases) equal(field(text), written, JSON.stringify(text));
  equal(line(['a', '=b']), `a,"'=b"\r\n`);
});

test('whatever the text, a reader of CSV gets it back, but for the apostrophe; HTML holds no mark-up of it; PDF only letters that it has', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const written = field(text);
    const back = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
    equal(back === text || back === `'${text}`, true);
    equal(/[<>]/.test(escape(text)), false);
    equal(/[^\n\x20-\x7e\xa0-\xff\u2013\u2014\u2018\u2019\u201c\u201d\u2022]/.test(plain(text)), false);
  }));
});
