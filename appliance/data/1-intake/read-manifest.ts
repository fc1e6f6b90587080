import { Manifest } from '../../api/manifest.ts';
import { issuesToDetails } from '../../api/validate.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { type ErrorDetail, FrostbyteError } from '../../kernel/errors.ts';
import { halfCharacter } from '../../kernel/half-characters.ts';

/** Bytes of a manifest: some ten thousand files with metadata. */
export const LARGEST_MANIFEST = 8 << 20;
/** Problems that one answer lists; a manifest that is wrong throughout needs no longer list. */
const MOST_DETAILS = 100;

/** Characters of the way to a value, as an answer names it. */
const LONGEST_FIELD = 200;

/** Deeper metadata is no description of a file but an attack on whoever walks it. */
const DEEPEST_METADATA = 16;

export interface CheckedManifest {
  manifest: Manifest;
  /**
   * Hex SHA-256 of its RFC 8785 form: the same manifest whatever its spacing and order of keys. Uploads are left out: a
   * batch that is continued may send a file in another way than at first.
   */
  manifest_sha256: string;
}

/**
 * Reads a manifest and checks all that needs no file: shape, tenant, ids, counts (spec 2 A). Throws `MANIFEST_INVALID`
 * with every problem at once, `DUPLICATE_FILE_ID` with the repeated ids, `MANIFEST_FILE_COUNT_MISMATCH`.
 */
export function readManifest(
  bytes: Uint8Array,
  expected: { tenant_id: string | null; max_batch_size: number },
): CheckedManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid('The manifest is not JSON in UTF-8.', [{ field: 'manifest', constraint: 'JSON (RFC 8259)' }], error);
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) {
    const details = issuesToDetails(parsed.error.issues, json);
    throw invalid('The manifest is incomplete or malformed; every problem is listed.', details);
  }
  const manifest = parsed.data;
  if (expected.tenant_id !== null && manifest.tenant_id !== expected.tenant_id) {
    const detail = {
      field: 'tenant_id',
      value: manifest.tenant_id,
      constraint: 'the tenant that the batch is sent to',
    };
    throw invalid('The manifest is made for another tenant.', [detail]);
  }
  if (manifest.files.length > expected.max_batch_size) {
    const detail = {
      field: 'files',
      value: manifest.files.length,
      constraint: `at most ${expected.max_batch_size} files (max_batch_size)`,
    };
    throw invalid('The batch holds more files than this tenant takes at once.', [detail]);
  }
  const deep = [manifest, ...manifest.files].find(({ metadata }) => nestsDeeper(metadata, DEEPEST_METADATA));
  if (deep !== undefined) {
    throw invalid('Metadata is nested too deeply.', [
      { field: 'metadata', constraint: `at most ${DEEPEST_METADATA} levels` },
    ]);
  }
  const half = halfCharacter(manifest);
  if (half !== null) {
    throw invalid('The manifest holds half a character (a lone surrogate).', [
      { field: half.join('.').slice(0, LONGEST_FIELD), constraint: 'valid Unicode' },
    ]);
  }
  checkIds(manifest);
  if (manifest.file_count !== manifest.files.length)
    throw countMismatch(manifest.file_count, manifest.files.length, 'files in the manifest');
  return { manifest, manifest_sha256: hashOf(manifest) };
}

/** The error for counts that differ; `what` says where the second was counted. */
export function countMismatch(
  expected: number,
  actual: number,
  what: string,
  more: ErrorDetail[] = [],
): FrostbyteError {
  return new FrostbyteError(
    'MANIFEST_FILE_COUNT_MISMATCH',
    `The manifest announces ${expected} file(s), but there are ${actual} ${what}.`,
    {
      details: [
        { field: 'expected', value: expected, constraint: 'file_count of the manifest' },
        { field: 'actual', value: actual, constraint: what },
        ...more.slice(0, MOST_DETAILS),
      ],
    },
  );
}

function checkIds({ files }: Manifest): void {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { file_id } of files) {
    if (seen.has(file_id)) repeated.add(file_id);
    seen.add(file_id);
  }
  if (repeated.size === 0) return;
  throw new FrostbyteError('DUPLICATE_FILE_ID', 'File ids must be unique within a batch.', {
    details: [...repeated]
      .slice(0, MOST_DETAILS)
      .map((value) => ({ field: 'file_id', value, constraint: 'unique within the batch' })),
  });
}

/** True when arrays and objects stand within each other more than `levels` deep. */
function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1));
}

function hashOf(manifest: Manifest): string {
  try {
    const files = manifest.files.map(({ upload_id: _, ...file }) => file);
    return sha256Hex(canonicalJson({ ...manifest, files }));
  } catch (error) {
    throw invalid(
      'The manifest holds a number that JSON cannot carry everywhere.',
      [{ field: 'metadata', constraint: 'finite numbers' }],
      error,
    );
  }
}

function invalid(message: string, details: ErrorDetail[], cause?: unknown): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', message, { details, ...(cause === undefined ? {} : { cause }) });
}
