import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest, ManifestFile } from '../api/manifest.ts';
import type { UploadAnswer } from '../api/schemas/uploads.ts';
import { type FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import type { Client } from './client.ts';
import { type Progress, printable } from './output.ts';
import { type SendOptions, sendResumable } from './send-resumable.ts';

/** From this size on a file is sent as a resumable upload; a smaller one is sent again faster than it is asked about. */
const RESUMABLE_FROM = 8 << 20;
/** Of a file that is larger than the tenant takes: enough to tell its type, so that its refusal says the right thing. */
const HEAD_BYTES = 64 << 10;
const MIB = 1 << 20;
const LONGEST_PAUSE_S = 64;

export interface LargeOptions extends Pick<SendOptions, 'pause'> {
  /** Shows how much of the large files is over, in MiB. */
  progress?: (total: number) => Progress;
  /** Bytes from which on a file is sent resumably. */
  resumableFrom?: number;
}

/**
 * Sends the large ones of a batch's files ahead as resumable uploads, one after another, and answers their upload ids by
 * file id. What an earlier try left there is gone on with. A file larger than the tenant takes is left out, and cut to
 * what a part needs to be refused properly.
 */
export async function sendLarge(
  api: Client,
  manifest: Manifest,
  files: (ManifestFile & { path: string; blob: Blob })[],
  { progress, resumableFrom = RESUMABLE_FROM, ...options }: LargeOptions = {},
): Promise<Map<string, { upload_id: string }>> {
  const uploads = new Map<string, { upload_id: string }>();
  const large = files.filter(({ size_bytes }) => size_bytes >= resumableFrom);
  if (large.length === 0) return uploads;
  const { tenant_id, batch_id } = manifest;
  const known = await api.all<UploadAnswer>(`/ingest/${tenant_id}/uploads`);
  const total = large.reduce((sum, { blob }) => sum + blob.size, 0);
  const shown = progress?.(Math.ceil(total / MIB));
  let before = 0;
  for (const file of large) {
    const { path, file_id, filename, mime_type, sha256, blob } = file;
    const metadata = { filename, filetype: mime_type, batch_id, file_id, sha256 };
    const sent = (offset: number) => shown?.update(Math.floor((before + offset) / MIB), printable(filename));
    try {
      const resumable = { path, size: blob.size, metadata };
      uploads.set(file_id, { upload_id: await sendResumable(api, tenant_id, resumable, known, { ...options, sent }) });
    } catch (error) {
      if (!isFrostbyteError(error, 'PAYLOAD_TOO_LARGE')) throw error;
      file.blob = blob.slice(0, HEAD_BYTES, mime_type);
    }
    before += blob.size;
  }
  shown?.end();
  return uploads;
}

/** Tries again, with growing pauses, what may be sent twice: the same batch goes on, or gives the same receipt. */
export async function patiently<T>(
  send: (again: boolean) => Promise<T>,
  { pause = (seconds) => sleep(seconds * 1000) }: Pick<SendOptions, 'pause'>,
): Promise<T> {
  for (let wait = 1; ; wait *= 2) {
    try {
      return await send(wait > 1);
    } catch (error) {
      const mayPass = isFrostbyteError(error) && error.kind === 'later';
      if (!mayPass || wait > LONGEST_PAUSE_S) throw error;
      await pause((error as FrostbyteError).retryAfter ?? wait);
    }
  }
}
