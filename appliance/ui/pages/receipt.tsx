import { code, name, size } from '../../api/markup.ts';
import type { ReceiptAnswer } from '../../api/receipts.ts';
import type { PageParts } from '../parts/layout.tsx';
import { copyable, facts, pageHead, pill, type Tone, wholeMoment } from '../parts/pieces.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

const TONES: Readonly<Record<string, Tone>> = Object.freeze({
  accepted: 'good',
  rejected: 'bad',
  quarantined: 'apart',
});

/** One receipt, made to be printed. */
export async function receiptPage({ t, api, params, language, now }: Visit): Promise<PageParts> {
  const says = t.receipt;
  const tenant = params.tenant_id!;
  const { data: receipt } = await api.get<ReceiptAnswer>(
    `/ingest/${tenant}/receipt/${encodeURIComponent(params.receipt_id!)}`,
  );
  const { status, doc_id, duplicate_of, reason, message, remediation } = receipt;
  const main = (
    <>
      {pageHead(says.title, says.says)}
      <section class="card">
        <h2 class="name">
          {name(receipt.original_filename)} {pill(TONES[status]!, says.statuses[status]!)}
        </h2>
        {reason === null ? null : (
          <article class="problem blocked">
            <h3>
              <span lang="en">{message}</span>
            </h3>
            <p class="kind">
              {says.reason} · {code(reason)}
            </p>
            <p class="mend">
              <b>{t.batch.mend}</b> <span lang="en">{remediation}</span>
            </p>
          </article>
        )}
        {facts([
          [says.title, copyable(t, receipt.receipt_id)],
          ['SHA-256', copyable(t, receipt.sha256)],
          [t.batches.received, wholeMoment(language, receipt.received_at, now)],
          [t.batches.by, name(receipt.submitted_by)],
          [says.type, <code>{receipt.mime_type}</code>],
          [says.size, size(receipt.size_bytes)],
          [says.scan, says.scans[receipt.scan_result]!],
          [says.batch, <a href={tenantPath(tenant, 'batches', receipt.batch_id)}>{name(receipt.batch_id)}</a>],
          doc_id === null
            ? null
            : [
                says.document,
                <a href={tenantPath(tenant, 'documents', doc_id)}>
                  <code>{doc_id}</code>
                </a>,
              ],
          duplicate_of === null
            ? null
            : [
                says.duplicateOf,
                <a href={tenantPath(tenant, 'receipts', duplicate_of)}>
                  <code>{duplicate_of}</code>
                </a>,
              ],
        ])}
      </section>
    </>
  );
  return { title: says.title, main, current: tenantPath(tenant, 'batches') };
}
