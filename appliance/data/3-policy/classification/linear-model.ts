import { CLASSIFICATIONS, type Classification } from '../../enriched.ts';
import { features } from './features.ts';

/** A trained model: integer weights in hundredths, one row of seven a feature, in the order of `CLASSIFICATIONS`. */
export interface LinearModel {
  version: string;
  /** Divides the scores before the softmax; fitted on held-out documents so that confidence means frequency. */
  temperature: number;
  bias: number[];
  weights: Record<string, number[]>;
}

export interface Prediction {
  classification: Classification;
  confidence: number;
}

/** Number of known features at which half of the evidence is trusted: short or strange texts stay unsure. */
const FAMILIARITY = 4;

/**
 * Scores of a text by class, before temperature, drawn towards zero when few of the text's features are known.
 */
export function trustedScores(model: LinearModel, text: string): { scores: number[]; known: number } {
  const scores = model.bias.map((value) => value / 100);
  let known = 0;
  let norm = 0;
  const found: [number[], number][] = [];
  for (const [feature, count] of features(text)) {
    const value = 1 + Math.log(count);
    norm += value * value;
    const weights = Object.hasOwn(model.weights, feature) ? model.weights[feature] : undefined;
    if (!weights) continue;
    known++;
    found.push([weights, value]);
  }
  const scale = norm === 0 ? 0 : 1 / Math.sqrt(norm);
  for (const [weights, value] of found) {
    for (let i = 0; i < scores.length; i++) scores[i]! += (weights[i]! / 100) * value * scale;
  }
  const trust = known / (known + FAMILIARITY);
  return { scores: scores.map((score) => score * trust), known };
}

/** The likeliest class and its probability, drawn towards even odds when little of the text is known. */
export function predict(model: LinearModel, text: string): Prediction {
  return predictAll(model, text)[0]!;
}

/** Every class with its probability, likeliest first; only `other` when nothing of the text is known. */
export function predictAll(model: LinearModel, text: string): Prediction[] {
  const { scores, known } = trustedScores(model, text);
  if (known === 0) return [{ classification: 'other', confidence: 1 / CLASSIFICATIONS.length }];
  return softmax(scores.map((score) => score / model.temperature))
    .map((confidence, i): Prediction => ({ classification: CLASSIFICATIONS[i]!, confidence }))
    .sort((a, b) => b.confidence - a.confidence);
}

/** Scores as probabilities that sum to 1. */
export function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
