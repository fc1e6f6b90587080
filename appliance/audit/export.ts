import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { newId, TENANT_ID } from '../kernel/ids.ts';
import type { AuditLog, LoggedEvent } from '../stores/log/port.ts';

/**
 * Exports of a log range as JSON Lines or CSV (spec 5, "Export"): one whole event a line, written as a stream, with a
 * manifest beside it. A download lives 24 hours; then the file goes, whether anybody fetched it or not.
 */
export interface AuditExports {
  /** Starts an export and answers at once; `done` is told the figures before the export counts as ready. */
  start(
    logId: string,
    log: ExportedLog,
    request: ExportRequest,
    done: (result: ExportDone) => Promise<void>,
  ): Promise<ExportRecord>;
  /** Throws `RESOURCE_NOT_FOUND`. */
  status(logId: string, exportId: string): Promise<ExportRecord>;
  /** Throws `RESOURCE_NOT_FOUND` for one that is not ready, or has expired. */
  download(logId: string, exportId: string): Promise<ExportFile>;
  /** What `audit_export_manifest.json` says of the file (spec 5). Throws as `download` does. */
  manifest(logId: string, exportId: string): Promise<string>;
  /** Removes expired exports, and failed ones after the same time. */
  sweep(): Promise<void>;
}

/** What an export reads of a log. */
export type ExportedLog = Pick<AuditLog, 'size' | 'range'>;

export interface ExportRequest {
  from?: string;
  to?: string;
  format: 'jsonl' | 'csv';
  event_types?: string[];
  include_details: boolean;
}

export interface ExportRecord {
  export_id: string;
  tenant_id: string;
  status: 'pending' | 'ready' | 'expired' | 'failed';
  format: 'jsonl' | 'csv';
  from: string | null;
  to: string | null;
  event_count: number | null;
  file_sha256: string | null;
  exported_at: string | null;
  expires_at: string | null;
  download: string | null;
}

/** A finished export on its way out. */
export interface ExportFile {
  stream: ReadableStream<Uint8Array>;
  filename: string;
  contentType: string;
  bytes: number;
}

export interface ExportDone {
  export_id: string;
  adds: Record<string, unknown>;
}

const LIFETIME_MS = 24 * 60 * 60 * 1000;
const MANIFEST = 'audit_export_manifest.json';
const COLUMNS = [
  'log_index',
  'event_id',
  'tenant_id',
  'event_type',
  'timestamp',
  'actor',
  'resource_type',
  'resource_id',
  'previous_event_id',
  'details',
] as const;

