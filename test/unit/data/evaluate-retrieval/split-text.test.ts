import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { splitText } from '../../../../appliance/data/evaluate-retrieval/split-text.ts';

const parts = (text: string) => splitText(text).map(({ start, end }) => text.slice(start, end));

it('a short text is one chunk without the white space around it', () => {
  assert.deepEqual(splitText('  a short text\n'), [{ start: 2, end: 14 }]);
});

it('a text of white space has no chunk', () => {
  assert.deepEqual(splitText(''), []);
  assert.deepEqual(splitText(' \n\t '.repeat(1000)), []);
});

it('a long text is cut after the first sentence beyond the soft limit', () => {
  const sentence = `${'word '.repeat(20).trim()}. `;
  const [first, second] = parts(sentence.repeat(30));
  assert.ok(first!.endsWith('.') && first!.length >= 1200 && first!.length < 1310);
  assert.ok(second!.startsWith('word'));
});

it('without sentences it is cut at white space, without that at the hard limit', () => {
  for (const part of parts('word '.repeat(2000))) assert.ok(/^word( word)*$/.test(part) && part.length <= 2400);
  assert.deepEqual(
    parts('x'.repeat(5000)).map((part) => part.length),
    [2400, 2400, 200],
  );
});

it('every letter is in exactly one chunk, none longer than the hard limit, no pair is torn', () => {
  const text = fc.array(fc.constantFrom('word ', 'end. ', '😀', 'x'.repeat(700), '\n\n'), { maxLength: 60 });
  fc.assert(
    fc.property(text, (pieces) => {
      const whole = pieces.join('');
      const cut = parts(whole);
      assert.equal(cut.join('').replace(/\s/g, ''), whole.replace(/\s/g, ''));
      for (const part of cut) assert.ok(part.length <= 2400 && part.isWellFormed());
    }),
  );
});
