import type { ReadLimits } from './layout.ts';

/** What one document may cost. Generous for real documents, small against bombs. */
export const READ_LIMITS: Readonly<ReadLimits> = Object.freeze({
  maxPages: 5000,
  maxTableCells: 2_000_000,
  maxUnpackedBytes: 1024 * 1024 * 1024,
  maxArchiveEntries: 10_000,
  maxCompressionRatio: 200,
  maxXmlDepth: 256,
});
