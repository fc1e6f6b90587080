import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../../../appliance/data/3-policy/classification/classify.ts';
import { scoreInjection } from '../../../../appliance/data/3-policy/injection/score-injection.ts';
import { findPii } from '../../../../appliance/data/3-policy/pii/find-pii.ts';
import { PII_TYPES } from '../../../../appliance/data/enriched.ts';

/** Texts that make backtracking expressions slow, repeated: each must take linear time. */
const UNITS = [
  'a',
  '1',
  '-',
  '#',
  '1-',
  'a@',
  'a.',
  'A ',
  '+1 ',
  '(1',
  '\n',
  'ignore all ',
  'A. ',
  'DE12 ',
  '12 Main ',
  '%41',
  'i g ',
  '\u200B',
  'е',
  '1111111111111111111 ',
  'the corner of A ',
  '<|',
  '{',
  'van der A ',
];
const LENGTH = 20_000;
/** Of a processor: ten times what a slow machine needs, however much else it does; quadratic behaviour takes far longer. */
const LIMIT_MS = 2_000;

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

describe('the gates', () => {
  for (const unit of UNITS) {
    it(`read ${LENGTH} characters of ${JSON.stringify(unit)} in bounded time`, () => {
      const text = unit.repeat(LENGTH / unit.length);
      const started = processorMs();
      findPii(text, PII_TYPES);
      scoreInjection(text, { hidden: true });
      classify({ filename: text, headings: [text], text });
      const took = processorMs() - started;
      assert.ok(took < LIMIT_MS, `${Math.round(took)} ms`);
    });
  }
});
