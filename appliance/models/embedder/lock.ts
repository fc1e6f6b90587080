import { z } from 'zod';
import written from '../../../manifests/models.json' with { type: 'json' };

/** Names in the folder of a model: nothing that could lead out of it. */
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const LockedFile = z.strictObject({
  name,
  role: z.enum(['graph', 'weights', 'tokenizer']),
  size: z.number().int().positive(),
  sha256,
  /** Where it lies in what the publisher gives out; one that is made here is brought by nobody. */
  brought_as: z.array(z.string().min(1)).min(1).optional(),
  /** Which network it is written as, straight from the weights. */
  made_by: z.enum(['mpnet']).optional(),
});
export type LockedFile = z.infer<typeof LockedFile>;

export const LockedModel = z.strictObject({
  name,
  revision: z.string().min(8),
  license: z.string().min(1),
  dimensions: z.literal(768),
  max_tokens: z.number().int().min(16),
  prefixes: z.strictObject({ document: z.string(), query: z.string() }),
  /** The token that fills up the shorter texts of a batch. */
  padding_id: z.number().int().nonnegative(),
  /**
   * What one session of the model takes at most with a batch at work; MiB. As measured, or reckoned from a graph of the
   * same make: weights that stand in the graph itself are in memory twice while it is loaded.
   */
  memory_mb: z.number().int().positive(),
  /** Evidence is the cosine's way from `floor`, where nothing is near, to 1; from `threshold` on it is strong. */
  evidence: z.strictObject({ floor: z.number().min(0).max(0.9), threshold: z.number().gt(0).lt(1) }),
  files: z.array(LockedFile).min(2),
  /** Packages whose pieces, joined, are an archive with the files that are brought; null where there are none. */
  source: z
    .strictObject({
      archive: name,
      folder: z.string(),
      parts: z.array(z.strictObject({ package: z.string(), version: z.string(), sha256, entry: z.string() })).min(1),
    })
    .nullable(),
});
export type LockedModel = z.infer<typeof LockedModel>;

/** The model lock: every file of every model by its hash, the best model first (spec 2 D). */
export const ModelLock = z.strictObject({ format: z.literal(1), models: z.array(LockedModel) });
export type ModelLock = z.infer<typeof ModelLock>;

export const MODEL_LOCK: ModelLock = ModelLock.parse(written);

/** The name that is no model's: words alone, built in. */
export const LEXICAL = 'lexical';

/** How texts become vectors of a model's output: windows, mean, norm. Every change of it is another version. */
const MAKING = 1;

/** What travels with every vector beside the model's name: the weights' revision and how texts go through them. */
export function versionOf({ revision }: Pick<LockedModel, 'revision'>): string {
  return `${revision.slice(0, 8)}.${MAKING}`;
}
