import {
  inherited,
  type MetadataProblem,
  type MetadataValues,
  metadataChecker,
} from '../../api/custom-fields/metadata.ts';
import type { CustomFields } from '../../api/custom-fields/schema.ts';
import type { ManifestFile } from '../../api/manifest.ts';
import type { Judgement } from './judge-file.ts';

/** Problems that a receipt names; a file that is wrong throughout needs no longer list. */
const MOST_NAMED = 100;

export interface JudgedFile {
  judgement: Judgement;
  /** What is stored of the file's metadata, those of the batch inherited: nothing that the schema does not allow. */
  metadata: Record<string, unknown>;
}

/**
 * Judges the metadata of a batch's files by the tenant's schema, after everything else (spec 2 A): type, size, checksum
 * and malware are told first, and a file with malware goes to quarantine whatever is said about it.
 */
export function metadataJudge(
  schema: CustomFields | null,
  batch: MetadataValues | undefined,
): (file: ManifestFile, judgement: Judgement) => JudgedFile {
  const check = metadataChecker(schema, batch);
  return (file, judgement) => {
    const problems = check(file.metadata);
    if (problems.length === 0) return { judgement, metadata: inherited(batch, file.metadata) };
    if (judgement.kind !== 'accepted') return { judgement, metadata: {} };
    return {
      judgement: { kind: 'rejected', problem: metadataInvalid(schema, problems), scan: judgement.scan },
      metadata: {},
    };
  };
}

/** The details hold names and rules, never a value: a receipt is not erased with the file that it refuses. */
function metadataInvalid(schema: CustomFields | null, problems: readonly MetadataProblem[]) {
  return {
    remedy: 'METADATA_INVALID' as const,
    details: {
      schema_version: schema?.schema_version ?? null,
      problem_count: problems.length,
      problems: problems.slice(0, MOST_NAMED),
    },
  };
}
