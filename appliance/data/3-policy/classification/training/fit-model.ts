import { CLASSIFICATIONS } from '../../../enriched.ts';
import { features } from '../features.ts';
import { type LinearModel, predict, softmax, trustedScores } from '../linear-model.ts';
import type { Example } from './compose-documents.ts';

/** Multinomial logistic regression by plain stochastic gradient descent in a fixed order: the same bytes each time. */

const EPOCHS = 30;
const RATE = 0.6;
const DECAY = 2e-4;
/** Pairs of words must occur in this many documents to become features. */
const LEAST_DOCUMENTS = 3;

/** Fits the weights on `training` and the temperature on `heldOut`. */
export function fitModel(version: string, training: readonly Example[], heldOut: readonly Example[]): LinearModel {
  const all = training.map((example) => vector(features(example.text)));
  const documentCounts = new Map<string, number>();
  for (const document of all)
    for (const [name] of document) documentCounts.set(name, (documentCounts.get(name) ?? 0) + 1);
  const kept = (name: string) => !name.includes(' ') || documentCounts.get(name)! >= LEAST_DOCUMENTS;
  const documents = all.map((document) => document.filter(([name]) => kept(name)));
  const weights = new Map<string, Float64Array>();
  const bias = new Float64Array(CLASSIFICATIONS.length);
  const order = training.map((_, i) => (i * 7919) % training.length);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const rate = RATE / (1 + epoch * 0.15);
    for (const i of order)
      step(documents[i]!, CLASSIFICATIONS.indexOf(training[i]!.classification), weights, bias, rate);
  }
  const model: LinearModel = { version, temperature: 1, bias: quantised(bias), weights: {} };
  for (const name of [...weights.keys()].sort()) {
    const row = quantised(weights.get(name)!);
    if (row.some((value) => Math.abs(value) >= 12)) model.weights[name] = row;
  }
  model.temperature = bestTemperature(model, heldOut);
  return model;
}

/** Share of examples whose class the model finds. */
export function accuracy(model: LinearModel, examples: readonly Example[]): number {
  return (
    examples.filter((example) => predict(model, example.text).classification === example.classification).length /
    examples.length
  );
}

type Vector = [string, number][];

function vector(counts: Map<string, number>): Vector {
  const values = [...counts].map(([name, count]): [string, number] => [name, 1 + Math.log(count)]);
  const norm = Math.sqrt(values.reduce((sum, [, value]) => sum + value * value, 0)) || 1;
  return values.map(([name, value]) => [name, value / norm]);
}

function step(
  document: Vector,
  target: number,
  weights: Map<string, Float64Array>,
  bias: Float64Array,
  rate: number,
): void {
  const scores = [...bias];
  for (const [name, value] of document) {
    const row = weights.get(name);
    if (row) for (let k = 0; k < scores.length; k++) scores[k]! += row[k]! * value;
  }
  const probabilities = softmax(scores);
  for (let k = 0; k < scores.length; k++) bias[k]! -= rate * 0.1 * (probabilities[k]! - (k === target ? 1 : 0));
  for (const [name, value] of document) {
    let row = weights.get(name);
    if (!row) {
      row = new Float64Array(CLASSIFICATIONS.length);
      weights.set(name, row);
    }
    for (let k = 0; k < scores.length; k++) {
      row[k]! -= rate * ((probabilities[k]! - (k === target ? 1 : 0)) * value + DECAY * row[k]!);
    }
  }
}

const quantised = (values: Float64Array) => [...values].map((value) => Math.round(value * 100));

/** The temperature with the least log loss on documents that training did not see, from 0.04 to 4 in steps of 0.02. */
function bestTemperature(model: LinearModel, heldOut: readonly Example[]): number {
  const scored = heldOut.map((example) => ({
    scores: trustedScores(model, example.text).scores,
    target: CLASSIFICATIONS.indexOf(example.classification),
  }));
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let hundredths = 4; hundredths <= 400; hundredths += 2) {
    const temperature = hundredths / 100;
    let loss = 0;
    for (const { scores, target } of scored) {
      const probability = softmax(scores.map((score) => score / temperature))[target]!;
      loss -= Math.log(Math.max(probability, 1e-9));
    }
    if (loss < least) {
      least = loss;
      best = temperature;
    }
  }
  return best;
}
