import { MIME, type TenantConfig } from '../../api/tenant-config.ts';
import type { FileProblem } from '../../kernel/remedies.ts';
import type { ScanResult } from '../../stores/record/rows.ts';
import type { ScanVerdict } from '../plane.ts';
import { checkEnd } from './file-end.ts';
import { checkName } from './file-names.ts';
import type { IncomingFile } from './incoming-file.ts';
import { remedyForContent, ZIP } from './sniff.ts';

/** What the manifest says of a file, as far as the checks need it. */
export interface Claim {
  filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
}

export type FileLimits = Pick<TenantConfig, 'mime_allowlist' | 'max_file_size_mb' | 'allow_unscannable'>;

export type Judgement =
  | { kind: 'accepted'; mime: string; scan: Exclude<ScanResult, 'quarantined'> }
  | { kind: 'quarantined'; mime: string; problem: FileProblem }
  | { kind: 'rejected'; problem: FileProblem; scan: Exclude<ScanResult, 'quarantined'> };

/** Bytes of `max_file_size_mb`. */
export const fileLimit = (limits: Pick<TenantConfig, 'max_file_size_mb'>): number =>
  limits.max_file_size_mb * 1024 * 1024;

/**
 * The first failure of a file, in the spec's order: type, size, checksum, malware (spec 2 A). Throws nothing; a scanner
 * that failed has thrown before.
 */
export function judgeFile(claim: Claim, seen: IncomingFile, limits: FileLimits): Judgement {
  const type = judgeHead(claim, seen.sniffed, limits);
  if (type.problem !== null) return rejected(type.problem);
  const atEnd = seen.draft === null ? null : judgeWhole(claim, seen, type.mime);
  if (atEnd !== null) return rejected(atEnd);
  const limit = fileLimit(limits);
  if (seen.size > limit || claim.size_bytes > limit) {
    const details = { size_bytes: Math.max(claim.size_bytes, seen.size), max_file_size_mb: limits.max_file_size_mb };
    return rejected({ remedy: 'SIZE_EXCEEDED', details });
  }
  if (seen.sha256 !== claim.sha256 || seen.size !== claim.size_bytes) {
    const details = {
      expected_sha256: claim.sha256,
      actual_sha256: seen.sha256,
      expected_size_bytes: claim.size_bytes,
      actual_size_bytes: seen.size,
    };
    return rejected({ remedy: 'CHECKSUM_MISMATCH', details });
  }
  return judgeScan(seen.scan ?? { result: 'skipped' }, type.mime, limits);
}

/** Name, declared type and the first bytes: what can be refused before anything is stored. */
export function judgeHead(
  claim: Pick<Claim, 'filename' | 'mime_type'>,
  sniffed: string,
  limits: Pick<TenantConfig, 'mime_allowlist'>,
): { mime: string; problem: null } | { mime: null; problem: FileProblem } {
  const { format, problem } = checkName(claim.filename, claim.mime_type, limits.mime_allowlist);
  if (problem !== null) return { mime: null, problem: { ...problem, details: { ...problem.details, sniffed } } };
  if (sniffed === shownBy(format.mime)) return { mime: format.mime, problem: null };
  const remedy = remedyForContent(sniffed);
  return { mime: null, problem: { remedy, details: { declared: claim.mime_type, expected: format.mime, sniffed } } };
}

/** What the whole of a stored file shows. */
function judgeWhole(claim: Claim, seen: IncomingFile, mime: string): FileProblem | null {
  const text = mime === MIME.txt || mime === MIME.csv;
  if (text && seen.zeros && !seen.utf16) {
    const details = { declared: claim.mime_type, expected: mime, sniffed: 'application/octet-stream' };
    return { remedy: 'CONTENT_MISMATCH', details };
  }
  const end = seen.end && checkEnd(mime, seen.end);
  return end && { remedy: end.remedy, details: { declared: claim.mime_type, expected: mime, sniffed: end.sniffed } };
}

function judgeScan(verdict: ScanVerdict, mime: string, limits: FileLimits): Judgement {
  if (verdict.result === 'quarantined') {
    return {
      kind: 'quarantined',
      mime,
      problem: { remedy: 'MALWARE_DETECTED', details: { signature: verdict.signature } },
    };
  }
  if (verdict.result === 'unscannable' && !limits.allow_unscannable) {
    return { kind: 'rejected', problem: { remedy: 'UNSCANNABLE', details: {} }, scan: 'unscannable' };
  }
  return { kind: 'accepted', mime, scan: verdict.result };
}

/** What the head of a format looks like: Office files are zips, and CSV is text. */
function shownBy(mime: string): string {
  if (mime === MIME.docx || mime === MIME.xlsx) return ZIP;
  return mime === MIME.csv ? MIME.txt : mime;
}

/** A file that was refused before its scan ended was not scanned. */
function rejected(problem: FileProblem): Judgement {
  return { kind: 'rejected', problem, scan: 'skipped' };
}
