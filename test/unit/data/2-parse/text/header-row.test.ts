import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guessHeaderRows } from '../../../../../appliance/data/2-parse/text/header-row.ts';

describe('guessing a header row', () => {
  it('finds one where the first row looks like names', () => {
    assert.equal(
      guessHeaderRows([
        ['Name', 'Date of birth'],
        ['a', '1'],
      ]),
      1,
    );
    assert.equal(
      guessHeaderRows([
        ['Name', 'Sum', ''],
        ['a', '1', 'x'],
      ]),
      1,
    );
  });

  it('finds none in numbers, amounts, dates, repeated or missing names, or a single row', () => {
    const below = ['a', 'b', 'c'];
    for (const first of [
      ['1', '2', '3'],
      ['Name', '€ 5.00', 'x'],
      ['Name', '2024-01-01', 'x'],
      ['a', 'a', 'b'],
      ['Title', '', ''],
    ]) {
      assert.equal(guessHeaderRows([first, below]), 0, first.join());
    }
    assert.equal(guessHeaderRows([['Name', 'Sum']]), 0);
    assert.equal(guessHeaderRows([]), 0);
  });
});
