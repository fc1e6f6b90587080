import { CLASSIFICATIONS, type Classification } from '../../enriched.ts';
import type { ClassificationInput, ClassificationResult, Classify } from '../gate.ts';
import { type LinearModel, predictAll } from './linear-model.ts';
import modelData from './model.json' with { type: 'json' };
import { ENOUGH, LEAD, RULE_ROWS } from './rules.ts';

const MODEL = modelData as unknown as LinearModel;
/** What a person is offered beside the first choice. */
const MOST_ALTERNATIVES = 3;
const LEAST_ALTERNATIVE = 0.03;
/** Characters of the text that the phrase rules read, from its beginning and from its end. */
const RULE_WINDOW = 6000;

/**
 * The class of a document (spec 2 C): rules on file name, headings, first lines and set phrases decide when they are
 * clear; else the linear model does, whose confidence is a calibrated probability. Deterministic.
 */
export const classify: Classify = (input): ClassificationResult => {
  const version = MODEL.version;
  const ruled = byRules(input);
  const all = predictAll(MODEL, [...input.headings.slice(0, 20), input.text].join('\n'));
  const modelled = all[0]!;
  const alternatives = (chosen: Classification) =>
    all
      .filter(({ classification, confidence }) => classification !== chosen && confidence >= LEAST_ALTERNATIVE)
      .slice(0, MOST_ALTERNATIVES)
      .map(({ classification, confidence }) => ({ classification, confidence: rounded(confidence) }));
  if (ruled && !(modelled.classification !== ruled.classification && modelled.confidence > ruled.confidence)) {
    const agrees = modelled.classification === ruled.classification ? modelled.confidence : 0;
    return {
      classification: ruled.classification,
      confidence: rounded(Math.max(ruled.confidence, agrees)),
      alternatives: alternatives(ruled.classification),
      decidedBy: 'rules',
      version,
    };
  }
  return {
    classification: modelled.classification,
    confidence: rounded(modelled.confidence),
    alternatives: alternatives(modelled.classification),
    decidedBy: 'model',
    version,
  };
};

/** The class that the rules name, when one has enough points and a lead; confidence grows with both. */
function byRules(input: ClassificationInput): { classification: Classification; confidence: number } | undefined {
  const points = new Map<Classification, number>(CLASSIFICATIONS.map((name) => [name, 0]));
  const stem = input.filename
    .normalize('NFC')
    .slice(-200)
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
    .replace(/[_\d]+/g, ' ');
  const titles = [...input.headings.slice(0, 3), ...firstLines(input.text)].map((title) => title.slice(0, 200));
  const text =
    input.text.length <= 2 * RULE_WINDOW
      ? input.text
      : `${input.text.slice(0, RULE_WINDOW)}\n${input.text.slice(-RULE_WINDOW)}`;
  for (const row of RULE_ROWS) {
    const matched =
      row.where === 'filename'
        ? row.pattern.test(stem)
        : row.where === 'title'
          ? titles.some((title) => row.pattern.test(title))
          : row.pattern.test(text);
    if (matched) points.set(row.classification, points.get(row.classification)! + row.points);
  }
  const [first, second] = [...points].sort((a, b) => b[1] - a[1]);
  if (!first || first[1] < ENOUGH || first[1] - (second?.[1] ?? 0) < LEAD) return undefined;
  return {
    classification: first[0],
    confidence: Math.min(0.97, 0.66 + 0.04 * first[1] + 0.02 * (first[1] - (second?.[1] ?? 0))),
  };
}

function firstLines(text: string): string[] {
  return text
    .slice(0, 600)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 2);
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;
