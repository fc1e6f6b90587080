import { auditEntry } from '../../audit/entry.ts';
import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { ReindexRow } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'clock'>;
type Told = Pick<ReindexRow, 'reindex_id' | 'embed_model' | 'embed_version'>;

export function startedEntry(plane: Plane, request: Told & Pick<ReindexRow, 'reason' | 'requested_by'>): AuditEntry {
  return auditEntry(plane.clock, 'REINDEX_STARTED', {
    ...about(plane, request.requested_by),
    adds: { ...told(request), reason: request.reason },
  });
}

export function switchedEntry(plane: Plane, row: ReindexRow): AuditEntry {
  return auditEntry(plane.clock, 'REINDEX_SWITCHED', {
    ...about(plane, row.requested_by),
    adds: { ...told(row), documents: row.documents_done, chunks: row.chunks_done },
  });
}

export function cancelledEntry(
  plane: Plane,
  row: ReindexRow,
  { by, error_code }: { by: string; error_code: string | null },
): AuditEntry {
  return auditEntry(plane.clock, 'REINDEX_CANCELLED', {
    ...about(plane, by),
    ...(error_code === null ? {} : { status: 'failure' as const }),
    adds: {
      ...told(row),
      documents: row.documents_done,
      chunks: row.chunks_done,
      ...(error_code === null ? {} : { error_code }),
    },
  });
}

function told({ reindex_id, embed_model, embed_version }: Told): Record<string, unknown> {
  return { reindex_id, embed_model, embed_version };
}

function about({ tenant_id }: Plane, actor: string) {
  return { tenant_id, actor, resource_type: 'tenant' as const, resource_id: tenant_id };
}
