import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mathText } from '../../../../../appliance/data/2-parse/docx/math.ts';
import type { XmlElement } from '../../../../../appliance/data/2-parse/ooxml/tree.ts';

/** Elements as nested lists: a name, attributes, children. */
const e = (name: string, ...children: (XmlElement | string)[]): XmlElement => ({
  name: `m:${name}`,
  attributes: {},
  children,
});
const t = (text: string) => e('r', e('t', text));
const property = (outer: string, name: string, value: string): XmlElement =>
  e(outer, { name: `m:${name}`, attributes: { 'm:val': value }, children: [] });
const math = (...children: XmlElement[]) => mathText(e('oMath', ...children));

describe('equations', () => {
  it('write fractions, roots and scripts', () => {
    assert.equal(math(e('f', e('num', t('a')), e('den', t('b')))), '\\frac{a}{b}');
    assert.equal(math(e('f', property('fPr', 'type', 'lin'), e('num', t('a')), e('den', t('b')))), 'a/b');
    assert.equal(math(e('rad', e('deg'), e('e', t('x')))), '\\sqrt{x}');
    assert.equal(math(e('rad', e('deg', t('3')), e('e', t('x')))), '\\sqrt[3]{x}');
    assert.equal(math(e('sSubSup', e('e', t('x')), e('sub', t('i')), e('sup', t('2')))), 'x_{i}^{2}');
    assert.equal(math(e('sSup', e('e', t('a+b')), e('sup', t('2')))), '{a+b}^{2}');
  });

  it('write sums, delimiters, functions, accents and matrices', () => {
    const sum = e('nary', property('naryPr', 'chr', '∑'), e('sub', t('i')), e('sup'), e('e', t('i')));
    assert.equal(math(sum), '\\sum_{i}i');
    assert.equal(math(e('d', e('e', t('x')))), '\\left(x\\right)');
    assert.equal(math(e('func', e('fName', t('cos')), e('e', t('θ')))), '\\cos( \\theta )');
    assert.equal(math(e('acc', property('accPr', 'chr', '\u20d7'), e('e', t('v')))), '\\vec{v}');
    const matrix = e('m', e('mr', e('e', t('1')), e('e', t('0'))), e('mr', e('e', t('0')), e('e', t('1'))));
    assert.equal(math(matrix), '\\begin{matrix}1 & 0 \\\\ 0 & 1\\end{matrix}');
  });

  it('write letters of mathematical alphabets as letters and signs as commands', () => {
    assert.equal(math(t('𝑥≤𝜋')), 'x \\leq \\pi');
    assert.equal(math(t('a−b')), 'a-b');
  });

  it('give what unknown elements contain, and no properties', () => {
    assert.equal(math(e('somethingNew', t('x')), e('rPr', t('no'))), 'x');
  });
});
