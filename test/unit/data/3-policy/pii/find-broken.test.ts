import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { findPii } from '../../../../../appliance/data/3-policy/pii/find-pii.ts';
import { mendBreaks } from '../../../../../appliance/data/3-policy/text/mend-breaks.ts';
import type { PiiType } from '../../../../../appliance/data/enriched.ts';

const TYPES: PiiType[] = ['SSN', 'DOB', 'EMAIL', 'PHONE', 'FINANCIAL_ACCOUNT'];
const found = (text: string) => findPii(text, TYPES).map(({ type, start, end }) => [type, text.slice(start, end)]);

describe('a value that the end of a line divides is found whole', () => {
  for (const [text, type, value] of [
    ['His number is 536-22-\n8145 as given.', 'SSN', '536-22-\n8145'],
    ['His number is 536-22\n-8145 as given.', 'SSN', '536-22\n-8145'],
    ['His number is 536-\r\n  22-8145 as given.', 'SSN', '536-\r\n  22-8145'],
    ['His number is 536-\n22-\n8145 as given.', 'SSN', '536-\n22-\n8145'],
    ['His number is 536-22- 8145 as given.', 'SSN', '536-22- 8145'],
    ['born on 03/14/\n1962 in Bergen', 'DOB', '03/14/\n1962'],
    ['geboren am 14.03.\n1962', 'DOB', '14.03.\n1962'],
    ['mail dana@\nexample.com now', 'EMAIL', 'dana@\nexample.com'],
    ['mail dana@ example.com now', 'EMAIL', 'dana@ example.com'],
    ['mail dana@example.\ncom now', 'EMAIL', 'dana@example.\ncom'],
    ['mail dana_\nsmith@example.com now', 'EMAIL', 'dana_\nsmith@example.com'],
    ['mail dana@north-\nsea.example.com now', 'EMAIL', 'dana@north-\nsea.example.com'],
    ['card 4111 1111\n1111 1111 please', 'FINANCIAL_ACCOUNT', '4111 1111\n1111 1111'],
    ['IBAN DE89 3704 0044\n0532 0130 00', 'FINANCIAL_ACCOUNT', 'DE89 3704 0044\n0532 0130 00'],
    ['call +47 22 33\n44 55', 'PHONE', '+47 22 33\n44 55'],
    ['tel. 22 33\n44 55 in the evening', 'PHONE', '22 33\n44 55'],
    ['reach me at (212)\n555-0187 today', 'PHONE', '(212)\n555-0187'],
    ['SSN 536 22\n8145 as given', 'SSN', '536 22\n8145'],
    ['His number is 536-22-\r8145 as given.', 'SSN', '536-22-\r8145'],
    ['His number is 536-22-\u2028 8145 as given.', 'SSN', '536-22-\u2028 8145'],
    ['born 14 March\n1962 in Bergen', 'DOB', '14 March\n1962'],
    ['born March 14,\n1962 in Bergen', 'DOB', 'March 14,\n1962'],
    ['born March\n14, 1962 in Bergen', 'DOB', 'March\n14, 1962'],
    ['geboren am 14.\nMärz 1962', 'DOB', '14.\nMärz 1962'],
  ] as const) {
    test(JSON.stringify(text), () => assert.deepEqual(found(text), [[type, value]]));
  }
});

describe('what only stands below something else is left alone', () => {
  for (const text of [
    '12345678\n91234567\n45678901',
    '212\n555\n0187',
    '2019\n2020\n2021\n2022',
    'pages 12-\n14 and 3/\n4',
    'see 1.\n2 and 14.\n03 in 1999',
    'the wall is 12 - 14 cm',
    '4111 1111\n1111 1112 is no card',
    'Tel\n22 33\n44 55',
    'tel 12 34\n22 33\n44 55',
    'SSN\n536 22\n8145',
    'signed on 14 March\n1962 by both',
  ]) {
    test(JSON.stringify(text), () => assert.deepEqual(found(text), []));
  }

  test('the next line is no part of a number that is whole on its own', () => {
    assert.deepEqual(found('tel 22 33 44 55\n12 34 as before'), [['PHONE', '22 33 44 55']]);
  });

  test('an address at the end of a sentence does not take the next word along', () => {
    assert.deepEqual(found('Write to bob@example.com. the rest follows'), [['EMAIL', 'bob@example.com']]);
    assert.deepEqual(found('Write to bob@example.com.\nThe rest follows'), [['EMAIL', 'bob@example.com']]);
  });
});

describe('a mended text', () => {
  const pieces = fc.constantFrom(
    '536-22-',
    '8145',
    '03/',
    ' ',
    '\n',
    ' \r\n ',
    'dana@',
    'example.',
    'com',
    'word',
    '4111',
    '𝟙',
    '.',
  );

  test('leads every place back to the same character', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const broken = parts.join('');
        const mended = mendBreaks(broken);
        if (mended === null) return;
        for (let at = 0; at < mended.text.length; at++) {
          const [start, end] = mended.toBroken(at, at + 1);
          if (mended.text[at] === broken[start]) assert.equal(end, start + 1);
          else assert.ok(mended.text[at] === ' ' && /\s/.test(broken.slice(start - 1, end)), `at ${at}`);
        }
      }),
    );
  });

  test('loses nothing but white space', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const broken = parts.join('');
        const text = mendBreaks(broken)?.text ?? broken;
        assert.equal(text.replace(/\s/g, ''), broken.replace(/\s/g, ''));
      }),
    );
  });
});
