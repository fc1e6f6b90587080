import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  compilePattern,
  LARGEST_PROGRAM,
  LONGEST_TEXT,
  type Pattern,
} from '../../../../appliance/api/custom-fields/pattern.ts';

function compiled(source: string): Pattern {
  const made = compilePattern(source);
  assert.ok('pattern' in made, source);
  return made.pattern;
}

/** How often the text is looked at, character by character, while a pattern is tried. */
function looks(t: TestContext, pattern: Pattern, text: string): number {
  const spies = (['charCodeAt', 'codePointAt'] as const).map((name) => t.mock.method(String.prototype, name));
  try {
    pattern.test(text);
    return spies.reduce((sum, spy) => sum + spy.mock.callCount(), 0);
  } finally {
    for (const spy of spies) spy.mock.restore();
  }
}

/** Exponential or polynomial in engines that go back and try again. */
const CATASTROPHIC: [pattern: string, unit: string][] = [
  ['^(a+)+$', 'a'],
  ['^(a|a)*$', 'a'],
  ['^(a|aa)+$', 'a'],
  ['^([a-z]+)*[0-9]$', 'a'],
  ['(x+x+)+[yz]', 'x'],
  ['^(.*)(.*)(.*)(.*)(.*)[0-9]$', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['^(a|b)*a(a|b){20}[cd]$', 'ab'],
  ['\\s+$', ' '],
];

describe('a pattern', () => {
  for (const [source, unit] of CATASTROPHIC) {
    it(`${source} looks at each character a bounded number of times`, (t) => {
      const pattern = compiled(source);
      const counts = [500, 1000, 2000, 4000].map((length) =>
        looks(t, pattern, `${unit.repeat(length / unit.length)}!`),
      );
      assert.ok(counts[3]! > 0, 'the looks are counted');
      for (const [at, length] of [500, 1000, 2000, 4000].entries()) {
        assert.ok(counts[at]! <= 4 * (length + 2), `${counts[at]} looks at ${length} characters`);
      }
    });
  }

  it('is bounded in what a look costs: no program is larger than the limit', () => {
    for (const source of ['(?:abcdefghij){51}', '(?:a?){250}', '((a{10}){10}){10}', `${'[ab]{25}'.repeat(25)}`]) {
      const made = compilePattern(source);
      assert.ok('problem' in made && made.problem.includes(`of ${LARGEST_PROGRAM}`), source);
    }
    compiled('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$');
    compiled('^(?:[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?)$');
  });

  it('is never tried on a longer text than a manifest can carry', () => {
    const pattern = compiled('^a*$');
    assert.equal(pattern.test('a'.repeat(LONGEST_TEXT)), true);
    assert.equal(pattern.test('a'.repeat(LONGEST_TEXT + 1)), false);
  });

  it('is found anywhere, unless tied; a line’s end is no text’s end', () => {
    assert.equal(compiled('\\d{2}').test('ab12cd'), true);
    assert.equal(compiled('^\\d{2}$').test('ab12cd'), false);
    assert.equal(compiled('^ab$').test('ab\n'), false);
    assert.equal(compiled('^ab$').test('ab\nab'), false);
    assert.equal(compiled('^.$').test('\u{1f9ca}'), true, 'a character is a code point');
    assert.equal(compiled('^\\p{Lu}\\p{Ll}+$').test('Ärger'), true);
  });
});
