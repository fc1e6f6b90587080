import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { DeletionReceipt } from '../../api/schemas/query.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { ErasureRow } from '../../stores/record/rows.ts';
import type { DataRoute } from '../app.ts';
import { eraseDocument } from '../erasure/erase-document.ts';
import { answer, found } from './answer.ts';

/** Routes of erasing documents and of deletion receipts (spec 3, 4). */
export const ERASURE_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async eraseDocument({ plane, params, body, caller }) {
    const { reason, confirm_doc_id } = body as { reason: string; confirm_doc_id: string };
    if (confirm_doc_id !== params.doc_id) {
      throw new FrostbyteError('CONFIRMATION_MISMATCH', 'Erasing a document must be confirmed by its id.', {
        details: [{ field: 'confirm_doc_id', constraint: 'must be the document id of the path' }],
      });
    }
    const erasure = await eraseDocument(plane, {
      doc_id: params.doc_id!,
      cause: 'request',
      reason,
      requested_by: caller.subject,
    });
    return answer(deletionReceipt(plane.tenant_id, erasure));
  },

  async listErasures({ plane, query }) {
    const page = query as unknown as PageQuery & { doc_id?: string };
    const { doc_id } = page;
    const { rows, total } = await plane.records.erasures({
      ...placeOf(page),
      ...(doc_id === undefined ? {} : { doc_id }),
    });
    return answer(
      rows.map((row) => deletionReceipt(plane.tenant_id, row)),
      { meta: listMeta(total, page, { doc_id }, cursorOf(rows, page.limit, 'deletion_receipt_id')) },
    );
  },

  async erasure({ plane, params }) {
    const erasure = found(await plane.records.erasure(params.deletion_receipt_id!), 'deletion receipt');
    return answer(deletionReceipt(plane.tenant_id, erasure));
  },
};

const VERIFIED = ['objects', 'vectors', 'rows', 'full_text', 'dead_letters', 'queue', 'journals'] as const;

function deletionReceipt(tenant_id: string, erasure: ErasureRow): DeletionReceipt {
  const { decided_at: _, run: __, inventory, removed, verified, ...row } = erasure;
  return {
    ...row,
    tenant_id,
    removed: { objects: 0, object_bytes: 0, vectors: 0, ...inventory, ...removed },
    verified: Object.fromEntries(
      VERIFIED.map((name) => [name, verified.includes(name)]),
    ) as DeletionReceipt['verified'],
  };
}
