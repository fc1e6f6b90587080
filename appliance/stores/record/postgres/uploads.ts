import type { Statements } from '../../postgres/connection.ts';
import type { UploadRecords, UploadRow, UploadSegment } from '../port.ts';
import { UPLOADS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';
import { readPage, tally } from './page.ts';
import { allRows, getRow } from './rows.ts';

const LIST: ListShape = {
  from: 'uploads u',
  select: UPLOADS.select('u'),
  order: ['u.created_at', 'u.upload_id'],
  // One that is gone leaves its place to the next younger one, which ids, being UUID v7, lead to; else the list's head.
  cursor: `SELECT created_at, upload_id FROM
    (SELECT created_at, upload_id FROM uploads WHERE upload_id >= ? ORDER BY upload_id LIMIT 1) younger
    UNION ALL SELECT '9999-12-31T23:59:59.999Z', '' ORDER BY 1 LIMIT 1`,
};
const SELECT = `SELECT ${UPLOADS.select('u')} FROM uploads u WHERE u.upload_id = ?`;
const INSERT = UPLOADS.insert('uploads');
const EXPIRED = `SELECT ${UPLOADS.select('u')} FROM uploads u WHERE u.expires_at <= ?
  ORDER BY u.expires_at, u.upload_id LIMIT ?`;
const EXTEND = `UPDATE uploads SET received = received + @bytes::bigint, pieces = pieces + 1, updated_at = @at,
    expires_at = @expires_at, state = CASE WHEN received + @bytes::bigint = length THEN 'finished' ELSE 'open' END
  WHERE upload_id = @upload_id AND state = 'open' AND received = @start::bigint
    AND received + @bytes::bigint <= length`;
const TAKE = `UPDATE uploads SET state = 'taken', batch_id = @batch_id, metadata = '{}', updated_at = @at
  WHERE upload_id = ANY (@ids::text[]) AND state = 'finished' RETURNING upload_id`;
const FOREIGN = `SELECT upload_id FROM uploads
  WHERE upload_id = ANY (@ids::text[]) AND state = 'taken' AND batch_id <> @batch_id ORDER BY upload_id`;
const END = "DELETE FROM uploads WHERE upload_id = @upload_id AND state <> 'taken'";
const END_EXPIRED = 'DELETE FROM uploads WHERE upload_id = @upload_id AND expires_at = @expired_at';
const SEGMENTS = 'SELECT start, bytes, object_key FROM upload_segments WHERE upload_id = ? ORDER BY start';
const COVERED = `SELECT min(start) AS start, max(start + bytes) AS stop, sum(bytes)::bigint AS bytes FROM upload_segments
  WHERE upload_id = @upload_id AND start < @start::bigint + @bytes::bigint AND start + bytes > @start::bigint`;
const INSERT_SEGMENT =
  'INSERT INTO upload_segments (upload_id, start, bytes, object_key) VALUES (@upload_id, @start, @bytes, @object_key)';
const DELETE_COVERED = `DELETE FROM upload_segments
  WHERE upload_id = @upload_id AND start >= @start::bigint AND start < @start::bigint + @bytes::bigint`;
const DELETE_SEGMENTS = 'DELETE FROM upload_segments WHERE upload_id = ANY (@ids::text[])';
const NAMED = `SELECT coalesce(sum(length), 0)::bigint AS bytes FROM uploads
  WHERE upload_id = ANY (@ids::text[]) AND state <> 'taken'`;

/** Resumable uploads. */
export function uploadRecords(context: RecordContext): UploadRecords {
  const { db } = context;
  const read = (tx: Statements, uploadId: string) => getRow(tx, UPLOADS, SELECT, [uploadId]);
  return {
    createUpload: (upload, { most, quota_bytes }, entries) =>
      inTurn(context, async (change) => {
        const { entries: there, bytes } = await announced(change);
        if (there >= most) return 'too_many';
        if ((await tally(change, 'documents')).bytes + bytes + upload.length > quota_bytes) return 'over_quota';
        const row: UploadRow = {
          ...upload,
          state: upload.length === 0 ? 'finished' : 'open',
          received: 0,
          pieces: 0,
          updated_at: upload.created_at,
          batch_id: null,
        };
        await change.run(INSERT, UPLOADS.encode(row));
        change.tell(entries);
        return 'created';
      }),
    upload: (uploadId) => read(db, uploadId),
    uploads: (page) =>
      db.read(async (tx) => ({
        rows: (await readPage(tx, LIST, page, { 'u.state': page.state })).map(UPLOADS.decode),
        total: (await tally(tx, 'uploads', page.state)).entries,
      })),
    uploadSegments: (uploadId) => db.all<UploadSegment>(SEGMENTS, [uploadId]),
    extendUpload: (upload_id, segment, times) =>
      inTurn(context, async (change) => {
        const { start, bytes } = segment;
        if ((await change.run(EXTEND, { upload_id, start, bytes, ...times })) === 0) return null;
        await change.run(INSERT_SEGMENT, { upload_id, ...segment });
        return read(change, upload_id);
      }),
    mergeSegments: (upload_id, merged) =>
      inTurn(context, async (change) => {
        const { start, bytes } = merged;
        const covered = await change.get<{ start: number | null; stop: number; bytes: number }>(COVERED, {
          upload_id,
          start,
          bytes,
        });
        if (covered?.start !== start || covered.stop !== start + bytes || covered.bytes !== bytes) return false;
        await change.run(DELETE_COVERED, { upload_id, start, bytes });
        await change.run(INSERT_SEGMENT, { upload_id, ...merged });
        return true;
      }),
    endUpload: (upload_id, entries, expired_at) =>
      inTurn(context, async (change) => {
        const gone =
          expired_at === undefined
            ? await change.run(END, { upload_id })
            : await change.run(END_EXPIRED, { upload_id, expired_at });
        if (gone === 0) return false;
        change.owe('uploads');
        change.tell(entries);
        return true;
      }),
    expiredUploads: (at, limit) => allRows(db, UPLOADS, EXPIRED, [at, limit]),
    announcedBytes: (except) =>
      db.read(async (tx) => {
        const named = (await tx.get<{ bytes: number }>(NAMED, { ids: except }))?.bytes ?? 0;
        return (await announced(tx)).bytes - named;
      }),
  };
}

/** What uploads that no batch has taken announce. O(1). */
export async function announced(tx: Statements): Promise<{ entries: number; bytes: number }> {
  const open = await tally(tx, 'uploads', 'open');
  const finished = await tally(tx, 'uploads', 'finished');
  return { entries: open.entries + finished.entries, bytes: open.bytes + finished.bytes };
}

/** Those of the named uploads that another batch has taken. */
export async function takenByOthers(tx: Statements, batch_id: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  return (await tx.all<{ upload_id: string }>(FOREIGN, { ids, batch_id })).map(({ upload_id }) => upload_id);
}

/** Notes that a batch has the named uploads, and forgets which objects hold them. What is gone already is left out. */
export async function takeUploads(change: Change, batch_id: string, ids: readonly string[], at: string): Promise<void> {
  if (ids.length === 0) return;
  const taken = await change.all<{ upload_id: string }>(TAKE, { ids, batch_id, at });
  await change.run(DELETE_SEGMENTS, { ids: taken.map(({ upload_id }) => upload_id) });
  if (taken.length > 0) change.owe('uploads');
}
