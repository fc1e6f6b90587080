import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FrostbyteError } from '../../kernel/errors.ts';
import { LockedModel } from '../../models/embedder/lock.ts';

/** What control tells the role `embedder`. */
export const EmbedderOrder = z.strictObject({
  models_folder: z.string().min(1),
  models: z.array(z.strictObject({ model: LockedModel, port: z.number().int().min(1).max(65_535) })).min(1),
  idle_ms: z.number().int().positive(),
  /** The one address at which it says how it is: no tenant comes there. */
  home: z.ipv4(),
});
export type EmbedderOrder = z.infer<typeof EmbedderOrder>;

/** Throws `CONFIG_INVALID` for an order that is none. */
export function readOrder(file: string): EmbedderOrder {
  try {
    return EmbedderOrder.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new FrostbyteError('CONFIG_INVALID', `The order in ${file} is none that an embedder can follow.`, { cause });
  }
}
