import { parserAssets } from '../../appliance/data/2-parse/assets.ts';
import type { ReadLimits, ReadOptions } from '../../appliance/data/2-parse/layout.ts';

/** Limits as an installation has them; tests narrow the one they are about. */
export const USUAL_LIMITS: ReadLimits = Object.freeze({
  maxPages: 5_000,
  maxTableCells: 2_000_000,
  maxUnpackedBytes: 1_000_000_000,
  maxArchiveEntries: 10_000,
  maxCompressionRatio: 200,
  maxXmlDepth: 256,
});

/** Options for a format reader, with the given limits changed. */
export function readOptions(limits: Partial<ReadLimits> = {}): ReadOptions {
  return { limits: { ...USUAL_LIMITS, ...limits }, assets: parserAssets() };
}
