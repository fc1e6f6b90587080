import { z } from 'zod';
import type { ReadLimits } from '../layout.ts';

const amount = z.number().int().positive();

/** `ReadLimits` as it travels to the child. */
export const ReadLimitsSchema: z.ZodType<ReadLimits> = z
  .object({
    maxPages: amount,
    maxTableCells: amount,
    maxUnpackedBytes: amount,
    maxArchiveEntries: amount,
    maxCompressionRatio: z.number().positive(),
    maxXmlDepth: amount,
  })
  .strict();
