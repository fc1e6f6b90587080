import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { piecesOf } from '../../../../../appliance/models/embedder/endpoint/pieces.ts';

it('a text that is read at once is one piece, without the white space around it', () => {
  assert.deepEqual(piecesOf(' a lease \n', 200), ['a lease']);
});

it('a text without a word is no piece', () => {
  for (const text of ['', ' \n\t']) assert.deepEqual(piecesOf(text, 200), []);
});

it('a longer one is cut between words, about evenly', () => {
  const pieces = piecesOf('word '.repeat(1000), 2000);
  assert.equal(pieces.length, 3);
  for (const piece of pieces) {
    assert.match(piece, /^(?:word )*word$/);
    assert.ok(piece.length > 1500 && piece.length <= 2000, String(piece.length));
  }
});

it('what holds no gap is cut all the same, but never inside a character', () => {
  const pieces = piecesOf('😀'.repeat(301), 200);
  assert.equal(pieces.join(''), '😀'.repeat(301));
  for (const piece of pieces) assert.ok(piece.isWellFormed() && piece.length <= 200);
});

it('half a pair is replaced, since nobody could read it', () => {
  assert.deepEqual(piecesOf('\ud800 half', 200), ['\ufffd half']);
});

it('nothing but white space is left out, and no piece is too long', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', 'é', '😀'), maxLength: 3000 });
  fc.assert(
    fc.property(text, fc.integer({ min: 200, max: 700 }), (given, most) => {
      const pieces = piecesOf(given, most);
      assert.equal(pieces.join('').replace(/\s/g, ''), given.replace(/\s/g, ''));
      for (const piece of pieces) assert.ok(piece.length <= most && piece !== '' && piece.isWellFormed());
    }),
  );
});
