import type { UploadRecords, UploadRow, UploadSegment } from '../port.ts';
import { type Cell, UPLOADS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import type { RecordContext } from './context.ts';
import { appendEntries } from './events.ts';
import { readPage, tally } from './page.ts';

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
const EXTEND = `UPDATE uploads SET received = received + @bytes, pieces = pieces + 1, updated_at = @at,
    expires_at = @expires_at, state = CASE WHEN received + @bytes = length THEN 'finished' ELSE 'open' END
  WHERE upload_id = @upload_id AND state = 'open' AND received = @start AND received + @bytes <= length`;
const TAKE = `UPDATE uploads SET state = 'taken', batch_id = @batch_id, metadata = '{}', updated_at = @at
  WHERE upload_id = @upload_id AND state = 'finished'`;
const FOREIGN = `SELECT upload_id FROM uploads
  WHERE upload_id IN (SELECT value FROM json_each(?)) AND state = 'taken' AND batch_id <> ? ORDER BY upload_id`;
const END = `DELETE FROM uploads WHERE upload_id = @upload_id
  AND (state <> 'taken' OR @expired_at IS NOT NULL) AND (@expired_at IS NULL OR expires_at = @expired_at)`;
const SEGMENTS = 'SELECT start, bytes, object_key FROM upload_segments WHERE upload_id = ? ORDER BY start';
const COVERED = `SELECT min(start) AS start, max(start + bytes) AS stop, sum(bytes) AS bytes FROM upload_segments
  WHERE upload_id = @upload_id AND start < @start + @bytes AND start + bytes > @start`;
const INSERT_SEGMENT =
  'INSERT INTO upload_segments (upload_id, start, bytes, object_key) VALUES (@upload_id, @start, @bytes, @object_key)';
const DELETE_COVERED =
  'DELETE FROM upload_segments WHERE upload_id = @upload_id AND start >= @start AND start < @start + @bytes';
const DELETE_SEGMENTS = 'DELETE FROM upload_segments WHERE upload_id = ?';
const NAMED = `SELECT coalesce(sum(length), 0) AS bytes FROM uploads
  WHERE upload_id IN (SELECT value FROM json_each(?)) AND state <> 'taken'`;

/** Resumable uploads. */
export function uploadRecords(context: RecordContext): UploadRecords {
  const { db } = context;
  const read = (uploadId: string): UploadRow | null => {
    const cells = db.get<Record<string, Cell>>(SELECT, [uploadId]);
    return cells ? UPLOADS.decode(cells) : null;
  };
  return {
    createUpload: async (upload, { most, quota_bytes }, entries) =>
      db.write(() => {
        const { entries: there, bytes } = announced(context);
        if (there >= most) return 'too_many';
        if (tally(context, 'documents').bytes + bytes + upload.length > quota_bytes) return 'over_quota';
        const row: UploadRow = {
          ...upload,
          state: upload.length === 0 ? 'finished' : 'open',
          received: 0,
          pieces: 0,
          updated_at: upload.created_at,
          batch_id: null,
        };
        db.run(INSERT, UPLOADS.encode(row));
        appendEntries(context, entries);
        return 'created';
      }),
    upload: async (uploadId) => read(uploadId),
    uploads: async (page) =>
      db.read(() => ({
        rows: readPage(context, LIST, page, { 'u.state': page.state }).map(UPLOADS.decode),
        total: tally(context, 'uploads', page.state).entries,
      })),
    uploadSegments: async (uploadId) => db.all<UploadSegment>(SEGMENTS, [uploadId]),
    extendUpload: async (upload_id, segment, times) =>
      db.write(() => {
        const { start, bytes } = segment;
        if (db.run(EXTEND, { upload_id, start, bytes, ...times }) === 0) return null;
        db.run(INSERT_SEGMENT, { upload_id, ...segment });
        return read(upload_id);
      }),
    mergeSegments: async (upload_id, merged) =>
      db.write(() => {
        const { start, bytes } = merged;
        const covered = db.get<{ start: number; stop: number; bytes: number }>(COVERED, { upload_id, start, bytes });
        if (covered?.start !== start || covered.stop !== start + bytes || covered.bytes !== bytes) return false;
        db.run(DELETE_COVERED, { upload_id, start, bytes });
        db.run(INSERT_SEGMENT, { upload_id, ...merged });
        return true;
      }),
    endUpload: async (upload_id, entries, expired_at) => {
      const ended = db.write(() => {
        if (db.run(END, { upload_id, expired_at: expired_at ?? null }) === 0) return false;
        appendEntries(context, entries);
        return true;
      });
      // Its file's name goes with it.
      if (ended) db.forget();
      return ended;
    },
    expiredUploads: async (at, limit) => db.all<Record<string, Cell>>(EXPIRED, [at, limit]).map(UPLOADS.decode),
    announcedBytes: async (except) =>
      db.read(() => {
        const named = db.get<{ bytes: number }>(NAMED, [JSON.stringify(except)])?.bytes ?? 0;
        return announced(context).bytes - named;
      }),
  };
}

/** What uploads that no batch has taken announce. O(1). */
export function announced(context: RecordContext): { entries: number; bytes: number } {
  const [open, finished] = [tally(context, 'uploads', 'open'), tally(context, 'uploads', 'finished')];
  return { entries: open.entries + finished.entries, bytes: open.bytes + finished.bytes };
}

/** Those of the named uploads that another batch has taken. */
export function takenByOthers({ db }: RecordContext, batchId: string, uploadIds: readonly string[]): string[] {
  return db.all<{ upload_id: string }>(FOREIGN, [JSON.stringify(uploadIds), batchId]).map(({ upload_id }) => upload_id);
}

/**
 * Notes that a batch has the named uploads, and forgets which objects hold them, and their names. What is gone already is
 * left out. Returns how many it has now.
 */
export function takeUploads({ db }: RecordContext, batchId: string, uploadIds: readonly string[], at: string): number {
  let taken = 0;
  for (const upload_id of uploadIds) {
    if (db.run(TAKE, { upload_id, batch_id: batchId, at }) === 0) continue;
    db.run(DELETE_SEGMENTS, [upload_id]);
    taken += 1;
  }
  return taken;
}
