export type Evidence = 'strong' | 'partial' | 'none';

/**
 * What people read instead of raw scores (spec 2 E): `strong` from the threshold on, `partial` from half of it, by the
 * best hit's cosine. No hit is no evidence.
 */
export function evidenceOf(scores: readonly number[], threshold: number): Evidence {
  const best = Math.max(-1, ...scores);
  if (scores.length === 0 || best < threshold / 2) return 'none';
  return best >= threshold ? 'strong' : 'partial';
}
