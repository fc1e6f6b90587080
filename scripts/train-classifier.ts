#!/usr/bin/env node
/**
 * Trains the document classifier from the fragments that ship, and writes `model.json` beside it. Deterministic.
 *   node scripts/train-classifier.ts           trains, prints accuracy, writes the model
 *   node scripts/train-classifier.ts --check   trains and fails when the committed model differs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { predict } from '../appliance/data/3-policy/classification/linear-model.ts';
import { composeDocuments } from '../appliance/data/3-policy/classification/training/compose-documents.ts';
import { accuracy, fitModel } from '../appliance/data/3-policy/classification/training/fit-model.ts';
import { CLASSIFICATIONS } from '../appliance/data/enriched.ts';

const VERSION = 'linear-1';
const file = new URL('../appliance/data/3-policy/classification/model.json', import.meta.url);
const { training, heldOut } = composeDocuments(20240117, { training: 160, heldOut: 60 });
const model = fitModel(VERSION, training, heldOut);
const rows = Object.entries(model.weights).map(([name, row]) => `    ${JSON.stringify(name)}: ${JSON.stringify(row)}`);
const text = `{\n  "version": ${JSON.stringify(model.version)},\n  "temperature": ${model.temperature},\n  "bias": ${JSON.stringify(model.bias)},\n  "weights": {\n${rows.join(',\n')}\n  }\n}\n`;

if (process.argv.includes('--check')) {
  let committed = '';
  try {
    committed = readFileSync(file, 'utf8');
  } catch {
    // A missing model is a stale one.
  }
  if (committed !== text) {
    process.stderr.write('model.json is stale: run node scripts/train-classifier.ts\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
  process.stdout.write(`features ${rows.length}, temperature ${model.temperature}\n`);
  process.stdout.write(
    `accuracy: training ${accuracy(model, training).toFixed(3)}, held out ${accuracy(model, heldOut).toFixed(3)}\n`,
  );
  for (const name of CLASSIFICATIONS) {
    const own = heldOut.filter((example) => example.classification === name);
    process.stdout.write(`  ${name.padEnd(15)} ${accuracy(model, own).toFixed(3)}\n`);
  }
  const sure = heldOut
    .map((example) => ({ example, prediction: predict(model, example.text) }))
    .filter(({ prediction }) => prediction.confidence >= 0.7);
  const right = sure.filter(({ example, prediction }) => prediction.classification === example.classification).length;
  process.stdout.write(
    `at confidence 0.7 and above: ${sure.length} of ${heldOut.length}, ${(right / Math.max(1, sure.length)).toFixed(3)} right\n`,
  );
}
