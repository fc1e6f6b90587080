import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findPii } from '../../../../../appliance/data/3-policy/pii/find-pii.ts';
import { redact } from '../../../../../appliance/data/3-policy/pii/redact.ts';
import { PII_TYPES, type PiiType } from '../../../../../appliance/data/enriched.ts';

/** What the gate finds, as [type, text]. */
function found(text: string, types: readonly PiiType[] = PII_TYPES): [string, string][] {
  return findPii(text, types).map((span) => [span.type, text.slice(span.start, span.end)]);
}

const FOUND: [string, PiiType, string][] = [
  // Identity numbers, each with a valid check digit made up for the test.
  ['SSN 536-22-8145 on file', 'SSN', '536-22-8145'],
  ['her social security number is 536228145', 'SSN', '536228145'],
  ['ITIN: 912-70-1234', 'SSN', '912-70-1234'],
  ['National insurance AB 12 34 56 C', 'SSN', 'AB 12 34 56 C'],
  ['Codice fiscale RSSMRA85T10A562S', 'SSN', 'RSSMRA85T10A562S'],
  ['DNI 12345678Z', 'SSN', '12345678Z'],
  ['NIE X1234567L', 'SSN', 'X1234567L'],
  ['CPF 529.982.247-25', 'SSN', '529.982.247-25'],
  ['AHV 756.1234.5678.97', 'SSN', '756.1234.5678.97'],
  ['henkilötunnus 131052-308T', 'SSN', '131052-308T'],
  ['personnummer 811218-9876', 'SSN', '811218-9876'],
  ['NIR 2 55 08 14 168 025 38', 'SSN', '2 55 08 14 168 025 38'],
  ['Steuer-ID 86095742719', 'SSN', '86095742719'],
  ['BSN 111222333', 'SSN', '111222333'],
  ['PESEL 44051401359', 'SSN', '44051401359'],
  // Contact.
  ['write to anna.berg+x@post.example.no today', 'EMAIL', 'anna.berg+x@post.example.no'],
  ['mail jürgen@müller-söhne.de', 'EMAIL', 'jürgen@müller-söhne.de'],
  ['reach kim (at) firm (dot) com', 'EMAIL', 'kim (at) firm (dot) com'],
  ['Tel. +47 22 33 44 55', 'PHONE', '+47 22 33 44 55'],
  ['call (555) 234-5678 ext. 12', 'PHONE', '(555) 234-5678 ext. 12'],
  ['Telefon: 089 / 123 456 78', 'PHONE', '089 / 123 456 78'],
  ['ring 01 42 68 53 00', 'PHONE', '01 42 68 53 00'],
  ['+44 (0)20 7946 0958', 'PHONE', '+44 (0)20 7946 0958'],
  // Accounts.
  ['card 4111 1111 1111 1111', 'FINANCIAL_ACCOUNT', '4111 1111 1111 1111'],
  ['Amex 3782-822463-10005', 'FINANCIAL_ACCOUNT', '3782-822463-10005'],
  ['IBAN DE89 3704 0044 0532 0130 00', 'FINANCIAL_ACCOUNT', 'DE89 3704 0044 0532 0130 00'],
  ['iban no9386011117947', 'FINANCIAL_ACCOUNT', 'no9386011117947'],
  ['Account number: 00123456789', 'FINANCIAL_ACCOUNT', '00123456789'],
  // Dates of birth.
  ['DOB: 03/14/1962', 'DOB', '03/14/1962'],
  ['born on 3 May 1971 in Leeds', 'DOB', '3 May 1971'],
  ['geboren am 12. März 1980', 'DOB', '12. März 1980'],
  ['née le 04.02.1955', 'DOB', '04.02.1955'],
  ['født 1. januar 1990', 'DOB', '1. januar 1990'],
  ['date of birth 1988-11-30', 'DOB', '1988-11-30'],
  // Documents.
  ['MRN: 00482913', 'MEDICAL_RECORD', '00482913'],
  ['NHS number 943 476 5919', 'MEDICAL_RECORD', '943 476 5919'],
  ['passport no. X1234567', 'PASSPORT', 'X1234567'],
  ['Reisepass C01X00T47', 'PASSPORT', 'C01X00T47'],
  ["driver's license D1234567", 'DRIVERS_LICENSE', 'D1234567'],
  ['licence MORGA657054SM9IJ', 'DRIVERS_LICENSE', 'MORGA657054SM9IJ'],
  // Addresses.
  [
    'at 1600 Pennsylvania Avenue NW, Washington, DC 20500',
    'ADDRESS',
    '1600 Pennsylvania Avenue NW, Washington, DC 20500',
  ],
  ['wohnt in der Hauptstraße 12a, 10115 Berlin', 'ADDRESS', 'Hauptstraße 12a, 10115 Berlin'],
  ['12 rue de la Paix, 75002 Paris', 'ADDRESS', '12 rue de la Paix, 75002 Paris'],
  ['Storgata 5 B, 0155 Oslo', 'ADDRESS', 'Storgata 5 B, 0155 Oslo'],
  ['Via Roma 12, 00184 Roma', 'ADDRESS', 'Via Roma 12, 00184 Roma'],
  ['P.O. Box 4711', 'ADDRESS', 'P.O. Box 4711'],
  ['vive en C/ Mayor, 4', 'ADDRESS', 'C/ Mayor, 4'],
  ['ul. Długa 7', 'ADDRESS', 'ul. Długa 7'],
  // Names.
  ['Mr. Okonkwo signed it', 'NAME', 'Okonkwo'],
  ['Name: Zdzisław Brzęk', 'NAME', 'Zdzisław Brzęk'],
  ['yesterday Sarah Whitfield resigned', 'NAME', 'Sarah Whitfield'],
  ['Frau Dr. Hannelore Vogt', 'NAME', 'Hannelore Vogt'],
  ['ich heiße Jörg', 'NAME', 'Jörg'],
];

