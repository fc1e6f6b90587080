import { erasedRemedy } from '../../../kernel/remedies.ts';
import { ERASED, type ErasureRow } from '../rows.ts';
import type { BatchErasure } from './erasing.ts';

interface Report {
  submitter?: string | null;
  summary?: { outcomes?: Record<string, number> } & Record<string, unknown>;
  files?: Line[];
}
type Line = { file_id: string; status?: string; outcome?: string; intake?: Record<string, unknown> } & Record<
  string,
  unknown
>;

/**
 * An acceptance report in which the lines of erased files say only that and why, with ids, sizes and hashes; what is counted by
 * outcome is counted anew. The other figures stay as they were when the report was made. Once the batch has no document
 * left, it names no submitter.
 */
export function blankReport(text: string, { erased, cause, emptied, whole }: BatchErasure): string {
  const report = JSON.parse(text) as Report;
  const outcomes = { ...report.summary?.outcomes };
  const files = (report.files ?? []).map((line) => {
    if (!erased.has(line.file_id)) return whole ? namelessLine(line) : line;
    if (line.status === 'rejected') return namelessLine(line);
    if (line.outcome !== undefined) {
      outcomes[line.outcome] = (outcomes[line.outcome] ?? 0) - 1;
      outcomes.erased = (outcomes.erased ?? 0) + 1;
    }
    return erasedLine(line, cause);
  });
  const summary = report.summary?.outcomes === undefined ? report.summary : { ...report.summary, outcomes };
  const submitter = emptied && report.submitter ? { submitter: ERASED } : {};
  return JSON.stringify({ ...report, ...submitter, ...(summary === undefined ? {} : { summary }), files });
}

/** That a file was refused, and why, stays. */
function namelessLine(line: Line): Line {
  return { ...line, original_filename: ERASED, intake: { ...line.intake, details: null } };
}

function erasedLine(line: Line, cause: ErasureRow['cause']): Line {
  const { severity, message, remediation } = erasedRemedy(cause);
  return {
    ...line,
    original_filename: ERASED,
    status: 'erased',
    ...(line.outcome === undefined ? {} : { outcome: 'erased' }),
    intake: { ...line.intake, details: null },
    parsing: null,
    policy: null,
    indexing: null,
    problems: [{ code: 'ERASED', severity, stage: null, page: null, message, remediation }],
  };
}
