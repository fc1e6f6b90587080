import { INJECTION_CATEGORIES, type InjectionCategory, type ScoreInjection } from '../gate.ts';
import { PATTERNS } from './compile-patterns.ts';
import { hiddenReadings } from './decode-hidden.ts';
import { type FoldedText, foldText } from './fold-text.ts';
import { plantedTask } from './planted-task.ts';
import { lengthAnomaly, structureScore } from './structure.ts';

/**
 * How likely a text tries to instruct a model (spec 2 C): patterns × 0.4 + invisible and control characters × 0.3 +
 * instruction-like structure × 0.2 + length anomaly × 0.1, cut at 1.
 *
 * Calibration. Structure and length lie in 0–1, so together they give at most 0.3: oddly built text without a pattern
 * is at most flagged. Pattern and character evidence is counted in a unit of which 1 is "suspicious", and may go up to
 * 2.5: one unmistakable sign (strength 1.8 and more: "ignore all previous instructions", a chat format's role marks,
 * spelt-out tag characters) gives 0.4 × 1.8 = 0.72 and reaches quarantine alone; one strong sign (1 to 1.4) is a flag;
 * two strong ones together, a quarantine; weak ones (below 0.75) need company. Of several categories the strongest
 * counts whole and each further one half.
 */
export const WEIGHTS = { patterns: 0.4, characters: 0.3, structure: 0.2, length: 0.1 } as const;
const CEILING = 2.5;
/** Decoded text that holds at least this much evidence was hidden on purpose. */
const DECODED_EVIDENCE = 0.9;

/** Scores a text. Deterministic, O(n). */
export const scoreInjection: ScoreInjection = (text, options = {}) => {
  const folded = foldText(text);
  const evidence = patternEvidence(folded.text);
  for (const reading of hiddenReadings(text, folded.text)) addReading(evidence, reading.text, folded.text);
  if (folded.tagText.length >= 4) {
    addReading(evidence, folded.tagText, '');
    raise(evidence, 'obfuscation', 1);
  }
  if (folded.mixedWords >= 2 && folded.mixedWords / Math.max(1, folded.words) > 0.02)
    raise(evidence, 'obfuscation', 0.5);
  const planted = plantedTask(folded.text);
  if (planted > 0) raise(evidence, 'second_person_command', planted);
  const structure = structureScore(folded.text);
  if (options.hidden === true) hiddenEvidence(evidence, structure);

  const score =
    WEIGHTS.patterns * combined(evidence) +
    WEIGHTS.characters * characterEvidence(folded) +
    WEIGHTS.structure * structure * (evidence.size > 0 ? 1 : 0.5) +
    WEIGHTS.length * lengthAnomaly(folded.text);
  return {
    score: Math.round(Math.min(1, score) * 100) / 100,
    patterns: INJECTION_CATEGORIES.filter((category) => evidence.has(category)),
  };
};

type Evidence = Map<InjectionCategory, number>;

function patternEvidence(folded: string): Evidence {
  const evidence: Evidence = new Map();
  for (const { category, strength, pattern } of PATTERNS) {
    if ((evidence.get(category) ?? 0) >= strength) continue;
    pattern.lastIndex = 0;
    if (pattern.test(folded)) raise(evidence, category, strength);
  }
  return evidence;
}

function raise(evidence: Evidence, category: InjectionCategory, strength: number): void {
  evidence.set(category, Math.max(evidence.get(category) ?? 0, strength));
}

/** What a decoded reading says that the plain text did not is evidence of its own, and of the wish to hide it. */
function addReading(evidence: Evidence, reading: string, plain: string): void {
  const folded = foldText(reading).text;
  if (folded === plain) return;
  const found = patternEvidence(folded);
  const added = [...found].filter(([category, strength]) => (evidence.get(category) ?? 0) < strength);
  if (Math.max(0, ...added.map(([, strength]) => strength)) < DECODED_EVIDENCE) return;
  for (const [category, strength] of added) raise(evidence, category, strength);
  raise(evidence, 'obfuscation', 1.6);
}

/** Hidden text with any instruction in it is an attack; hidden text that merely commands is suspicious. */
function hiddenEvidence(evidence: Evidence, structure: number): void {
  const strongest = Math.max(0, ...evidence.values());
  if (strongest >= 0.35) raise(evidence, 'hidden_text', 1.9);
  else if (structure >= 0.3) raise(evidence, 'hidden_text', 1);
}

function combined(evidence: Evidence): number {
  const strengths = [...evidence.values()].sort((a, b) => b - a);
  const [first = 0, ...rest] = strengths;
  return Math.min(CEILING, first + rest.reduce((sum, strength) => sum + strength / 2, 0));
}

/** Ratio of suspicious invisible characters, and the few that are telling by themselves. */
function characterEvidence(folded: FoldedText): number {
  const ratio = folded.suspiciousInvisible / Math.max(1, folded.characters);
  let evidence = Math.min(1.5, ratio * 20);
  if (folded.suspiciousInvisible >= 3) evidence += 0.3;
  if (folded.directionOverrides > 0) evidence += 0.4;
  if (folded.tagText.length >= 4) evidence += 1.2;
  if (folded.mixedWords > 0) evidence += Math.min(1, folded.mixedWords * 0.25);
  return Math.min(CEILING, evidence);
}
