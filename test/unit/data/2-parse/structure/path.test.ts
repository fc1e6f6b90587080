import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linePaths, mergePaths, rowsPath } from '../../../../../appliance/data/2-parse/structure/path.ts';

describe('paths', () => {
  it('narrow a range to the rows of a part, but not where hidden rows make it higher than the table', () => {
    assert.deepEqual(rowsPath({ sheet: 'S', range: 'A1:C10' }, [2, 5], 10), { sheet: 'S', range: 'A3:C5' });
    assert.deepEqual(rowsPath({ sheet: 'S', range: 'A1:C10' }, [2, 5], 8), { sheet: 'S', range: 'A1:C10' });
    assert.equal(rowsPath(undefined, [0, 1], 1), undefined);
  });

  it('merge to the whole reach of their blocks', () => {
    assert.deepEqual(mergePaths([{ line: 1, end_line: 2 }, undefined, { line: 5 }]), { line: 1, end_line: 5 });
    assert.deepEqual(
      mergePaths([
        { sheet: 'S', range: 'A1' },
        { sheet: 'S', range: 'C3' },
      ]),
      { sheet: 'S', range: 'A1:C3' },
    );
    assert.deepEqual(mergePaths([{ paragraph: 3 }, { paragraph: 5 }]), { paragraph: 3 });
    assert.equal(mergePaths([]), undefined);
  });

  it('narrow the lines of a block to those of its parts, unless it was re-flowed', () => {
    const text = 'a\nb\nc\nd';
    const parts = [
      { start: 0, end: 3 },
      { start: 4, end: 7 },
    ];
    assert.deepEqual(linePaths(text, { start: 0, end: 7, path: { line: 5, end_line: 8 } }, parts), [
      { line: 5, end_line: 6 },
      { line: 7, end_line: 8 },
    ]);
    const whole = { line: 5, end_line: 20 };
    assert.deepEqual(linePaths(text, { start: 0, end: 7, path: whole }, parts), [whole, whole]);
  });
});
