import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DEFAULT_TENANT_CONFIG, type TenantConfig } from '../../appliance/api/tenant-config.ts';
import { noScanner } from '../../appliance/data/1-intake/clamd.ts';
import type { IntakePlane } from '../../appliance/data/1-intake/receive-batch.ts';
import type { Scanner } from '../../appliance/data/plane.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { sealObjects } from '../../appliance/secrets/sealed-objects.ts';
import { openFilesystemObjects } from '../../appliance/stores/object/filesystem.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';
import type { RecordStore } from '../../appliance/stores/record/port.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

/** A tenant's intake over real stores in a temporary folder, and batches made by hand. */
export interface IntakeWorld {
  plane: Omit<IntakePlane, 'clock'> & { clock: ManualClock };
  folder: string;
  objects: ObjectStore;
  records: RecordStore;
  settings: TenantConfig;
  keys(prefix?: string): Promise<string[]>;
  end(): Promise<void>;
}

const silent = new Proxy({}, { get: () => () => undefined });

export async function intakeWorld(
  options: { config?: Partial<TenantConfig>; scanner?: Scanner } = {},
): Promise<IntakeWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-'));
  const clock = manualClock();
  const { identity, recipient } = await makeKeyPair();
  const objects = sealObjects(openFilesystemObjects(join(folder, 'objects')), async () => ({
    recipient,
    identities: [identity],
    recipients: [recipient],
  }));
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: 'acme', clock });
  const settings = { ...DEFAULT_TENANT_CONFIG, ...options.config };
  return {
    folder,
    objects,
    records,
    settings,
    plane: {
      tenant_id: 'acme',
      objects,
      records,
      scanner: options.scanner ?? noScanner(),
      clock,
      logger: silent as IntakePlane['logger'],
      meter: silent as IntakePlane['meter'],
      config: async () => ({ config: settings, config_version: 1 }),
    },
    async keys(prefix = '') {
      const found: string[] = [];
      for await (const { key } of objects.list(prefix)) found.push(key);
      return found;
    },
    async end() {
      await records.close();
      await rm(folder, { recursive: true });
    },
  };
}

export interface GivenFile {
  file_id: string;
  filename: string;
  mime_type?: string;
  content: string | Uint8Array;
  claim?: Record<string, unknown>;
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

export function manifestOf(files: GivenFile[], extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    batch_id: 'batch-1',
    tenant_id: 'acme',
    file_count: files.length,
    files: files.map(({ file_id, filename, mime_type = 'text/plain', content, claim }) => ({
      file_id,
      filename,
      mime_type,
      size_bytes: Buffer.from(content as string).length,
      sha256: sha256(content),
      ...claim,
    })),
    ...extra,
  };
}

export interface GivenPart {
  name: string;
  filename?: string;
  content: string | Uint8Array;
}

export const BOUNDARY = 'boundary-7d1';

/** A multipart body; with `cut` without its closing boundary. */
export function bodyOf(parts: GivenPart[]): Buffer {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    ),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

export const manifestPart = (manifest: unknown): GivenPart => ({ name: 'manifest', content: JSON.stringify(manifest) });
export const partOf = ({ file_id, filename, content }: GivenFile): GivenPart => ({ name: file_id, filename, content });

/** A request of these bytes, in chunks of `size`. */
export function requestOf(body: Buffer, size = 65_536) {
  const chunks = function* () {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
  };
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Readable.from(chunks(), { objectMode: false }),
    submitted_by: 'dana',
  };
}

/** Manifest first, then the files. */
export function batchRequest(files: GivenFile[], extra: Record<string, unknown> = {}) {
  return requestOf(bodyOf([manifestPart(manifestOf(files, extra)), ...files.map(partOf)]));
}