/** Exports below `folder`, a folder a log and export. */
export function createAuditExports(folder: string, clock: Clock): AuditExports {
  /** Exports that this process writes; a pending one that it does not know broke off with another process. */
  const writing = new Set<string>();
  const place = (logId: string, exportId: string) => {
    if (!(TENANT_ID.test(logId) || logId === '_appliance') || !/^[0-9a-f-]{36}$/.test(exportId)) throw missing();
    return join(folder, logId, exportId);
  };
  const save = async (at: string, record: ExportRecord) => {
    await writeFile(join(at, 'export.tmp'), JSON.stringify(record), { mode: 0o600 });
    await rename(join(at, 'export.tmp'), join(at, 'export.json'));
  };
  const load = async (logId: string, exportId: string): Promise<ExportRecord> => {
    // Asked before the file is read: between the two an export may come to its end, never begin.
    const isOurs = writing.has(exportId);
    const text = await readFile(join(place(logId, exportId), 'export.json'), 'utf8').catch(() => {
      throw missing();
    });
    const record = JSON.parse(text) as ExportRecord;
    if (record.status === 'ready' && Date.parse(record.expires_at!) <= clock.now())
      return { ...record, status: 'expired', download: null };
    return record.status === 'pending' && !isOurs ? { ...record, status: 'failed' } : record;
  };
  const isOver = async (at: string, { status }: ExportRecord) =>
    status === 'expired' ||
    (status === 'failed' && (await stat(join(at, 'export.json'))).mtimeMs + LIFETIME_MS <= clock.now());

  return {
    async start(logId, log, request, done) {
      const export_id = newId();
      const at = place(logId, export_id);
      await mkdir(at, { recursive: true, mode: 0o700 });
      const bounds = {
        from: request.from === undefined ? null : edge(request.from, '00:00:00.000'),
        to: request.to === undefined ? null : edge(request.to, '23:59:59.999'),
      };
      const pending: ExportRecord = {
        export_id,
        tenant_id: logId,
        status: 'pending',
        format: request.format,
        ...bounds,
        event_count: null,
        file_sha256: null,
        exported_at: null,
        expires_at: null,
        download: null,
      };
      writing.add(export_id);
      await save(at, pending);
      void write(at, log, request, bounds)
        .then(async ({ event_count, file_sha256 }) => {
          const exported_at = clock.iso();
          const ready: ExportRecord = {
            ...pending,
            status: 'ready',
            event_count,
            file_sha256,
            exported_at,
            expires_at: new Date(clock.now() + LIFETIME_MS).toISOString(),
            download: `/api/v1/audit/${logId}/export/${export_id}/download`,
          };
          await writeFile(
            join(at, MANIFEST),
            JSON.stringify(
              { tenant_id: logId, ...bounds, event_count, file_sha256, exported_at, format: request.format },
              null,
              2,
            ),
            { mode: 0o600 },
          );
          await done({ export_id, adds: { ...bounds, event_count, format: request.format, file_sha256 } });
          await save(at, ready);
        })
        .catch((error: unknown) => save(at, { ...pending, status: 'failed' }).catch(() => ignore(error)))
        .finally(() => writing.delete(export_id));
      return pending;
    },

    status: load,

    async download(logId, exportId) {
      const record = await load(logId, exportId);
      if (record.status !== 'ready') throw missing();
      const path = join(place(logId, exportId), 'events');
      const { size } = await stat(path);
      const name = `audit_export_${logId}_${(record.from ?? 'start').slice(0, 10)}_${(record.to ?? record.exported_at!).slice(0, 10)}.${record.format}`;
      return {
        stream: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
        filename: name,
        contentType: record.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8',
        bytes: size,
      };
    },

    async manifest(logId, exportId) {
      const { status } = await load(logId, exportId);
      if (status !== 'ready') throw missing();
      return readFile(join(place(logId, exportId), MANIFEST), 'utf8');
    },

    async sweep() {
      for (const logId of await readdir(folder).catch(() => [])) {
        for (const exportId of await readdir(join(folder, logId)).catch(() => [])) {
          const record = await load(logId, exportId).catch((error: unknown) =>
            isFrostbyteError(error) ? null : Promise.reject(error),
          );
          const at = join(folder, logId, exportId);
          if (record && (await isOver(at, record))) await rm(at, { recursive: true, force: true });
        }
      }
    },
  };
}

/** Streams matching events into `events`; memory does not grow with the log. */
async function write(
  at: string,
  log: ExportedLog,
  request: ExportRequest,
  bounds: { from: string | null; to: string | null },
) {
  const wanted = request.event_types ? new Set(request.event_types) : null;
  const out = createWriteStream(join(at, 'events'), { mode: 0o600 });
  const failed = once(out, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const hash = createHash('sha256');
  const emit = async (line: string) => {
    hash.update(line);
    if (!out.write(line)) await Promise.race([once(out, 'drain'), failed]);
  };
  if (request.format === 'csv') await emit(`${COLUMNS.join(',')}\r\n`);
  let event_count = 0;
  for await (const event of log.range(0, await log.size())) {
    if (bounds.from !== null && event.timestamp < bounds.from) continue;
    if (bounds.to !== null && event.timestamp > bounds.to) continue;
    if (wanted && !wanted.has(event.event_type)) continue;
    await emit(
      request.format === 'csv' ? csvLine(event, request.include_details) : jsonLine(event, request.include_details),
    );
    event_count += 1;
  }
  out.end();
  await Promise.race([once(out, 'close'), failed]);
  return { event_count, file_sha256: hash.digest('hex') };
}

function jsonLine({ references: _references, details, ...event }: LoggedEvent, withDetails: boolean): string {
  return `${JSON.stringify(withDetails ? { ...event, details } : event)}\n`;
}

function csvLine(event: LoggedEvent, withDetails: boolean): string {
  const cells = COLUMNS.map((name) =>
    name === 'details' ? (withDetails ? JSON.stringify(event.details) : '') : String(event[name] ?? ''),
  );
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Quoted where needed; a leading formula sign is disarmed, since these files are opened in spreadsheets. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function edge(value: string, time: string): string {
  return new Date(value.length === 10 ? `${value}T${time}Z` : value).toISOString();
}

function missing(): FrostbyteError {
  return new FrostbyteError(
    'RESOURCE_NOT_FOUND',
    'There is no such export, or it is not ready, or its 24 hours are over.',
  );
}

/** The export is marked failed on disk where possible; there is nobody left to tell. */
function ignore(_error: unknown): void {}