const NOT_FOUND: [string, PiiType][] = [
  ['serial 000-12-3456', 'SSN'],
  ['order 666-12-3456', 'SSN'],
  ['reference 123456789', 'SSN'],
  ['signed on 3 May 1971', 'DOB'],
  ['Invoice date 2021-03-04', 'DOB'],
  ['card 4111 1111 1111 1112 is an example'.replace('card ', 'lot '), 'FINANCIAL_ACCOUNT'],
  ['part DE89 3704 0044 0532 0130 01', 'FINANCIAL_ACCOUNT'],
  ['ISBN 978-3-16-148410-0', 'PHONE'],
  ['between 2019-2021', 'PHONE'],
  ['version 1.2.3.4', 'PHONE'],
  ['total 1 250 000 kr', 'PHONE'],
  ['see Section 12 of the Agreement', 'ADDRESS'],
  ['a dataset called SynthSet 1 was used in place of version 2', 'ADDRESS'],
  ['published on 11 Mar 2022, volume 29 No. 2', 'ADDRESS'],
  ['the logo is located on page 5', 'ADDRESS'],
  ['registered journal 0142-5455', 'PHONE'],
  ['price list 12345678', 'PASSPORT'],
  ['lot number A1234567', 'DRIVERS_LICENSE'],
  ['The Supplier shall deliver the Goods to the Customer', 'NAME'],
  ['Der Auftragnehmer liefert die Ware an den Auftraggeber', 'NAME'],
  ['user@localhost', 'EMAIL'],
];

