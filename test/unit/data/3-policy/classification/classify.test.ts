import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../../../../appliance/data/3-policy/classification/classify.ts';
import { CLASSIFICATIONS, type Classification } from '../../../../../appliance/data/enriched.ts';

const RULED: [Classification, string, string[], string][] = [
  ['invoice', 'rechnung-2021-44.pdf', [], 'Rechnungsdatum 12.03.2021. Zahlbar innerhalb von 14 Tagen.'],
  [
    'contract',
    'scan.pdf',
    ['Master Services Agreement'],
    'This agreement is entered into by and between Alfa and Beta.',
  ],
  [
    'SOP',
    'SOP_017_cleaning.docx',
    ['Standard Operating Procedure'],
    'This procedure describes the cleaning of the tank.',
  ],
  ['policy', 'hr.pdf', ['Remote Work Policy'], 'All staff must comply with this policy.'],
  ['legal_filing', 'doc.pdf', ['IN THE DISTRICT COURT'], 'Jones, plaintiff, v. Smith, defendant. Case No. 12.'],
  ['correspondence', 'letter.docx', [], 'Dear Ms Hall,\nThank you for the photos.\nKind regards\nTom'],
];

const MODELLED: [Classification, string][] = [
  [
    'contract',
    'The receiving party shall keep the information secret. Either party may terminate with three months notice. Neither party may assign its rights without written consent of the other.',
  ],
  [
    'invoice',
    'Qty 4, unit price 12.00, amount 48.00. Subtotal 48.00, VAT 12.00, total 60.00. Bank transfer to the account below.',
  ],
  [
    'SOP',
    'Wear gloves. Switch off the machine, remove the filter and rinse it under water. Record the reading in the log sheet. Press start and wait for the green light.',
  ],
  [
    'policy',
    'Employees are expected to report conflicts of interest to the compliance officer. Violations may lead to disciplinary action. The company is committed to equal opportunities.',
  ],
  [
    'correspondence',
    'Thanks for your note. I hope you are well. Could we meet on Friday? Let me know. I look forward to hearing from you.',
  ],
  [
    'legal_filing',
    'The plaintiff alleges that the defendant breached the contract and requests that the court enter judgment. The defendant denies the allegations.',
  ],
  ['other', 'Whisk the eggs with sugar, add flour and butter and bake in the oven for forty minutes until golden.'],
];

describe('classify', () => {
  for (const [expected, filename, headings, text] of RULED) {
    it(`knows a clear ${expected} by rule`, () => {
      const result = classify({ filename, headings, text });
      assert.equal(result.classification, expected);
      assert.equal(result.decidedBy, 'rules');
      assert.ok(result.confidence >= 0.7);
    });
  }

  for (const [expected, text] of MODELLED) {
    it(`knows a ${expected} by its wording`, () => {
      assert.equal(classify({ filename: 'scan0001.pdf', headings: [], text }).classification, expected);
    });
  }

  it('is unsure about gibberish and empty texts', () => {
    for (const text of [
      '',
      'zxqv blorp fnord wibble quux',
      '84 2 17 9 3 55',
      'كتاب جميل جدا',
      'lorem ipsum dolor sit amet',
    ]) {
      assert.ok(classify({ filename: 'x.bin', headings: [], text }).confidence < 0.7, text);
    }
  });

  it('does not follow a file name against clear wording', () => {
    const text = MODELLED[6]![1].repeat(3);
    const result = classify({ filename: 'letter.txt', headings: [], text });
    assert.equal(result.classification, 'other');
  });

  it('gives a known class, a confidence in 0–1 and the same answer each time', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 4 }),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        (filename, headings, text) => {
          const result = classify({ filename, headings, text });
          assert.ok(CLASSIFICATIONS.includes(result.classification));
          assert.ok(result.confidence >= 0 && result.confidence <= 1);
          assert.deepEqual(classify({ filename, headings, text }), result);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes words like constructor and __proto__ as words', () => {
    assert.ok(
      Number.isFinite(
        classify({ filename: '', headings: [], text: 'constructor __proto__ toString valueOf' }).confidence,
      ),
    );
  });
});
