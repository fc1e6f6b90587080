import { newId } from '../../appliance/kernel/ids.ts';
import type { RecordStore } from '../../appliance/stores/record/port.ts';
import { arrival, entry, idOf, minute, TENANT } from '../../test/contract/record/builders.ts';

/** What people asked for in their thousands: resumable uploads, deletion receipts, requests to run documents again. */
export async function fillRequests(records: RecordStore, entries: number): Promise<void> {
  await fillUploads(records, entries);
  await fillErasures(records, entries);
  await fillReprocesses(records, entries);
}

async function fillUploads(records: RecordStore, entries: number): Promise<void> {
  const limits = { most: entries, quota_bytes: Number.MAX_SAFE_INTEGER };
  for (let n = 0; n < entries; n++) {
    const upload_id = newId();
    const upload = { upload_id, length: 9, metadata: { filename: `scan ${n}.pdf` }, submitted_by: 'dana' };
    await records.createUpload({ ...upload, created_at: minute(n % 5000), expires_at: minute(9000) }, limits, []);
  }
}

/** An erasure blanks a name in the manifests that brought the document: of small batches that is soon done. */
const SMALL_BATCH = 50;

async function fillErasures(records: RecordStore, entries: number): Promise<void> {
  for (let at = 0; at < entries; at += SMALL_BATCH) {
    const brought = Array.from({ length: Math.min(SMALL_BATCH, entries - at) }, (_, n) => `gone ${at + n}`);
    const manifest = brought.map((content, n) => ({ file_id: `g${n}`, content }));
    await records.receive(arrival(`gone-${at}`, manifest, { at: minute(8000) }));
    for (const content of brought) {
      const intent = {
        deletion_receipt_id: newId(),
        doc_id: idOf(content),
        cause: 'request',
        reason: 'asked',
      } as const;
      await records.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(8001) });
      await records.decideErasure(intent.deletion_receipt_id, minute(8002));
      const end = { verified: ['rows'], entries: () => [], at: minute(8003) };
      await records.completeErasure(intent.deletion_receipt_id, end);
    }
  }
}

async function fillReprocesses(records: RecordStore, entries: number): Promise<void> {
  for (let n = 0; n < entries; n++) {
    const reprocess_id = newId();
    await records.startReprocess({
      reprocess_id,
      scope: 'below',
      doc_id: null,
      batch_id: null,
      below: { parser_version: '9.9' },
      from_stage: 'policy',
      reason: 'new rules',
      requested_by: 'dana',
      requested_at: minute(8004),
      config_version: 1,
      config: {},
      entry: entry('REPROCESS_STARTED', 'tenant', TENANT),
    });
  }
}