describe('findPii', () => {
  for (const [text, type, value] of FOUND) {
    it(`finds ${type} in "${text}"`, () => {
      assert.ok(
        found(text).some(([t, v]) => t === type && v === value),
        JSON.stringify(found(text)),
      );
    });
  }

  for (const [text, type] of NOT_FOUND) {
    it(`reports no ${type} in "${text}"`, () => {
      assert.deepEqual(
        found(text).filter(([t]) => t === type),
        [],
      );
    });
  }

  it('reports only wanted types', () => {
    const text = 'SSN 536-22-8145, mail a@b.example.com';
    assert.deepEqual(found(text, ['EMAIL']), [['EMAIL', 'a@b.example.com']]);
    assert.deepEqual(findPii(text, []), []);
  });

  it('sees through look-alike digits, spaces and invisible characters, with offsets in the original', () => {
    assert.deepEqual(found('SSN ５３６-２２-８１４５ ok', ['SSN']), [['SSN', '５３６-２２-８１４５']]);
    assert.deepEqual(found('😀 SSN 536\u201122\u20118145', ['SSN']), [['SSN', '536\u201122\u20118145']]);
    assert.deepEqual(found('SSN 53\u200B6-22-8145', ['SSN']), [['SSN', '53\u200B6-22-8145']]);
    assert.deepEqual(found('𝟓𝟑𝟔-𝟐𝟐-𝟖𝟏𝟒𝟓', ['SSN']), [['SSN', '𝟓𝟑𝟔-𝟐𝟐-𝟖𝟏𝟒𝟓']]);
    assert.deepEqual(found('tel\u00A0+47\u00A022\u00A033\u00A044\u00A055', ['PHONE']), [
      ['PHONE', '+47\u00A022\u00A033\u00A044\u00A055'],
    ]);
  });

  it('takes a number for what it most likely is', () => {
    assert.deepEqual(found('card number 4111111111111111'), [['FINANCIAL_ACCOUNT', '4111111111111111']]);
    assert.deepEqual(found('write to john.smith@corp.example'), [['EMAIL', 'john.smith@corp.example']]);
  });
});

const pieces = fc.constantFrom(
  'John Smith',
  ' ',
  '\n',
  '536-22-8145',
  'SSN ',
  'born 03/14/1962',
  '+47 22 33 44 55',
  'a@b.com',
  '12 Main Street',
  ', 0155 Oslo',
  'IBAN DE89370400440532013000',
  '４１',
  '\u200B',
  '😀',
  'é',
  'e\u0301',
  '\uD800',
  'Name: ',
  'passport X1234567',
  'MRN 123456',
  'ﬁ',
  '-',
  '.',
  '9',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces, { maxLength: 25 }).map((all) => all.join('')),
);

describe('spans', () => {
  it('are sorted, disjoint, inside the text, of wanted types, and never split a surrogate pair', () => {
    fc.assert(
      fc.property(texts, fc.subarray([...PII_TYPES]), (text, types) => {
        let at = 0;
        for (const span of findPii(text, types)) {
          assert.ok(span.start >= at && span.end > span.start && span.end <= text.length);
          assert.ok(types.includes(span.type));
          assert.ok(span.confidence >= 0.5 && span.confidence <= 1);
          assert.ok(!/[\uDC00-\uDFFF]/.test(text[span.start]!) || !/[\uD800-\uDBFF]/.test(text[span.start - 1] ?? ''));
          assert.ok(!/[\uD800-\uDBFF]/.test(text[span.end - 1]!) || !/[\uDC00-\uDFFF]/.test(text[span.end] ?? ''));
          at = span.end;
        }
      }),
      { numRuns: 80 },
    );
  });

  it('are the same each time', () => {
    fc.assert(
      fc.property(texts, (text) => assert.deepEqual(findPii(text, PII_TYPES), findPii(text, PII_TYPES))),
      { numRuns: 60 },
    );
  });
});

describe('redact', () => {
  it('puts the type in the place of each span', () => {
    assert.equal(redact('a bcd e', [{ type: 'NAME', start: 2, end: 5 }]), 'a [REDACTED:NAME] e');
  });

  it('keeps everything else and nothing of the spans', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const spans = findPii(text, PII_TYPES);
        const parts = redact(text, spans).split(/\[REDACTED:[A-Z_]+\]/);
        const outside: string[] = [];
        let at = 0;
        for (const span of spans) {
          outside.push(text.slice(at, span.start));
          at = span.end;
        }
        outside.push(text.slice(at));
        assert.deepEqual(parts, outside);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses spans that overlap or leave the text', () => {
    assert.throws(() => redact('abc', [{ type: 'NAME', start: 0, end: 9 }]), RangeError);
    assert.throws(
      () =>
        redact('abc', [
          { type: 'NAME', start: 0, end: 2 },
          { type: 'NAME', start: 1, end: 3 },
        ]),
      RangeError,
    );
  });
});
