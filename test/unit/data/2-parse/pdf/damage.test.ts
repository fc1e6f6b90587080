import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pdfReader } from '../../../../../appliance/data/2-parse/pdf/read-pdf.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { buildPdf } from '../../../../support/pdf-builder.ts';
import { column, fakeOcr, OPTIONS } from './reading.ts';

const WHOLE = buildPdf({
  pages: [
    {
      draw: [
        ...column(['Some lines of text that', 'will be damaged below.'], 72, 100),
        { rectangle: [60, 160, 200, 30], fill: [0.2, 0.2, 0.2] },
        { text: 'White', x: 72, y: 180, colour: [1, 1, 1] },
        { line: [72, 200, 300, 200] },
        { image: [72, 220, 100, 100], pixels: { data: new Uint8Array(16).fill(80), width: 4, height: 4 } },
      ],
      annotations: ['/Type /Annot /Subtype /Link /Rect [72 700 200 720] /A << /S /URI /URI (http://example.test/) >>'],
    },
    { rotate: 90, draw: [{ text: 'Second page', x: 72, y: 300 }] },
  ],
  attachment: { name: 'a.txt', content: 'abc' },
});

/** Any outcome but a layout or an error of ours is a defect. */
async function survives(bytes: Uint8Array): Promise<void> {
  try {
    const layout = await pdfReader(fakeOcr(['recognised']))(bytes, OPTIONS);
    assert.ok(layout.pages.length >= 1);
  } catch (error) {
    assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED', 'FILE_ENCRYPTED'), String(error));
  }
}

describe('readPdf: damaged files', () => {
  it('gives a layout or a refusal for every truncation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: WHOLE.length - 1 }), (length) => survives(WHOLE.slice(0, length))),
      { numRuns: 60, seed: 1 },
    );
  });

  it('gives a layout or a refusal for changed bytes', async () => {
    const change = fc.record({ at: fc.nat(WHOLE.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = WHOLE.slice();
        for (const { at, value } of changes) bytes[at] = value;
        return survives(bytes);
      }),
      { numRuns: 80, seed: 2 },
    );
  });

  it('reads a page whose numbers are absurd', async () => {
    const huge = 1e9;
    await survives(
      buildPdf({
        pages: [
          { width: 14000, height: 14000, draw: [{ text: 'far', x: huge, y: -huge, size: 1e6 }] },
          { width: 1, height: 1, draw: [{ line: [-huge, 0, huge, 0] }, { text: 'x', x: 0, y: 0, size: 0 }] },
        ],
      }),
    );
  });
});
