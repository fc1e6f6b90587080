import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { RejectBody, ReleaseBody } from '../../api/schemas/quarantine.ts';
import { auditEntry } from '../../audit/entry.ts';
import type { EventName } from '../../audit/events.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { QuarantineFilter } from '../../stores/record/port.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import { decide } from '../decisions/decide.ts';
import { quarantineEvidence } from '../decisions/evidence.ts';
import { inQuarantine, quarantineItem } from '../decisions/quarantine-entry.ts';
import { draftRejection, draftRelease } from '../decisions/release.ts';
import { answer, found } from './answer.ts';
import { download } from './download.ts';
import { recordRead } from './query.ts';

/** Routes of the quarantine (spec 2 C, 4). */
export const QUARANTINE_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async listQuarantine({ plane, query }) {
    const asked = query as unknown as PageQuery & QuarantineFilter;
    const { page: _page, limit, cursor: _cursor, ...filter } = asked;
    const { rows, total } = await plane.records.quarantined({ ...placeOf(asked), ...filter });
    return answer(rows.map(quarantineItem), {
      meta: listMeta(total, asked, { ...filter }, cursorOf(rows, limit, 'doc_id')),
    });
  },

  async quarantinedDocument({ plane, params, query }) {
    const { page, limit } = query as { page: number; limit: number };
    const row = found(await plane.records.document(params.doc_id!), 'document');
    return answer(await quarantineEvidence(plane, row, { limit, offset: (page - 1) * limit }));
  },

  async quarantinedBytes(context) {
    const { plane, params } = context;
    const row = found(await plane.records.document(params.doc_id!), 'document');
    if (inQuarantine(row).scope === 'chunks') {
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        'Only chunks of this document are in quarantine. Its file opens through its originals (what=raw).',
      );
    }
    const bytes = await plane.objects.size(row.storage_path);
    const source = await plane.objects.get(row.storage_path);
    try {
      await recordRead(context, row.doc_id, { what: 'quarantined_bytes' });
    } catch (error) {
      source.destroy();
      throw error;
    }
    return download(source, {
      filename: `${row.doc_id}.quarantined`,
      bytes,
      mayGoOn: async () => (await plane.records.document(row.doc_id)) !== null,
    });
  },

  async releaseQuarantine(context) {
    const { plane, params, caller, wake } = context;
    const body = context.body as ReleaseBody;
    const row = found(await plane.records.document(params.doc_id!), 'document');
    const at = plane.clock.iso();
    const { decision: release, chunks } = await draftRelease(plane, row, body, { by: caller.subject, at });
    const pii_action = inQuarantine(row).reason === 'PII_BLOCK_POLICY' ? (release.pii?.action ?? null) : null;
    const chunk_ids = chunks.map(({ chunk_id }) => chunk_id);
    const told = entry(context, 'QUARANTINE_RELEASED', row.doc_id, {
      reason: body.reason,
      quarantine_reason: inQuarantine(row).reason,
      released: release.scope,
      chunks: chunk_ids,
      hidden_texts: release.hidden_text.length - (row.release?.hidden_text.length ?? 0),
      pii_action,
    });
    const { state } = await decide(plane, { seen: row, set: { release }, restart: 'policy', entries: [told], at });
    wake();
    const { scope, released_by, released_at } = release;
    return answer({ doc_id: row.doc_id, released: scope, chunk_ids, pii_action, released_by, released_at, state });
  },

  async rejectQuarantine(context) {
    const { plane, params, caller } = context;
    const body = context.body as RejectBody;
    const row = found(await plane.records.document(params.doc_id!), 'document');
    const at = plane.clock.iso();
    const draft = await draftRejection(plane, row, body, { by: caller.subject, at });
    const { decision: rejection, chunks, rejected: chunks_rejected } = draft;
    const chunk_ids = chunks.map(({ chunk_id }) => chunk_id);
    const told = entry(context, 'QUARANTINE_REJECTED', row.doc_id, {
      reason: body.reason,
      quarantine_reason: inQuarantine(row).reason,
      rejected: rejection.scope,
      chunks: chunk_ids,
    });
    const set = { rejection };
    const { state } = await decide(plane, { seen: row, set, chunks_rejected, restart: null, entries: [told], at });
    const { scope, rejected_by, rejected_at } = rejection;
    return answer({ doc_id: row.doc_id, rejected: scope, chunk_ids, rejected_by, rejected_at, state });
  },
};

function entry({ plane, caller }: DataRequest, type: EventName, docId: string, adds: Record<string, unknown>) {
  const about = { tenant_id: plane.tenant_id, actor: caller.subject, resource_id: docId };
  return auditEntry(plane.clock, type, { ...about, adds });
}
