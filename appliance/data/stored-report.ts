import { type AcceptanceReport, FILE_OUTCOMES, type FileOutcome } from '../api/schemas/ingest.ts';
import { remedyFor } from '../kernel/remedies.ts';
import type { RecordStore } from '../stores/record/port.ts';
import type { ManifestFile } from '../stores/record/rows.ts';

type Part = Readonly<Record<string, unknown>>;
/** A line of a report, as whatever version wrote it. */
interface StoredLine extends Part {
  status?: string;
  intake?: Part;
  parsing?: Part | null;
  policy?: Part | null;
  indexing?: Part | null;
  problems?: ({ code: string } & Part)[];
}
interface Stored extends Part {
  summary?: Part;
  files?: StoredLine[];
}

/**
 * The latest acceptance report of a batch, or null. One that an earlier version of the appliance wrote comes in today's
 * form: what it did not record is null or empty.
 */
export async function storedReport(
  records: Pick<RecordStore, 'report' | 'batch'>,
  batchId: string,
): Promise<AcceptanceReport | null> {
  const report = (await records.report(batchId)) as Stored | null;
  if (report === null) return null;
  if (report.summary?.outcomes !== undefined) return report as unknown as AcceptanceReport;
  const batch = await records.batch(batchId);
  const files = (report.files ?? []).map((line, at) => completed(line, batch?.files[at]));
  const outcomes = Object.fromEntries(FILE_OUTCOMES.map((name) => [name, 0])) as Record<FileOutcome, number>;
  for (const { outcome } of files) outcomes[outcome]++;
  return {
    submitted_at: batch?.submitted_at ?? '',
    submitted_by: batch?.submitted_by ?? '',
    submitter: batch?.submitter ?? null,
    ...report,
    summary: { pii_types: {}, ...report.summary, outcomes },
    files,
  } as unknown as AcceptanceReport;
}

function completed(line: StoredLine, file: ManifestFile | undefined): StoredLine & { outcome: FileOutcome } {
  const { status = '', parsing, policy, indexing, problems = [] } = line;
  return {
    ...line,
    outcome: outcomeOf(status),
    intake: {
      receipt_id: null,
      received_at: null,
      mime_type: file?.mime_type ?? '',
      size_bytes: file?.size_bytes ?? 0,
      sha256: file?.sha256 ?? '',
      remediation: null,
      details: null,
      ...line.intake,
    },
    parsing: parsing ? { tables: null, figures: null, ocr_avg_confidence: null, hidden_text: [], ...parsing } : null,
    policy: policy
      ? {
          chunks_flagged: null,
          pii_action_taken: null,
          human_override: false,
          released: false,
          config_version: 0,
          policy_version: null,
          ...policy,
        }
      : null,
    indexing: indexing ? { embed_model: null, embed_version: null, ...indexing } : null,
    problems: problems.map((problem) => ({
      severity: remedyFor(problem.code).severity,
      stage: null,
      page: null,
      ...problem,
    })),
  };
}

function outcomeOf(status: string): FileOutcome {
  if (status === 'accepted') return 'indexed';
  return (FILE_OUTCOMES as readonly string[]).includes(status) ? (status as FileOutcome) : 'failed';
}
