import { Manifest } from '../../api/manifest.ts';
import { MOST_PROBLEMS, manifestProblem, manifestProblems } from '../../api/manifest-problems.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { type ErrorDetail, FrostbyteError } from '../../kernel/errors.ts';
import { halfCharacter } from '../../kernel/half-characters.ts';
import { type FieldWords, MANIFEST_WORDS, METADATA_WORDS, tooManyFiles } from '../../kernel/manifest-remedies.ts';

/** Bytes of a manifest: some ten thousand files with metadata. */
export const LARGEST_MANIFEST = 8 << 20;

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
  const json = parsedJson(bytes);
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) {
    const details = manifestProblems(parsed.error.issues, json);
    throw invalid('The manifest is incomplete or malformed; every problem is listed.', details);
  }
  const manifest = parsed.data;
  const problem = (path: string[], words: FieldWords, value?: unknown) => [
    manifestProblem(path, manifest, words, value),
  ];
  if (expected.tenant_id !== null && manifest.tenant_id !== expected.tenant_id) {
    const details = problem(['tenant_id'], MANIFEST_WORDS.OTHER_TENANT, manifest.tenant_id);
    throw invalid('The manifest is made for another tenant.', details);
  }
  const { length } = manifest.files;
  if (length > expected.max_batch_size) {
    const details = problem(['files'], tooManyFiles(expected.max_batch_size), length);
    throw invalid('The batch holds more files than this tenant takes at once.', details);
  }
  const deep = [manifest, ...manifest.files].findIndex(({ metadata }) => nestsDeeper(metadata, DEEPEST_METADATA));
  if (deep >= 0) {
    const path = deep === 0 ? ['metadata'] : ['files', String(deep - 1), 'metadata'];
    throw invalid('Metadata is nested too deeply.', problem(path, METADATA_WORDS.nesting));
  }
  const half = halfCharacter(manifest);
  if (half !== null) {
    const details = problem(half, MANIFEST_WORDS.HALF_CHARACTER);
    throw invalid('The manifest holds half a character (a lone surrogate).', details);
  }
  checkIds(manifest);
  if (manifest.file_count !== manifest.files.length)
    throw countMismatch(manifest.file_count, manifest.files.length, 'files in the manifest');
  return { manifest, manifest_sha256: hashOf(manifest) };
}

/** JSON in UTF-8, or where it stops being that as far as the parser says; its own words are left out, as they quote. */
function parsedJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid('The manifest is not text in UTF-8.', [manifestProblem([], null, MANIFEST_WORDS.NOT_UTF8)], error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const { rule, remediation } = MANIFEST_WORDS.NOT_JSON;
    const { message } = error as Error;
    const place = /\((line \d+ column \d+)\)$/.exec(message)?.[1];
    const end = /^Unexpected end/.test(message) ? '; it breaks off at its end' : '';
    const where = `${rule}${place === undefined ? end : `; it stops being that at ${place}`}`;
    throw invalid('The manifest is not JSON.', [manifestProblem([], null, { rule: where, remediation })], error);
  }
}

/** The error for more bytes than a manifest has. */
export function tooLarge(): FrostbyteError {
  return invalid('The manifest is too large.', [manifestProblem([], null, MANIFEST_WORDS.TOO_LARGE)]);
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
        ...more.slice(0, MOST_PROBLEMS),
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
      .slice(0, MOST_PROBLEMS)
      .map((value) => manifestProblem(['file_id'], null, MANIFEST_WORDS.REPEATED_ID, value)),
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
      [manifestProblem(['metadata'], null, METADATA_WORDS.number)],
      error,
    );
  }
}

function invalid(message: string, details: ErrorDetail[], cause?: unknown): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', message, { details, ...(cause === undefined ? {} : { cause }) });
}
