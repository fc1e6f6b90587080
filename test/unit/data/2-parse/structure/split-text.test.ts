import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitText } from '../../../../../appliance/data/2-parse/structure/split-text.ts';

const split = (text: string, soft: number, hard: number, room?: number) =>
  splitText(text, 0, text.length, { soft, hard }, room).map(({ start, end }) => text.slice(start, end));

describe('splitting long text', () => {
  it('cuts at the last sentence end under the soft limit', () => {
    assert.deepEqual(split('One two. Three four. Five six seven.', 22, 40), [
      'One two. Three four.',
      'Five six seven.',
    ]);
  });

  it('lets a single sentence run past the soft limit up to the hard one', () => {
    assert.deepEqual(split('A long first sentence here. Short one.', 10, 30), [
      'A long first sentence here.',
      'Short one.',
    ]);
  });

  it('cuts between words where no sentence ends', () => {
    assert.deepEqual(split('aaaa bbbb cccc dddd', 10, 12), ['aaaa bbbb', 'cccc dddd']);
  });

  it('cuts after CJK stops, which no space follows', () => {
    assert.deepEqual(split('一二三。四五六。七八九。', 9, 9), ['一二三。四五六。', '七八九。']);
  });

  it('never cuts a surrogate pair, a combined character or an emoji sequence that fits', () => {
    for (const unit of ['😀', 'e\u0301\u0323', '👩‍👩‍👧', '👍🏽']) {
      for (const piece of split(unit.repeat(40), 20, 23)) assert.equal(piece.length % unit.length, 0, unit);
    }
  });

  it('cuts a pile of marks somewhere rather than exceed the limit', () => {
    const pieces = split(`a${'\u0301'.repeat(500)}`, 16, 16);
    assert.ok(pieces.every((piece) => piece.length <= 16));
    assert.equal(pieces.join('').length, 501);
  });

  it('gives the first piece only the room it is told', () => {
    const [first] = split('aaaa bbbb cccc dddd eeee', 20, 20, 9);
    assert.equal(first, 'aaaa bbbb');
  });
});
