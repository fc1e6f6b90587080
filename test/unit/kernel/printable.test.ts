import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, visiblePieces } from '../../../appliance/kernel/printable.ts';

test('what a reader would not see is shown, all else stays as it is', () => {
  assert.equal(printable('Vertrag – Nº 7 (naïve) 契約.pdf'), 'Vertrag – Nº 7 (naïve) 契約.pdf');
  assert.equal(printable('a\u001b[31mb\u202ec\u200bd\ufeff'), 'a\\u001b[31mb\\u202ec\\u200bd\\ufeff');
  assert.equal(printable('x\u{e0041}y'), 'x\\u{e0041}y');
});

test('pieces put together again are the text, with numbers where nothing could be seen', () => {
  assert.deepEqual(visiblePieces('in\u202evoice\n'), [
    { text: 'in', unseen: false },
    { text: 'U+202E', unseen: true },
    { text: 'voice', unseen: false },
    { text: 'U+000A', unseen: true },
  ]);
  assert.deepEqual(visiblePieces(''), []);
  assert.deepEqual(visiblePieces('plain'), [{ text: 'plain', unseen: false }]);
});
