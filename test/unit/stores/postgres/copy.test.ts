import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { copiedLine } from '../../../../appliance/stores/postgres/copy.ts';
import { plainText } from '../../../../appliance/stores/postgres/parameters.ts';

describe('a row as COPY reads it', () => {
  test('nothing, an empty text and the sign for nothing are told apart', () => {
    assert.equal(copiedLine(['a', 'b', 'c', 'd'], { a: null, b: '', c: '\\N', d: 0 }), '\\N\t\t\\\\N\t0\n');
  });

  test('columns stand in the order that was asked for, and one that is missing is a defect', () => {
    assert.equal(copiedLine(['b', 'a'], { a: 1, b: 'x', c: 'left out' }), 'x\t1\n');
    assert.throws(() => copiedLine(['a', 'b'], { a: 1 }), /column b is missing/);
  });

  test('a text that would end the rows does not', () => {
    assert.equal(copiedLine(['a'], { a: '\\.' }), '\\\\.\n');
  });

  test('whatever texts hold, they are one line, and come back as they were', () => {
    const text = fc.option(
      fc.string({
        unit: fc.constantFrom('\0', '\uffff', '\\', 'N', 'n', '.', '\n', '\r', '\t', '😀', '\ud83d', '\ude00'),
      }),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const names = texts.map((_, at) => `c${at}`);
        const line = copiedLine(names, Object.fromEntries(texts.map((value, at) => [names[at], value])));
        assert.match(line, /^[^\n\r\0]*\n$/);
        assert.ok(line.isWellFormed());
        assert.deepEqual(line.slice(0, -1).split('\t').map(read), texts);
      }),
    );
  });
});

/** A field as the server reads it: a backslash and what follows stand for one character. */
function read(field: string): string | null {
  if (field === '\\N') return null;
  const signs: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  return plainText(field.replace(/\\(.)/gs, (_, sign: string) => signs[sign] ?? sign));
}
