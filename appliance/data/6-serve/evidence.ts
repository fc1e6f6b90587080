export type Evidence = 'strong' | 'partial' | 'none';

/** Hits that count, best first: what people read. More of them would find a stronger one by chance. */
export const EVIDENCE_HITS = 5;

/** From this share of the threshold on evidence is partial. Measured with the thresholds, see docs/decisions. */
export const PARTIAL_SHARE = 0.6;

/**
 * What people read instead of raw scores (spec 2 E): by the best of the hits' evidence (the embedder's scale, 0–1),
 * `strong` from the threshold on, `partial` from `PARTIAL_SHARE` of it. No hit is no evidence.
 */
export function evidenceOf(scores: readonly number[], threshold: number): Evidence {
  const best = Math.max(0, ...scores);
  if (scores.length === 0 || best < threshold * PARTIAL_SHARE) return 'none';
  return best >= threshold ? 'strong' : 'partial';
}
